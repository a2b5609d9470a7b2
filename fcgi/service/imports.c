/*
 * service/imports.c - see service/imports.h.
 */
#include "service/imports.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "model/csv.h"
#include "model/lead.h"
#include "model/phone.h"

#define BATCH_ROWS      2000
#define BATCH_REFUSALS  500
#define BATCH_BYTES     ((size_t)8 << 20)                       /* of memory, not of the file */
#define SLOTS           8192                                    /* a power of two, well above BATCH_ROWS */
#define MOST_JOBS       4                                       /* at once, in one process */
#define LARGEST_CUSTOM  ((size_t)64 << 10)
#define SHOWN_OF_A_ROW  500                                     /* bytes kept of a refused row */
#define DATABASE_TRIES  30                                      /* a second apart */

const struct shape import_shape = SHAPE(struct import, "import",
    FIELD(struct import, import_id, OUT),
    FIELD(struct import, state, OUT),
    FIELD(struct import, bytes, OUT),
    FIELD(struct import, bytes_done, OUT),
    FIELD(struct import, rows, OUT),
    FIELD(struct import, imported, OUT),
    FIELD(struct import, updated, OUT),
    FIELD(struct import, refused, OUT),
    FIELD(struct import, refused_url, OUT),
    FIELD(struct import, created_at, OUT),
    FIELD(struct import, ended_at, OUT));

const struct shape import_refusal_shape = SHAPE(struct import_refusal, "refused row",
    FIELD(struct import_refusal, line, OUT),
    FIELD(struct import_refusal, field, OUT),
    FIELD(struct import_refusal, code, OUT),
    FIELD(struct import_refusal, reason, OUT),
    FIELD(struct import_refusal, row_text, OUT));

/* Columns of the rows to write, in parallel, in the memory of the batch. */
struct batch {
    const char *external[BATCH_ROWS], *name[BATCH_ROWS], *phone[BATCH_ROWS], *original[BATCH_ROWS], *category[BATCH_ROWS], *custom[BATCH_ROWS];
    size_t      count;
    const char *line[BATCH_REFUSALS], *field[BATCH_REFUSALS], *code[BATCH_REFUSALS], *reason[BATCH_REFUSALS], *text[BATCH_REFUSALS];
    size_t      refused;
    int64_t     merged;                                         /* rows that became part of another one here */
    uint16_t    by_external[SLOTS], by_phone[SLOTS];            /* index + 1 into the columns; 0 = free */
};

struct import_job {
    pthread_mutex_t lock;
    pthread_cond_t  changed;
    int             holders;                                    /* the thread and whoever waits */
    bool            begun, ended;
    struct arena   *arena;                                      /* lives as long as the job */
    struct arena   *batch_arena;
    struct ctx      ctx;                                        /* of the thread; its arena is batch_arena after the beginning */
    char           *bytes;
    size_t          size;
    bool            mapped;
    const char     *country;
    struct csv_head head;
    struct import   import;
    struct err     *err;                                        /* in arena */
    struct batch    batch;
    int64_t         from, to;                                   /* offsets that the batch covers */
};

static atomic_int jobs;

/* ---- rows ---- */

static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;

    while (*text)
        hash = (hash ^ (unsigned char)*text++) * 16777619u;
    return hash;
}

/* The row whose column has that text, or -1; free is where it would go. */
static int look_up(uint16_t *table, const char *const *column, const char *text, uint16_t **free_slot)
{
    for (uint32_t at = hash_of(text);; at++) {
        uint16_t *slot = &table[at % SLOTS];
        *free_slot = slot;
        if (*slot == 0)
            return -1;
        if (str_equal(column[*slot - 1], text))
            return *slot - 1;
    }
}

