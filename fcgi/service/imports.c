/*
 * service/imports.c - see service/imports.h.
 */
#include "service/imports.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "service/import_file.h"
#include "service/import_options.h"
#include "store/lists.h"

#define MOST_JOBS         4                                     /* at once, in one process */
#define MOST_OF_A_TENANT  2
#define BATCHES           3                                     /* one is written, one is read, one waits */
#define DATABASE_TRIES    30                                    /* a second apart */
#define LOOK_MS           100                                   /* at an import of the same bytes elsewhere */

const struct shape import_shape = SHAPE(struct import, "import",
    FIELD(struct import, import_id, OUT | ALWAYS),
    FIELD(struct import, state, OUT | ALWAYS, .about = "running, done or failed"),
    FIELD(struct import, file, OUT, .about = "its name, as whoever sent it says"),
    FIELD(struct import, bytes, OUT, .about = "of the text in UTF-8"),
    FIELD(struct import, bytes_done, OUT),
    FIELD(struct import, rows, OUT),
    FIELD(struct import, imported, OUT),
    FIELD(struct import, updated, OUT),
    FIELD(struct import, skipped, OUT, .about = "policy skip: rows whose lead was there already"),
    FIELD(struct import, refused, OUT),
    FIELD(struct import, refused_url, OUT | ALWAYS),
    FIELD(struct import, encoding, OUT),
    FIELD(struct import, list_id, OUT),
    FIELD(struct import, reason, OUT, .about = "why it failed"),
    FIELD(struct import, created_at, OUT | ALWAYS),
    FIELD(struct import, ended_at, OUT));

const struct shape import_refusal_shape = SHAPE(struct import_refusal, "refused row",
    FIELD(struct import_refusal, line, OUT),
    FIELD(struct import_refusal, field, OUT),
    FIELD(struct import_refusal, code, OUT),
    FIELD(struct import_refusal, reason, OUT),
    FIELD(struct import_refusal, row_text, OUT));

struct import_job {
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    int             holders;                                    /* the thread and whoever waits */
    bool            begun, ended;
    struct arena   *arena;                                      /* lives as long as the job */
    struct arena   *turn_arena;                                 /* of one batch's statement */
    struct ctx      ctx;                                        /* of the thread */
    const char     *folder;
    struct import_options options;
    struct import_bytes   bytes;
    struct import_text    text;
    enum encoding   encoding;
    struct import_source  source;
    struct uuid     resumed;                                    /* the keeper goes on with this one; none: somebody has sent the bytes */
    const char     *sha256;                                     /* of the bytes as sent */
    struct import   import;
    struct err     *err;                                        /* in arena */

    /* between reader and writer, under lock: batches filled and batches written, so far */
    struct import_batch *batch[BATCHES];
    uint64_t        filled, written;
    bool            read_to_the_end, gave_up;
};

/* ---- places ---- */

static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;
static struct uuid places[MOST_JOBS];                           /* tenants at work; none: free */

static bool take_place(struct uuid tenant)
{
    int free_place = -1, own = 0;

    pthread_mutex_lock(&places_lock);
    for (int i = 0; i < MOST_JOBS; i++) {
        if (uuid_is_none(places[i]))
            free_place = i;
        own += uuid_equal(places[i], tenant);
    }
    bool good = free_place >= 0 && own < MOST_OF_A_TENANT;
    if (good)
        places[free_place] = tenant;
    pthread_mutex_unlock(&places_lock);
    return good;
}

static void leave_place(struct uuid tenant)
{
    pthread_mutex_lock(&places_lock);
    for (int i = 0; i < MOST_JOBS; i++)
        if (uuid_equal(places[i], tenant)) {
            places[i] = (struct uuid){ 0 };
            break;
        }
    pthread_mutex_unlock(&places_lock);
}

/* ---- reading ---- */

/* The next batch to fill, NULL when nobody wants more. */
static struct import_batch *next_to_fill(struct import_job *job)
{
    pthread_mutex_lock(&job->lock);
    while (job->filled - job->written == BATCHES && !job->gave_up)
        pthread_cond_wait(&job->changed, &job->lock);
    struct import_batch *b = job->gave_up ? NULL : job->batch[job->filled % BATCHES];
    pthread_mutex_unlock(&job->lock);
    return b;
}

