#include "web/dispatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "base/network.h"
#include "db/db.h"
#include "web/guard.h"
#include "web/idempotency.h"
#include "web/measure.h"
#include "web/problem.h"
#include "web/route.h"

#define BODY_JSON    ((size_t)1 << 20)
#define BODY_SIGNED  ((size_t)64 << 10)
#define BODY_LARGE   ((size_t)8 << 20)
#define STREAM_PIECE ((size_t)64 << 10)
#define BODY_CSV     ((size_t)16 << 20)                         /* when nginx passes it instead of a file */
#define BODY_SMALL   ((size_t)64 << 10)                         /* up to here a body lives in the arena */
#define PATIENCE_MS         10000
#define PATIENCE_SIGNED_MS  3000                                /* a caller is on the line */

static bool plain_id(const char *text)
{
    size_t length = text ? strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") : 0;
    return length > 0 && length <= 64 && !text[length];
}

/* Everything that does not need the route. */
static void begin(struct req *r, struct ctx *ctx, const struct settings *settings, const struct exchange *x)
{
    struct arena *a = ctx->arena;
    *ctx = (struct ctx){ .arena = a, .db = ctx->db };
    *r = (struct req){ .ctx = ctx, .settings = settings, .env = x->env, .query = "", .body = "" };

    const char *id = req_env(r, "REQUEST_ID");
    ctx->request_id = plain_id(id) ? id : uuid_hex(a, uuid_make());
    r->method = req_env(r, "REQUEST_METHOD");
    r->uri = req_env(r, "REQUEST_URI");
    if (!r->method)
        r->method = "";
    if (!r->uri)
        r->uri = "/";
    size_t length = strcspn(r->uri, "?");
    r->path = arena_copy(a, r->uri, length);
    if (r->uri[length])
        r->query = r->uri + length + 1;
    struct address from;
    if (address_parse(req_env(r, "REMOTE_ADDR"), &from))
        ctx->address = address_text(a, from);
    ctx->agent = req_header(r, "User-Agent");
    ctx->doing = "(no route)";
    ctx->deadline_ms = boot_now_ms() + PATIENCE_MS;
}

static fallible find_route(struct req *r, struct match *match)
{
    *match = router_find(r->ctx->arena, routes, route_count, r->method, r->path);
    switch (match->outcome) {
    case MATCH_NO_PATH:
        FAIL(r->ctx, NOT_FOUND, "There is nothing at this address.");
    case MATCH_NO_METHOD: {
        struct err *err = ERR(r->ctx, METHOD, "This address takes %s.", match->allow);
        err->allow = match->allow;
        return err;
    }
    case MATCH_OPTIONS:
        reply_header(r, "Allow", "%s", match->allow);
        return reply_empty(r, 204);
    case MATCH_FOUND:
        break;
    }
    r->route = match->route;
    r->id_text = match->id;
    r->part = match->part;
    if (match->id)
        uuid_parse(match->id, &r->id);
    r->ctx->doing = req_route_name(r);
    if (r->route->who == SIGNED)
        r->ctx->deadline_ms = boot_now_ms() + PATIENCE_SIGNED_MS;
    return NULL;
}

static size_t ceiling_of(const struct route *route)
{
    if (route->flags & LARGE)
        return BODY_LARGE;
    if (route->flags & TAKES_CSV)
        return BODY_CSV;
    return route->who == SIGNED ? BODY_SIGNED : BODY_JSON;
}

static bool typed(struct req *r, const char *type)
{
    const char *given = req_header(r, "Content-Type");
    return given && strncasecmp(given, type, strlen(type)) == 0;
}

/* 415 for what no handler could want, so that it is said before the size is. */
static fallible check_type(struct req *r, size_t length)
{
    unsigned flags = r->route->flags;
    if (length == 0 || r->route->who == SIGNED || r->route->method == GET || r->route->method == DELETE || flags & NO_BODY)
        return NULL;
    if (flags & LENIENT && length <= ceiling_of(r->route))
        return NULL;
    if (flags & TAKES_CSV) {
        if (!typed(r, "text/csv") && !typed(r, "application/csv"))
            FAIL(r->ctx, MEDIA_TYPE, "Send the file as text/csv.");
        return NULL;
    }
    if (!typed(r, "application/json"))
        FAIL(r->ctx, MEDIA_TYPE, "Send the body as application/json.");
    return NULL;
}