static void refuse(struct import_job *job, const struct csv_row *row, const char *field, const char *code, const char *reason)
{
    struct batch *b = &job->batch;
    size_t n = b->refused++;

    b->line[n] = arena_printf(job->batch_arena, "%zu", row->line);
    b->field[n] = field;
    b->code[n] = code;
    b->reason[n] = reason;
    b->text[n] = utf8_shown(job->batch_arena, job->bytes + row->start, row->end - row->start, SHOWN_OF_A_ROW);
}

/* One row's cells by what they mean. */
struct cells { const char *name, *first, *last, *phone, *category, *external, *custom; };

static bool has_control_character(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && !strchr("\t\n\r", *text)) || *text == 0x7f)
            return true;
    return false;
}

/* 8.13E+09, or 8,13E+09 where the comma is decimal. */
static bool is_scientific(const char *text)
{
    size_t digits = strspn(text, "0123456789.,");

    return digits > 0 && (text[digits] == 'e' || text[digits] == 'E') && text[digits + 1] == '+' && strspn(text + digits + 2, "0123456789") > 0;
}

static bool take_cells(struct import_job *job, const struct csv_row *row, struct cells *out)
{
    struct arena *a = job->batch_arena;
    struct json_out custom = json_out_make(a, LARGEST_CUSTOM);

    *out = (struct cells){ 0 };
    json_open_object(&custom);
    for (size_t i = 0; i < row->count; i++) {
        const char *cell = csv_plain(a, str_trim(a, row->cell[i]));
        const char *heading = i < job->head.count ? job->head.name[i] : "";
        if (!*cell)
            continue;
        if (i >= job->head.count) {
            refuse(job, row, "row", "too_many_fields", "The row has more fields than the first row; perhaps a separator stands unquoted in one.");
            return false;
        }
        if (has_control_character(cell)) {
            refuse(job, row, heading, "control_character", "The field holds a control character.");
            return false;
        }
        switch (job->head.column[i]) {
        case CSV_NAME:        out->name = cell; break;
        case CSV_FIRST_NAME:  out->first = cell; break;
        case CSV_LAST_NAME:   out->last = cell; break;
        case CSV_PHONE:       out->phone = cell; break;
        case CSV_CATEGORY:    out->category = cell; break;
        case CSV_EXTERNAL_ID: out->external = cell; break;
        case CSV_IGNORED:     break;
        case CSV_CUSTOM:
            json_name(&custom, heading);
            json_put_string(&custom, cell);
            break;
        }
    }
    json_close_object(&custom);
    out->custom = str_broken(&custom.str) ? NULL : custom.str.text;
    if (!out->name && (out->first || out->last))
        out->name = arena_printf(a, "%s%s%s", out->first ? out->first : "", out->first && out->last ? " " : "", out->last ? out->last : "");
    return true;
}

static bool good_cells(struct import_job *job, const struct csv_row *row, const struct cells *c, struct e164 *number)
{
    if (!c->phone)
        refuse(job, row, "phone", "missing_phone", "There is no phone number.");
    else if (is_scientific(c->phone))
        refuse(job, row, "phone", "scientific_notation", "A spreadsheet has rounded this number; format the column as text and export it again.");
    else if (utf8_count(c->phone) > LEAD_PHONE_LONGEST)
        refuse(job, row, "phone", "too_long", "The phone number may have at most 100 characters.");
    else if (c->name && utf8_count(c->name) > LEAD_NAME_LONGEST)
        refuse(job, row, "name", "too_long", "The name may have at most 300 characters.");
    else if (c->category && utf8_count(c->category) > LEAD_NAME_LONGEST)
        refuse(job, row, "category", "too_long", "The category may have at most 300 characters.");
    else if (c->external && utf8_count(c->external) > LEAD_EXTERNAL_LONGEST)
        refuse(job, row, "external_id", "too_long", "The external_id may have at most 200 characters.");
    else if (!c->custom)
        refuse(job, row, "row", "too_long", "The other columns hold more than 64 KiB.");
    else {
        enum phone_verdict verdict = phone_normalize(c->phone, job->country, number);
        if (verdict == PHONE_OK)
            return true;
        refuse(job, row, "phone", phone_verdict_code(verdict), phone_verdict_message(verdict));
    }
    return false;
}