static void hand_over(struct import_job *job, bool last)
{
    pthread_mutex_lock(&job->lock);
    job->filled++;
    job->read_to_the_end = last;
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
}

static void *read_all(void *data)
{
    struct import_job *job = data;
    const struct import_text *t = &job->text;
    size_t at = (size_t)job->import.bytes_done;
    struct csv_reader *reader = csv_reader_make(t->bytes, t->size, t->head.delimiter, at, csv_count_lines(t->bytes, at) + 1);
    struct csv_row row;
    struct import_batch *b;
    bool more = true;

    while (more && (b = next_to_fill(job))) {
        import_batch_clear(b, (int64_t)at);
        while (!import_batch_full(b) && (more = csv_reader_next(reader, b->arena, &row))) {
            import_batch_add(b, t, &row);
            at = row.end;
            b->to = (int64_t)at;
        }
        import_bytes_forget(&job->bytes, at);
        hand_over(job, !more);
    }
    csv_reader_destroy(reader);
    return NULL;
}

/* ---- writing ---- */

static struct param column(const char *const *items, size_t count, bool any)
{
    return param_array(items, any ? count : 0);
}

struct turn { struct import_job *job; const struct import_batch *batch; };

static fallible write_batch(struct ctx *ctx, void *data)
{
    const struct turn *turn = data;
    const struct import_job *job = turn->job;
    const struct import_batch *b = turn->batch;
    bool strict = job->text.policy == IMPORT_REFUSE;
    struct rows rows;

    TRY(db_rows(ctx, SQL_IMPORT_BATCH, &rows,
                P(job->import.import_id, import_policy_name(job->text.policy), job->import.list_id, param_array(b->id, b->count),
                  column(b->external, b->count, b->has_external), param_array(b->name, b->count), param_array(b->phone, b->count),
                  param_array(b->original, b->count), column(b->category, b->count, b->has_category), column(b->custom, b->count, b->has_custom),
                  column(b->phones, b->count, b->has_phones), column(b->line, b->count, strict), column(b->text, b->count, strict),
                  param_array(b->bad_line, b->refused), param_array(b->bad_field, b->refused), param_array(b->bad_code, b->refused),
                  param_array(b->bad_reason, b->refused), param_array(b->bad_text, b->refused), b->from, b->to, b->merged, b->skipped)));
    if (str_equal(row_text(&rows, 0, "how"), "other"))
        FAIL_CODE(ctx, CONFLICT, "import_in_progress", "Somebody else goes on with this import.");
    return NULL;
}

static fallible write_patiently(struct import_job *job, const struct import_batch *batch)
{
    struct turn turn = { .job = job, .batch = batch };

    for (int i = 1;; i++) {
        arena_reset(job->turn_arena);
        struct err *err = db_retry(&job->ctx, write_batch, &turn);
        if (!err || err->kind != ERR_UNAVAILABLE || i == DATABASE_TRIES)
            return err;
        nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
    }
}

/* The next batch to write, NULL when the last one was. */
static struct import_batch *next_to_write(struct import_job *job)
{
    pthread_mutex_lock(&job->lock);
    while (job->filled == job->written && !job->read_to_the_end)
        pthread_cond_wait(&job->changed, &job->lock);
    struct import_batch *b = job->filled == job->written ? NULL : job->batch[job->written % BATCHES];
    pthread_mutex_unlock(&job->lock);
    return b;
}

static void count_written(struct import_job *job, bool gave_up)
{
    pthread_mutex_lock(&job->lock);
    job->written++;
    job->gave_up = gave_up;
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
}

static fallible write_all(struct import_job *job)
{
    struct import_batch *b;
    struct err *err = NULL;

    while (!err && (b = next_to_write(job))) {
        if (b->count || b->refused || b->skipped || b->merged)
            err = write_patiently(job, b);
        count_written(job, err != NULL);
    }
    return err;
}

/* A copy that outlives the memory of a turn. */
static struct err *copy_error(struct arena *a, const struct err *from)
{
    struct err *err = err_make(a, from->file, from->line, from->kind, arena_text(a, from->code), NULL, "%s", from->message);

    for (const struct err_field *f = from->fields; f; f = f->next)
        err_field(a, err, arena_text(a, f->field), arena_text(a, f->code), "%s", f->detail);
    if (from->cause)
        err->cause = err_make(a, from->file, from->line, from->kind, NULL, NULL, "%s", err_chain(a, from->cause));
    err->retry_after_secs = from->retry_after_secs;
    return err;
}