static char *room_for(struct arena *a, size_t size)
{
    if (size <= BODY_SMALL)
        return arena_alloc(a, size + 1);
    char *room = malloc(size + 1);
    if (!room)
        abort();
    arena_defer(a, free, room);
    return room;
}

static fallible read_body(struct req *r, const struct exchange *x, size_t length)
{
    char *body = room_for(r->ctx->arena, length);
    size_t got = 0;
    while (got < length) {
        size_t n = x->read(x->data, body + got, length - got);
        if (n == 0)
            FAIL(r->ctx, BAD_REQUEST, "The body ended early.");
        got += n;
    }
    body[length] = '\0';
    r->body = body;
    r->body_size = length;
    return NULL;
}

static fallible take_body(struct req *r, const struct exchange *x)
{
    const char *given = req_env(r, "CONTENT_LENGTH");
    int64_t length = 0;

    if (r->route->flags & NO_BODY)
        return NULL;
    if (given && !str_to_long(given, 0, INT64_MAX, &length))
        FAIL(r->ctx, BAD_REQUEST, "Content-Length is not a number.");
    if (r->route->flags & TAKES_CSV)
        r->body_file = req_env(r, "REQUEST_BODY_FILE");
    TRY(check_type(r, (size_t)length));
    if (r->body_file)
        return NULL;
    if ((uint64_t)length > ceiling_of(r->route))
        FAIL(r->ctx, TOO_LARGE, "The body may have at most %zu bytes.", ceiling_of(r->route));
    return length ? read_body(r, x, (size_t)length) : NULL;
}

static fallible take_request(struct req *r, const struct exchange *x)
{
    TRY(guard_role(r));
    TRY(take_body(r, x));
    return req_take_query(r);
}

static fallible answer(struct req *r, const struct exchange *x)
{
    struct match match;
    TRY(find_route(r, &match));
    if (r->reply.status)
        return NULL;
    TRY(guard_identify(r, &match));
    struct err *err = take_request(r, x);
    if (!err && idempotency_wanted(r))
        return idempotency_run(r);
    if (!err)
        err = r->route->handler(r);
    /* the same race, told in the words of who asked for a condition */
    if (err && str_equal(err->code, "changed_meanwhile") && req_header(r, "If-Match"))
        err = ERR(r->ctx, PRECONDITION, "Somebody has changed it since you read it. Read it again.");
    return guard_settle(r, err);
}

/* The arena is full, and whatever was allocated last is rubbish: all of it goes, and the little that is needed is made anew. */
static struct err *start_over(struct req *r, struct ctx *ctx, const struct settings *settings, const struct exchange *x)
{
    bool large = r->body_size > BODY_SMALL || r->body_file;
    const struct route *route = r->route;
    int trips = ctx->round_trips;
    arena_reset(ctx->arena);
    begin(r, ctx, settings, x);
    ctx->round_trips = trips;
    r->route = route;
    if (route)
        ctx->doing = req_route_name(r);
    if (large)
        return ERR(ctx, TOO_LARGE, "The request needs more memory than one request may use.");
    return ERR(ctx, INTERNAL, "the arena is full");
}

static bool not_modified(struct req *r)
{
    const char *wanted = req_header(r, "If-None-Match");
    if (!wanted || !r->route || r->reply.status != 200 || r->route->method != GET)
        return false;
    for (unsigned i = 0; i < r->reply.header_count; i++) {
        if (str_starts(r->reply.header[i], "ETag: ") && strstr(wanted, r->reply.header[i] + 6))
            return true;
    }
    return false;
}

static const char *reason(int status)
{
    static const struct { int status; const char *text; } reasons[] = {
        { 200, "OK" }, { 201, "Created" }, { 202, "Accepted" }, { 204, "No Content" }, { 206, "Partial Content" },
        { 302, "Found" }, { 303, "See Other" }, { 304, "Not Modified" }, { 307, "Temporary Redirect" }, { 400, "Bad Request" },
        { 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" }, { 405, "Method Not Allowed" }, { 409, "Conflict" },
        { 412, "Precondition Failed" }, { 413, "Content Too Large" }, { 415, "Unsupported Media Type" },
        { 422, "Unprocessable Content" }, { 429, "Too Many Requests" }, { 500, "Internal Server Error" }, { 502, "Bad Gateway" },
        { 503, "Service Unavailable" }, { 504, "Gateway Timeout" },
    };
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i].status == status)
            return reasons[i].text;
    }
    return "Other";
}