/* {"a":1} and {"b":2} as {"a":1,"b":2}; PostgreSQL keeps the later of two members with one name. */
static const char *join_objects(struct arena *a, const char *earlier, const char *later)
{
    if (str_equal(later, "{}"))
        return earlier;
    if (str_equal(earlier, "{}"))
        return later;
    return arena_printf(a, "%.*s,%s", (int)strlen(earlier) - 1, earlier, later + 1);
}

static void merge(struct import_job *job, size_t n, const struct cells *c, const char *phone)
{
    struct batch *b = &job->batch;

    if (c->name)
        b->name[n] = c->name;
    if (c->category)
        b->category[n] = c->category;
    if (c->external)
        b->external[n] = c->external;
    b->phone[n] = phone;
    b->original[n] = c->phone;
    b->custom[n] = join_objects(job->batch_arena, b->custom[n], c->custom);
    b->merged++;
}

static void add_row(struct import_job *job, const struct csv_row *row)
{
    struct batch *b = &job->batch;
    struct cells c;
    struct e164 number;
    uint16_t *external_slot = NULL, *phone_slot;

    if (row->problem) {
        refuse(job, row, "row", row->problem, row->sentence);
        return;
    }
    if (!take_cells(job, row, &c) || !good_cells(job, row, &c, &number))
        return;
    const char *phone = arena_text(job->batch_arena, number.digits);
    int same_external = c.external ? look_up(b->by_external, b->external, c.external, &external_slot) : -1;
    int same_phone = look_up(b->by_phone, b->phone, phone, &phone_slot);
    int same = same_external >= 0 ? same_external : same_phone >= 0 && (!c.external || !b->external[same_phone]) ? same_phone : -1;
    size_t n = same >= 0 ? (size_t)same : b->count;
    if (same >= 0) {
        merge(job, n, &c, phone);
    } else {
        b->external[n] = c.external;
        b->name[n] = c.name ? c.name : "";
        b->phone[n] = phone;
        b->original[n] = c.phone;
        b->category[n] = c.category;
        b->custom[n] = c.custom;
        b->count++;
    }
    if (c.external && same_external < 0)
        *external_slot = (uint16_t)(n + 1);
    if (same_phone < 0)
        *phone_slot = (uint16_t)(n + 1);
}

static bool batch_full(const struct import_job *job)
{
    return job->batch.count == BATCH_ROWS || job->batch.refused == BATCH_REFUSALS || arena_used(job->batch_arena) > BATCH_BYTES;
}

/* ---- writing ---- */

static fallible write_batch(struct ctx *ctx, void *data)
{
    struct import_job *job = data;
    struct batch *b = &job->batch;
    struct import now;

    TRY(db_run(ctx, SQL_IMPORT_TURN, NULL, NO_PARAMS));
    TRY(imports_find(ctx, job->import.import_id, &now));
    if (now.bytes_done == job->to && job->to > job->from)
        return NULL;                                            /* it was committed, and the answer was lost */
    if (now.bytes_done != job->from || !str_equal(now.state, "running"))
        FAIL_CODE(ctx, CONFLICT, "import_in_progress", "Somebody else goes on with this import.");
    return db_run(ctx, SQL_IMPORT_BATCH, NULL,
                  P(job->import.import_id, param_array(b->external, b->count), param_array(b->name, b->count), param_array(b->phone, b->count),
                    param_array(b->original, b->count), param_array(b->category, b->count), param_array(b->custom, b->count),
                    param_array(b->line, b->refused), param_array(b->field, b->refused), param_array(b->code, b->refused),
                    param_array(b->reason, b->refused), param_array(b->text, b->refused), job->to, b->merged));
}

