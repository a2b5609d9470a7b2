/*
 * dialer/courier.c - see dialer/courier.h.
 */
#include "courier.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "flight.h"
#include "service/webhooks.h"

enum {
    TURN_MS = 250, TEND_MS = 5000, TIMEOUT_MS = 15000,
    MOST_UNDER_WAY = 256,
    MOST_AT_ONCE = 64,                                          /* of one turn, so that calls are not kept waiting */
    KEPT_OF_ANSWER = 1024,
};

/* One message on its way, and afterwards what came of it. */
struct message {
    struct courier *courier;
    struct uuid     tenant, delivery;
    int             status;                                     /* 0 = no answer */
    int             took_ms;
    char            error[160], response[KEPT_OF_ANSWER + 1];
    struct message *next;                                       /* among those that wait to be recorded */
};

struct courier {
    struct dialer  *dialer;
    struct arena   *arena;                                      /* of what lives as long as this */
    struct networks beyond;
    int             percent, queue;
    unsigned        under_way;
    bool            more;                                       /* the last turn took all it could */
    struct message *unrecorded, *unsent;                        /* unsent: given up, to be given back */
    int64_t         turn_at_ms, tend_at_ms;
};

struct courier *courier_create(struct dialer *d)
{
    struct courier *c = calloc(1, sizeof *c);

    if (!c)
        abort();
    c->dialer = d;
    c->arena = arena_create(64 << 10);
    c->beyond = webhook_beyond(c->arena, d->settings);
    c->percent = (int)settings_number(d->settings->webhook_percent);
    c->queue = (int)settings_number(d->settings->webhook_queue);
    return c;
}

static void forget(struct message **list)
{
    while (*list) {
        struct message *first = *list;
        *list = first->next;
        free(first);
    }
}

void courier_destroy(struct courier *c)
{
    forget(&c->unrecorded);
    forget(&c->unsent);
    arena_destroy(c->arena);
    free(c);
}

int64_t courier_next_ms(const struct courier *c)
{
    return c->turn_at_ms;
}

/* ---- answers ---- */

static fallible record(struct courier *c, const struct message *m)
{
    struct rows rows;
    struct ctx *ctx = dialer_as(c->dialer, m->tenant);

    TRY(db_rows(ctx, SQL_WEBHOOK_SETTLE, &rows,
                P(m->delivery, m->status ? param_int(m->status) : param_text(NULL), m->error[0] ? m->error : NULL, m->took_ms,
                  m->status ? m->response : NULL, c->percent)));
    const char *state = row_text(&rows, 0, "state");
    if (!str_equal(state, "delivered"))
        log_info(ctx, "webhook.not_delivered", KV("delivery", uuid_text(ctx->arena, m->delivery)), KV("status", m->status), KV("state", state));
    return NULL;
}

static bool recorded(struct courier *c, const struct message *m)
{
    struct err *err = record(c, m);

    if (err && err->kind != ERR_NOT_FOUND)
        dialer_failed(c->dialer, "webhook", err);
    return !err || err->kind == ERR_NOT_FOUND;
}

void courier_record_again(struct courier *c)
{
    while (c->unrecorded && recorded(c, c->unrecorded)) {
        struct message *first = c->unrecorded;
        c->unrecorded = first->next;
        free(first);
    }
}

static void answered(void *data, const struct http_answer *answer)
{
    struct message *m = data;
    struct courier *c = m->courier;

    c->under_way--;
    c->turn_at_ms = c->more ? 0 : c->turn_at_ms;
    if (answer->outcome != HTTP_ANSWERED && dialer_leaving(c->dialer)) {
        m->next = c->unsent;
        c->unsent = m;
        return;
    }
    m->took_ms = (int)answer->took_ms;
    if (answer->outcome == HTTP_ANSWERED) {
        m->status = (int)answer->status;
        strncat(m->response, utf8_shown(c->dialer->arena, answer->body, answer->body_size, KEPT_OF_ANSWER), KEPT_OF_ANSWER);
    } else {
        strncat(m->error, utf8_shown(c->dialer->arena, answer->error, strlen(answer->error), sizeof m->error - 1), sizeof m->error - 1);
    }
    if (recorded(c, m)) {
        free(m);
    } else {
        m->next = c->unrecorded;
        c->unrecorded = m;
    }
}

void courier_return(struct courier *c)
{
    const char *ids[MOST_UNDER_WAY];
    size_t count = 0;

    for (const struct message *m = c->unsent; m; m = m->next)
        ids[count++] = uuid_text(c->dialer->arena, m->delivery);
    if (count == 0)
        return;
    struct err *err = db_global_run(dialer_as(c->dialer, (struct uuid){ 0 }), SQL_WEBHOOK_RETURN, NULL, P(param_array(ids, count)));
    if (err)
        dialer_failed(c->dialer, "webhook", err);               /* their loan runs out by itself */
}

