#include "web/idempotency.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "web/guard.h"
#include "web/problem.h"
#include "web/route.h"

#define LONGEST_KEY 255

bool idempotency_wanted(struct req *r)
{
    return (r->route->flags & CREATES) && r->ctx->principal && !uuid_is_none(r->ctx->tenant) &&
           req_header(r, "Idempotency-Key");
}

/* The body's digest, wherever it lies; "" for none. */
static fallible hash_body(struct req *r, const char **out)
{
    *out = r->body_size ? sha256_hex(r->ctx->arena, r->body, r->body_size) : "";
    if (!r->body_file)
        return NULL;
    struct stat about = { 0 };
    int fd = open(r->body_file, O_RDONLY | O_CLOEXEC);
    void *bytes = fd < 0 || fstat(fd, &about) || about.st_size == 0 ? MAP_FAILED : mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (fd >= 0)
        close(fd);
    if (bytes == MAP_FAILED && (fd < 0 || about.st_size))
        FAIL(r->ctx, INTERNAL, "the file of the body cannot be read: %s", strerror(errno));
    if (bytes != MAP_FAILED) {
        *out = sha256_hex(r->ctx->arena, bytes, (size_t)about.st_size);
        munmap(bytes, (size_t)about.st_size);
    }
    return NULL;
}

static fallible read_key(struct req *r)
{
    const char *key = req_header(r, "Idempotency-Key");
    bool good = strlen(key) <= LONGEST_KEY;
    for (const char *c = key; *c; c++)
        good = good && *c > 0x20 && *c < 0x7f;
    if (!good)
        FAIL_FIELD(r->ctx, "Idempotency-Key", "malformed", "Use 1 to 255 visible ASCII characters, for example a UUID.");

    struct arena *a = r->ctx->arena;
    const char *body;
    TRY(hash_body(r, &body));
    char *whole = arena_printf(a, "%s %s?%s\n%s", r->method, r->path, r->query, body);
    r->idempotency_key = key;
    r->idempotency_hash = sha256_hex(a, whole, strlen(whole));
    return NULL;
}

/* Names of headers that belong to the answer, not to this transmission of it. */
static bool lasting(const char *header)
{
    return str_starts(header, "Location:") || str_starts(header, "ETag:") || str_starts(header, "Retry-After:");
}

static const char *headers_as_text(struct req *r)
{
    struct str s = str_make(r->ctx->arena, 16 << 10);
    str_addf(&s, "Content-Type: %s\n", r->reply.content_type ? r->reply.content_type : "");
    for (unsigned i = 0; i < r->reply.header_count; i++) {
        if (lasting(r->reply.header[i]))
            str_addf(&s, "%s\n", r->reply.header[i]);
    }
    return s.text;
}

struct redaction {
    struct req      *r;
    struct json_out *out;
};

static fallible copy_member(void *data, const char *name, const struct json *value)
{
    struct redaction *red = data;
    const char *text = json_text(red->r->ctx->arena, value);
    for (size_t i = 0; i < sizeof red->r->reply.redact / sizeof red->r->reply.redact[0]; i++) {
        if (str_equal(red->r->reply.redact[i], name))
            text = NULL;
    }
    json_name(red->out, name);
    json_put_raw(red->out, text);
    return NULL;
}

/* The answer as a replay shall have it. */
static fallible body_to_keep(struct req *r, const char **out)
{
    *out = r->reply.body_size ? r->reply.body : NULL;
    if (!r->reply.redact[0])
        return NULL;
    const struct json *object;
    TRY(json_read(r->ctx->arena, r->reply.body, r->reply.body_size, &object));
    struct json_out copy = json_out_make(r->ctx->arena, (size_t)1 << 20);
    json_open_object(&copy);
    TRY(json_each(object, copy_member, &(struct redaction){ r, &copy }));
    json_close_object(&copy);
    *out = copy.str.text;
    return NULL;
}

static bool worth_keeping(int status)
{
    return status > 0 && status < 500 && status != 401 && status != 403 && status != 429;
}

static fallible keep(struct req *r)
{
    const char *body;
    TRY(body_to_keep(r, &body));
    return db_run(r->ctx, SQL_IDEMPOTENCY_KEEP, NULL,
                  P(r->ctx->principal, req_route_name(r), r->idempotency_key, r->idempotency_hash, r->reply.status,
                    headers_as_text(r), body));
}