static fallible write_patiently(struct import_job *job)
{
    for (int i = 1;; i++) {
        struct err *err = db_retry(&job->ctx, write_batch, job);
        if (!err || err->kind != ERR_UNAVAILABLE || i == DATABASE_TRIES)
            return err;
        nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
    }
}

static void clear_batch(struct import_job *job)
{
    struct batch *b = &job->batch;

    memset(b->by_external, 0, sizeof b->by_external);
    memset(b->by_phone, 0, sizeof b->by_phone);
    b->count = b->refused = 0;
    b->merged = 0;
    arena_reset(job->batch_arena);
    job->from = job->to;
    if (job->mapped && job->to > (8 << 20))                     /* pages that were read are not held on to */
        madvise(job->bytes, (size_t)job->to & ~(size_t)4095, MADV_DONTNEED);
}

static fallible read_all(struct import_job *job)
{
    size_t at = (size_t)job->from, line = csv_count_lines(job->bytes, at) + 1;
    struct csv_reader *reader = csv_reader_make(job->bytes, job->size, job->head.delimiter, at, line);
    struct csv_row row;
    struct err *err = NULL;

    while (!err && csv_reader_next(reader, job->batch_arena, &row)) {
        add_row(job, &row);
        job->to = (int64_t)row.end;
        if (batch_full(job)) {
            err = write_patiently(job);
            if (!err)
                clear_batch(job);
        }
    }
    csv_reader_destroy(reader);
    if (!err && (job->batch.count || job->batch.refused))
        err = write_patiently(job);
    return err;
}

/* ---- the job ---- */

static fallible begin(struct import_job *job)
{
    struct ctx *ctx = &job->ctx;
    struct rows rows;
    bool unfinished;

    TRY(csv_open(ctx, job->bytes, job->size, &job->head));
    if (!job->country) {
        TRY(db_rows(ctx, SQL_LEAD_COUNTRY, &rows, NO_PARAMS));
        job->country = rows.count ? row_text(&rows, 0, "country") : NULL;
    }
    const char *sha256 = sha256_hex(ctx->arena, job->bytes, job->size);
    TRY(db_rows(ctx, SQL_IMPORT_LOCK, &rows, P(sha256)));
    if (!row_bool(&rows, 0, "got"))
        FAIL_CODE(ctx, CONFLICT, "import_in_progress", "These very bytes are being imported at this moment.");
    TRY(db_maybe(ctx, SQL_IMPORT_UNFINISHED, &import_shape, &job->import, &unfinished, P(sha256)));
    if (!unfinished)
        TRY(db_one(ctx, SQL_IMPORT_INSERT, &import_shape, &job->import, P(uuid_make(), sha256, job->size, job->head.first_row)));
    job->from = job->to = job->import.bytes_done;
    return NULL;
}

/* A copy that outlives the batch's memory. */
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

static fallible work(struct import_job *job)
{
    struct ctx *ctx = &job->ctx;

    ctx->arena = job->arena;
    TRY(begin(job));
    pthread_mutex_lock(&job->lock);
    job->begun = true;
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
    ctx->arena = job->batch_arena;
    struct err *err = read_all(job);
    ctx->arena = job->arena;
    if (err)
        return copy_error(job->arena, err);
    return db_one(ctx, SQL_IMPORT_END, &import_shape, &job->import, P(job->import.import_id, "done"));
}

static void let_go(struct import_job *job)
{
    pthread_mutex_lock(&job->lock);
    bool last = --job->holders == 0;
    pthread_mutex_unlock(&job->lock);
    if (!last)
        return;
    if (job->mapped)
        munmap(job->bytes, job->size);
    else
        free(job->bytes);
    arena_destroy(job->batch_arena);
    arena_destroy(job->arena);
    pthread_cond_destroy(&job->changed);
    pthread_mutex_destroy(&job->lock);
    free(job);
}