/* ---- sending ---- */

/* One signature for each secret that counts. */
static const char *signatures(struct ctx *ctx, const struct rows *rows, size_t i, const char *id, int64_t at, const char *body)
{
    static const char *const columns[] = { "secret_sealed", "old_secret_sealed" };
    const char *all = NULL;

    for (size_t k = 0; k < 2; k++) {
        const char *sealed = row_text(rows, i, columns[k]);
        const char *secret = sealed ? secret_unseal(ctx->arena, ctx->tenant, WEBHOOK_SECRET, sealed) : NULL;
        const char *one = secret ? webhook_sign(ctx->arena, secret, id, at, body, strlen(body)) : NULL;
        if (one)
            all = all ? arena_printf(ctx->arena, "%s %s", all, one) : one;
    }
    return all;
}

static fallible prepare(struct courier *c, struct ctx *ctx, const struct rows *rows, size_t i, struct http_request *out)
{
    const char *id = row_text(rows, i, "event_id"), *body;
    int64_t at = utc_seconds(utc_now());

    TRY(webhook_message(ctx, row_text(rows, i, "type"), (struct utc){ row_int(rows, i, "created_us") }, row_int(rows, i, "seq"),
                        row_text(rows, i, "object"), &body));
    const char *signature = signatures(ctx, rows, i, id, at, body);
    if (!signature)
        FAIL(ctx, INTERNAL, "The endpoint's secret cannot be opened: it was sealed under another master key. Rotate it.");
    const char **headers = arena_array(ctx->arena, 5, sizeof *headers);
    headers[0] = "Content-Type: application/json";
    headers[1] = arena_printf(ctx->arena, "webhook-id: %s", id);
    headers[2] = arena_printf(ctx->arena, "webhook-timestamp: %lld", (long long)at);
    headers[3] = arena_printf(ctx->arena, "webhook-signature: %s", signature);
    *out = (struct http_request){ .method = "POST", .url = row_text(rows, i, "url"), .headers = headers, .body = body, .body_size = strlen(body),
                                  .timeout_ms = TIMEOUT_MS, .answer_ceiling = KEPT_OF_ANSWER, .once = true, .clip = true, .beyond = &c->beyond };
    return NULL;
}

static void send_one(struct courier *c, const struct rows *rows, size_t i)
{
    struct message *m = calloc(1, sizeof *m);
    struct http_request request;

    if (!m)
        abort();
    m->courier = c;
    m->tenant = row_uuid(rows, i, "tenant_id");
    m->delivery = row_uuid(rows, i, "delivery_id");
    struct err *err = prepare(c, dialer_as(c->dialer, m->tenant), rows, i, &request);
    c->under_way++;
    if (err)
        answered(m, &(struct http_answer){ .outcome = HTTP_NOT_SENT, .error = err->message });
    else
        http_loop_start(c->dialer->http, &request, answered, m);
}

static void tend(struct courier *c)
{
    struct rows rows;
    struct ctx *ctx = dialer_as(c->dialer, (struct uuid){ 0 });
    struct err *err = db_global_rows(ctx, SQL_WEBHOOK_TEND, &rows, P(c->queue));

    if (err)
        dialer_failed(c->dialer, "webhook", err);
    else if (row_int(&rows, 0, "changed") > 0)
        log_warning(ctx, "webhook.queues", KV("changed", row_int(&rows, 0, "changed")));
}

void courier_turn(struct courier *c)
{
    int64_t now_ms = boot_now_ms();
    struct rows rows;

    courier_record_again(c);
    if (now_ms < c->turn_at_ms)
        return;
    c->turn_at_ms = now_ms + TURN_MS;
    if (c->unrecorded)                                          /* the database is away */
        return;
    if (now_ms >= c->tend_at_ms) {
        c->tend_at_ms = now_ms + TEND_MS;
        tend(c);
    }
    unsigned room = MOST_UNDER_WAY - c->under_way, most = room < MOST_AT_ONCE ? room : MOST_AT_ONCE;
    if (most == 0)
        return;
    struct err *err = db_global_rows(dialer_as(c->dialer, (struct uuid){ 0 }), SQL_WEBHOOK_CLAIM, &rows, P((int)most));
    if (err) {
        dialer_failed(c->dialer, "webhook", err);
        return;
    }
    c->more = rows.count > 0;                                   /* an endpoint's places are few: a place that is free again is used at once */
    for (size_t i = 0; i < rows.count; i++)
        send_one(c, &rows, i);
}