static const char *head_as_text(struct req *r, size_t size)
{
    struct reply *reply = &r->reply;
    bool cached = false;
    struct str s = str_make(r->ctx->arena, 32 << 10);

    str_addf(&s, "Status: %d %s\r\n", reply->status, reason(reply->status));
    if (reply->content_type)
        str_addf(&s, "Content-Type: %s\r\n", reply->content_type);
    if (reply->status != 204 && reply->status != 304 && !reply->stream)
        str_addf(&s, "Content-Length: %zu\r\n", size);
    for (unsigned i = 0; i < reply->header_count; i++) {
        cached = cached || str_starts(reply->header[i], "Cache-Control:");
        str_addf(&s, "%s\r\n", reply->header[i]);
    }
    if (!cached)
        str_add(&s, "Cache-Control: no-store\r\n");
    /* how many times the database was asked: visible in browser tools, counted in tests */
    str_addf(&s, "Server-Timing: db;desc=%d\r\n", r->ctx->round_trips);
    str_addf(&s, "X-Request-Id: %s\r\n\r\n", r->ctx->request_id);
    return s.text;
}

static ssize_t write_piece(void *data, const char *bytes, size_t size)
{
    const struct exchange *x = data;

    return x->write(x->data, bytes, size) ? (ssize_t)size : -1;
}

/* What fails in the middle has no status any more: the connection is cut, so that nobody takes half a file for a whole one. */
static void send_stream(struct req *r, const struct exchange *x)
{
    FILE *out = fopencookie((void *)x, "w", (cookie_io_functions_t){ .write = write_piece });
    struct err *err = NULL;

    if (out) {
        setvbuf(out, NULL, _IOFBF, STREAM_PIECE);
        err = r->reply.stream(r, out, r->reply.stream_data);
    }
    bool whole = out && !err && !ferror(out);
    if (out && fclose(out))
        whole = false;
    if (!whole)
        x->cut(x->data);
    if (err)
        log_error(r->ctx, "request.cut", KV("because", err_chain(r->ctx->arena, err)));
}

static void send(struct req *r, const struct exchange *x)
{
    struct reply *reply = &r->reply;
    if (not_modified(r)) {
        reply->status = 304;
        reply->content_type = NULL;
        reply->stream = NULL;
        reply->body_size = 0;
    }
    const char *head = head_as_text(r, reply->body_size);
    if (!x->write(x->data, head, strlen(head)) || str_equal(r->method, "HEAD"))
        return;
    if (reply->stream)
        send_stream(r, x);
    else if (reply->body_size)
        x->write(x->data, reply->body, reply->body_size);
}

void dispatch(struct ctx *ctx, const struct settings *settings, const struct exchange *x)
{
    struct req r;
    double started = boot_now_seconds();

    begin(&r, ctx, settings, x);
    struct err *err = answer(&r, x);
    if (arena_overflowed(ctx->arena))
        err = start_over(&r, ctx, settings, x);
    else if (!err && !r.reply.status)
        err = ERR(ctx, INTERNAL, "the handler gave no answer");
    if (err)
        reply_problem(&r, err);
    if (err && err_http_status(err->kind) >= 500)
        log_error(ctx, "request.failed", KV("status", r.reply.status), KV("because", err_chain(ctx->arena, err)));
    send(&r, x);
    double seconds = boot_now_seconds() - started;
    measure_request(&r, seconds);
    log_info(ctx, "request.done", KV("method", r.method), KV("status", r.reply.status), KV("ms", (int64_t)(seconds * 1000)),
             KV("round_trips", ctx->round_trips), KV("bytes", r.reply.body_size));
    arena_reset(ctx->arena);
    *ctx = (struct ctx){ .arena = ctx->arena, .db = ctx->db };
}