static fallible read_and_write(struct import_job *job)
{
    pthread_t reader;

    for (int i = 0; i < BATCHES; i++) {
        job->batch[i] = calloc(1, sizeof *job->batch[i]);
        if (!job->batch[i])
            abort();
        job->batch[i]->arena = arena_create((size_t)64 << 20);
    }
    if (pthread_create(&reader, NULL, read_all, job))
        FAIL(&job->ctx, INTERNAL, "no thread to read the file");
    job->ctx.arena = job->turn_arena;
    struct err *err = write_all(job);
    if (err)
        err = copy_error(job->arena, err);
    job->ctx.arena = job->arena;
    pthread_join(reader, NULL);
    return err;
}

/* ---- the job ---- */

static void tell(struct import_job *job, bool *what)
{
    pthread_mutex_lock(&job->lock);
    *what = true;
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
}

/* The right to work on these bytes.  Who finds them being imported joins that import, and takes over when its worker dies; *over when it
 * came to its end meanwhile. */
static fallible take_turn(struct import_job *job, const char *options, bool *over)
{
    struct ctx *ctx = &job->ctx;
    struct arena *look = arena_create((size_t)1 << 20);
    struct rows rows;
    struct err *err = NULL;
    bool found = false, got = false;

    *over = false;
    ctx->arena = look;
    while (!err && !got) {
        arena_reset(look);
        err = db_rows(ctx, SQL_IMPORT_LOCK, &rows, P(arena_printf(look, "%s %s", job->sha256, options)));
        got = !err && row_bool(&rows, 0, "got");
        if (err || got)
            break;
        if (!uuid_is_none(job->resumed))
            err = ERR(ctx, CONFLICT, "Somebody else goes on with this import.");
        else if (!found)
            err = db_maybe(ctx, SQL_IMPORT_UNFINISHED, &import_shape, &job->import, &found, P(job->sha256, options));
        if (!err && found && !job->begun)
            tell(job, &job->begun);
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
    }
    if (!err && found) {
        err = imports_find(ctx, job->import.import_id, &job->import);
        *over = !err && str_equal(job->import.state, "done");
    }
    ctx->arena = job->arena;
    if (err)
        err = copy_error(job->arena, err);
    arena_destroy(look);
    return err;
}

static fallible open_text(struct import_job *job)
{
    struct ctx *ctx = &job->ctx;
    struct csv_wishes wishes;

    TRY(import_wishes(ctx, &job->options, job->bytes.at, job->bytes.size, &job->encoding, &wishes, &job->text));
    if (job->encoding != ENCODING_UTF_8)
        TRY(import_bytes_decode(ctx, job->folder, job->encoding, &job->bytes));
    job->text.bytes = job->bytes.at ? job->bytes.at : "";
    job->text.size = job->bytes.size;
    return csv_open(ctx, job->text.bytes, job->text.size, &wishes, &job->text.head);
}

/* The row of the import: the unfinished one of these bytes, or a new one.  Its file is kept first, so that no row is without one. */
static fallible enter_row(struct import_job *job, const char *options)
{
    struct ctx *ctx = &job->ctx;
    struct uuid list = { 0 };
    bool unfinished;

    TRY(db_maybe(ctx, SQL_IMPORT_UNFINISHED, &import_shape, &job->import, &unfinished, P(job->sha256, options)));
    struct uuid id = unfinished ? job->import.import_id : uuid_make();
    if (!uuid_is_none(job->resumed) && !uuid_equal(job->resumed, id))
        FAIL(ctx, CONFLICT, "This import has come to its end elsewhere.");
    bool kept = job->source.keep && import_keep(ctx, job->folder, id, &job->source, &job->bytes);
    struct err *err = open_text(job);
    if (!err && job->options.list)
        err = lists_named(ctx, job->options.list, &list);
    if (!err && unfinished)
        return db_one(ctx, SQL_IMPORT_TAKE, &import_shape, &job->import, P(id, job->text.size, list, kept, ctx->principal, ctx->epoch, ctx->role));
    if (!err)
        err = db_one(ctx, SQL_IMPORT_INSERT, &import_shape, &job->import, P(id, job->sha256, options, job->text.size, job->text.head.first_row,
                     encoding_name(job->encoding), list, kept, ctx->principal, ctx->epoch, ctx->role, job->options.file));
    if (err && kept && !unfinished)
        unlink(import_kept_path(job->arena, job->folder, id));
    return err;
}