static void *run(void *data)
{
    struct import_job *job = data;
    struct err *err = work(job);

    if (err && err->kind != ERR_INVALID)
        log_error(&job->ctx, "import.failed", KV("because", err_chain(job->arena, err)));
    else
        log_info(&job->ctx, "import.done", KV("rows", job->import.rows), KV("refused", job->import.refused));
    db_destroy(job->ctx.db);
    pthread_mutex_lock(&job->lock);
    job->err = err;
    job->ended = true;
    pthread_cond_broadcast(&job->changed);
    pthread_mutex_unlock(&job->lock);
    atomic_fetch_sub(&jobs, 1);
    let_go(job);
    return NULL;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static fallible take_bytes(struct ctx *ctx, struct import_job *job, const struct import_source *source)
{
    if (!source->path) {
        job->size = source->size;
        job->bytes = malloc(source->size + 1);
        if (!job->bytes)
            abort();
        memcpy(job->bytes, source->size ? source->bytes : "", source->size);
        return NULL;
    }
    __attribute__((cleanup(close_fd))) int fd = open(source->path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (fd < 0 || fstat(fd, &about))
        FAIL(ctx, INTERNAL, "the file cannot be opened: %s", strerror(errno));
    job->size = (size_t)about.st_size;
    if (job->size == 0)
        return NULL;
    void *map = mmap(NULL, job->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        FAIL(ctx, INTERNAL, "the file cannot be read: %s", strerror(errno));
    job->bytes = map;
    job->mapped = true;
    return NULL;
}

static struct import_job *make_job(const struct ctx *ctx, const char *conninfo, const char *country)
{
    struct import_job *job = calloc(1, sizeof *job);

    if (!job)
        abort();
    pthread_mutex_init(&job->lock, NULL);
    pthread_cond_init(&job->changed, NULL);
    job->holders = 1;
    job->arena = arena_create((size_t)8 << 20);
    job->batch_arena = arena_create((size_t)64 << 20);
    struct arena *a = job->arena;
    job->ctx = (struct ctx){
        .arena = a, .db = db_create(conninfo, "outdial-import", false), .tenant = ctx->tenant, .principal = arena_text(a, ctx->principal),
        .epoch = ctx->epoch, .token_id = arena_text(a, ctx->token_id), .role = arena_text(a, ctx->role),
        .request_id = arena_text(a, ctx->request_id), .doing = "import",
    };
    job->country = arena_text(a, country);
    return job;
}

fallible svc_import_start(struct ctx *ctx, const char *conninfo, const struct import_source *source, const char *country, struct import_job **out)
{
    pthread_t thread;
    pthread_attr_t attributes;

    if (atomic_fetch_add(&jobs, 1) >= MOST_JOBS) {
        atomic_fetch_sub(&jobs, 1);
        struct err *err = ERR(ctx, TOO_MANY, "Too many imports run at this moment; try again when one has ended.");
        err->retry_after_secs = 5;
        return err;
    }
    struct import_job *job = make_job(ctx, conninfo, country);
    struct err *err = take_bytes(ctx, job, source);
    if (!err) {
        job->holders = 2;
        pthread_attr_init(&attributes);
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_attr_setstacksize(&attributes, (size_t)1 << 20);
        if (pthread_create(&thread, &attributes, run, job)) {
            job->holders = 1;
            err = ERR(ctx, INTERNAL, "no thread for the import");
        }
        pthread_attr_destroy(&attributes);
    }
    if (err) {
        atomic_fetch_sub(&jobs, 1);
        db_destroy(job->ctx.db);
        let_go(job);
        return err;
    }
    *out = job;
    return NULL;
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

fallible imports_find(struct ctx *ctx, struct uuid id, struct import *out)
{
    *out = (struct import){ 0 };
    return db_find(ctx, SQL_IMPORT_FIND, &import_shape, out, P(id));
}

fallible imports_refusals(struct ctx *ctx, struct uuid id, int64_t after, int64_t limit, struct list *out)
{
    return db_list(ctx, SQL_IMPORT_REFUSALS, &import_refusal_shape, out, P(id, after, limit));
}