static void replay(struct req *r, const struct rows *row)
{
    const char *body = row_text(row, 0, "body"), *type = NULL;
    r->reply = (struct reply){ .status = (int)row_int(row, 0, "status"), .body = body, .body_size = body ? strlen(body) : 0 };
    char *rest = arena_text(r->ctx->arena, row_text(row, 0, "headers"));
    for (char *line; rest && (line = strsep(&rest, "\n"));) {
        char *value = strstr(line, ": ");
        if (!value)
            continue;
        *value = '\0';
        if (str_equal(line, "Content-Type"))
            type = value[2] ? value + 2 : NULL;
        else
            reply_header(r, line, "%s", value + 2);
    }
    r->reply.content_type = type;
}

/* Answers from the row of an earlier request, if there is one; for an attempt that it is bound to, sets replay_attempt. */
static fallible look_back(struct req *r, bool *answered)
{
    struct rows row;
    *answered = false;
    TRY(db_rows(r->ctx, SQL_IDEMPOTENCY_FIND, &row, P(r->ctx->principal, req_route_name(r), r->idempotency_key)));
    if (row.count == 0)
        return NULL;
    if (!str_equal(row_text(&row, 0, "body_hash"), r->idempotency_hash))
        FAIL_CODE(r->ctx, CONFLICT, "key_reused", "This Idempotency-Key was used for another request. Use a new one.");
    if (row_text(&row, 0, "status")) {
        replay(r, &row);
        *answered = true;
    } else {
        r->replay_attempt = row_uuid(&row, 0, "attempt_id");
    }
    return NULL;
}

/* One transaction: looking back, the handler, the row. */
static fallible run_whole(struct req *r, bool *answered)
{
    TX tx = { 0 };
    TRY(tx_begin(r->ctx, &tx));
    TRY(look_back(r, answered));
    if (*answered)
        return tx_commit(&tx);
    TRY(r->route->handler(r));
    if (worth_keeping(r->reply.status) && !arena_overflowed(r->ctx->arena))
        TRY(keep(r));
    return tx_commit(&tx);
}

static fallible run_placing(struct req *r, bool *answered)
{
    TRY(look_back(r, answered));
    if (*answered)
        return NULL;
    TRY(r->route->handler(r));
    if (!uuid_is_none(r->replay_attempt)) {
        *answered = true;
        return NULL;
    }
    /* Bound rows stay as they are: the answer of a placed call is that call. */
    if (worth_keeping(r->reply.status) && !arena_overflowed(r->ctx->arena))
        TRY(keep(r));
    return NULL;
}

static void keep_refusal(struct req *r, const struct err *err)
{
    if (!worth_keeping(err_http_status(err->kind)) || str_equal(err->code, "key_reused") || arena_overflowed(r->ctx->arena))
        return;
    reply_problem(r, err);
    if (keep(r) != NULL)
        r->reply.status = 0;                                    /* the refusal is given all the same; asked again, it is found anew */
}

static fallible run_locked(struct req *r)
{
    bool answered = false;
    struct err *err = r->route->flags & CALLS ? run_placing(r, &answered) : run_whole(r, &answered);
    if (err) {
        err = guard_settle(r, err);
        keep_refusal(r, err);
        return err;
    }
    if (answered)
        reply_header(r, "Idempotent-Replayed", "true");
    return NULL;
}

static fallible lock(struct req *r)
{
    struct err *err = db_run(r->ctx, SQL_IDEMPOTENCY_LOCK, NULL, P(r->ctx->principal, req_route_name(r), r->idempotency_key));
    if (err && str_equal(err->code, "lock_timeout")) {
        err = ERR_CODE(r->ctx, CONFLICT, "idempotency_in_progress", "A request with this Idempotency-Key is still running. Try again.");
        err->retry_after_secs = 1;
    }
    return err;
}

/* A session that cannot be unlocked is ended, and its locks with it. */
static void unlock(struct req *r)
{
    struct ctx *ctx = r->ctx;
    int64_t deadline = ctx->deadline_ms;
    ctx->deadline_ms = boot_now_ms() + 2000;
    if (db_run(ctx, SQL_IDEMPOTENCY_UNLOCK, NULL, P(ctx->principal, req_route_name(r), r->idempotency_key)) != NULL)
        db_drop(ctx->db);
    ctx->deadline_ms = deadline;
}

fallible idempotency_run(struct req *r)
{
    struct err *err = read_key(r);
    if (err)
        return guard_settle(r, err);
    TRY(lock(r));
    err = run_locked(r);
    unlock(r);
    return err;
}