static fallible work(struct import_job *job)
{
    struct ctx *ctx = &job->ctx;
    bool over;

    const char *sha256 = sha256_hex(job->arena, job->bytes.at ? job->bytes.at : "", job->bytes.size);
    if (job->sha256 && !str_equal(job->sha256, sha256))
        FAIL(ctx, INTERNAL, "the kept file is not what was sent");
    job->sha256 = sha256;
    const char *options = import_options_text(job->arena, &job->options);
    TRY(take_turn(job, options, &over));
    if (over)
        return NULL;
    TRY(enter_row(job, options));
    tell(job, &job->begun);
    TRY(read_and_write(job));
    TRY(db_one(ctx, SQL_IMPORT_END, &import_shape, &job->import, P(job->import.import_id, "done", (const char *)NULL)));
    if (job->source.keep)
        unlink(import_kept_path(job->arena, job->folder, job->import.import_id));
    return NULL;
}

/* What will not be better the next time ends the import; a database that is away, or somebody else at work, does not. */
static void settle(struct import_job *job, const struct err *err)
{
    struct ctx *ctx = &job->ctx;

    if (!err || uuid_is_none(job->import.import_id) || err->kind == ERR_UNAVAILABLE || err->kind == ERR_CONFLICT)
        return;
    struct err *worse = db_global_run(&(struct ctx){ .arena = job->arena, .db = ctx->db }, SQL_IMPORT_GIVE_UP, NULL,
                                      P(ctx->tenant, job->import.import_id, err->message, 0));
    if (worse)
        log_error(ctx, "import.not_settled", KV("because", err_chain(job->arena, worse)));
}

static void let_go(struct import_job *job)
{
    pthread_mutex_lock(&job->lock);
    bool last = --job->holders == 0;
    pthread_mutex_unlock(&job->lock);
    if (!last)
        return;
    import_bytes_release(&job->bytes);
    for (int i = 0; i < BATCHES && job->batch[i]; i++) {
        arena_destroy(job->batch[i]->arena);
        free(job->batch[i]);
    }
    arena_destroy(job->turn_arena);
    arena_destroy(job->arena);
    pthread_cond_destroy(&job->changed);
    pthread_mutex_destroy(&job->lock);
    free(job);
}

static void *run(void *data)
{
    struct import_job *job = data;
    struct uuid tenant = job->ctx.tenant;
    struct err *err = work(job);

    settle(job, err);
    if (err && err->kind != ERR_INVALID && err->kind != ERR_CONFLICT)
        log_error(&job->ctx, "import.failed", KV("because", err_chain(job->arena, err)));
    else if (!err)
        log_info(&job->ctx, "import.done", KV("rows", job->import.rows), KV("refused", job->import.refused));
    db_destroy(job->ctx.db);
    leave_place(tenant);
    job->err = err;
    tell(job, &job->ended);
    let_go(job);
    return NULL;
}

static struct import_job *make_job(const struct ctx *ctx, const struct settings *settings, const struct import_options *options)
{
    struct import_job *job = calloc(1, sizeof *job);

    if (!job)
        abort();
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->changed, NULL);
    job->holders = 2;
    job->arena = arena_create((size_t)8 << 20);
    job->turn_arena = arena_create((size_t)64 << 20);
    struct arena *a = job->arena;
    /* whoever may begin an import may see it through: the token it was begun with may end meanwhile, the person's rights may not */
    job->ctx = (struct ctx){
        .arena = a, .db = db_create(settings->database_url, "outdial-import", false), .tenant = ctx->tenant, .principal = arena_text(a, ctx->principal),
        .epoch = ctx->epoch, .role = arena_text(a, ctx->role), .request_id = arena_text(a, ctx->request_id), .doing = "import",
    };
    job->folder = arena_text(a, settings->import_folder);
    job->options = import_options_copy(a, options);
    return job;
}

static fallible start(struct import_job *job, const struct import_source *source)
{
    struct ctx *ctx = &job->ctx;
    pthread_t thread;
    pthread_attr_t attributes;

    job->source = *source;
    job->source.path = arena_text(job->arena, source->path);
    TRY(import_bytes_take(ctx, job->folder, source, &job->bytes));
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, (size_t)1 << 20);
    int failed = pthread_create(&thread, &attributes, run, job);
    pthread_attr_destroy(&attributes);
    if (failed)
        FAIL(ctx, INTERNAL, "no thread for the import");
    return NULL;
}

/* The job of a place that was taken; given back when it cannot start. */
static fallible start_or_leave(struct ctx *ctx, struct import_job *job, const struct import_source *source, struct import_job **out)
{
    struct err *err = start(job, source);

    *out = job;
    if (!err)
        return NULL;
    err = copy_error(ctx->arena, err);
    leave_place(job->ctx.tenant);
    db_destroy(job->ctx.db);
    job->holders = 1;
    let_go(job);
    return err;
}

fallible svc_import_start(struct ctx *ctx, const struct settings *settings, const struct import_source *source, const struct import_options *options,
                          struct import_job **out)
{
    if (!take_place(ctx->tenant)) {
        struct err *err = ERR(ctx, TOO_MANY, "Too many imports run at this moment; try again when one has ended.");
        err->retry_after_secs = 5;
        return err;
    }
    return start_or_leave(ctx, make_job(ctx, settings, options), source, out);
}

fallible svc_import_resume(struct ctx *ctx, const struct settings *settings, struct uuid tenant, struct uuid id, const char *path)
{
    struct import_options options;
    struct import_job *job;
    struct rows rows;

    TRY(db_global_rows(ctx, SQL_IMPORT_LEFT, &rows, P(tenant, id)));
    if (rows.count == 0 || !take_place(tenant))
        return NULL;
    struct err *err = import_options_read(ctx, row_text(&rows, 0, "options"), &options);
    if (err) {
        leave_place(tenant);
        return err;
    }
    struct ctx owner = { .arena = ctx->arena, .tenant = tenant, .principal = row_text(&rows, 0, "principal"), .epoch = row_int(&rows, 0, "epoch"),
                         .role = row_text(&rows, 0, "role"), .request_id = uuid_hex(ctx->arena, id) };
    job = make_job(&owner, settings, &options);
    job->holders = 1;                                           /* nobody waits for it */
    job->resumed = id;
    job->sha256 = arena_text(job->arena, row_text(&rows, 0, "sha256"));
    log_info(&job->ctx, "import.resumed", KV("import", uuid_text(ctx->arena, id)));
    return start_or_leave(ctx, job, &(struct import_source){ .path = path, .keep = true }, &job);
}

fallible svc_import_wait(struct ctx *ctx, struct import_job *job, bool to_the_end, struct import *out)
{
    struct uuid id = { 0 };
    struct err *err = NULL;

    pthread_mutex_lock(&job->lock);
    while (!job->ended && (to_the_end || !job->begun))
        pthread_cond_wait(&job->changed, &job->lock);
    if (job->ended && job->err)
        err = copy_error(ctx->arena, job->err);
    else
        id = job->import.import_id;
    pthread_mutex_unlock(&job->lock);
    let_go(job);
    return err ? err : imports_find(ctx, id, out);
}

bool svc_import_ended(struct import_job *job)
{
    pthread_mutex_lock(&job->lock);
    bool ended = job->ended;
    pthread_mutex_unlock(&job->lock);
    return ended;
}

fallible svc_import_look(struct ctx *ctx, struct import_job *job, bool *ended, struct import *out)
{
    struct uuid id = { 0 };

    pthread_mutex_lock(&job->lock);
    *ended = job->ended;
    if (job->begun)
        id = job->import.import_id;
    pthread_mutex_unlock(&job->lock);
    return uuid_is_none(id) ? NULL : imports_find(ctx, id, out);
}

fallible imports_find(struct ctx *ctx, struct uuid id, struct import *out)
{
    *out = (struct import){ 0 };
    return db_find(ctx, SQL_IMPORT_FIND, &import_shape, out, P(id));
}

fallible imports_list(struct ctx *ctx, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_IMPORT_LIST, &import_shape, out, P(limit + 1, after));
}

fallible imports_refusals(struct ctx *ctx, struct uuid id, int64_t after, int64_t limit, struct list *out)
{
    return db_list(ctx, SQL_IMPORT_REFUSALS, &import_refusal_shape, out, P(id, after, limit));
}
