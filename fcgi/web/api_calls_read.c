/*
 * web/api_calls_read.c - calls over HTTP, for reading: list (JSON or CSV), one, its events.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"
#include "model/call.h"
#include "model/csv.h"
#include "store/calls_read.h"
#include "store/leads.h"
#include "web/api.h"
#include "web/csv_reply.h"

#define CSV_PAGE 500

static fallible read_id(struct req *r, const char *name, struct uuid *out)
{
    const char *text = req_query(r, name);

    if (text && !uuid_parse(text, out))
        FAIL_FIELD(r->ctx, name, "malformed", "%s must be a UUID of 36 characters", name);
    return NULL;
}

static fallible read_instant(struct req *r, const char *name, struct utc *out)
{
    const char *text = req_query(r, name);

    if (text && !utc_parse(text, out))
        FAIL_FIELD(r->ctx, name, "malformed", "%s must be an instant such as 2026-01-31T09:00:00Z", name);
    return NULL;
}

static fallible read_filter(struct req *r, struct call_filter *out)
{
    *out = (struct call_filter){ .status = req_query(r, "status") };
    bool good = !out->status;
    for (const char *const *name = call_status_names; *name; name++)
        good = good || str_equal(*name, out->status);
    if (!good)
        FAIL_FIELD(r->ctx, "status", "not_one_of", "status is one of planned, dialing, ringing, in_progress, completed, busy, no_answer, failed, canceled and unknown");
    TRY(read_id(r, "campaign_id", &out->campaign));
    TRY(read_id(r, "agent_id", &out->agent));
    if (req_query(r, "lead_id"))
        TRY(leads_resolve_one(r->ctx, "lead_id", req_query(r, "lead_id"), &out->lead));
    TRY(read_instant(r, "from", &out->from));
    return read_instant(r, "to", &out->to);
}

static void write_line(FILE *out, struct arena *a, const struct call *c)
{
    const char *const cell[] = {
        uuid_text(a, c->id), c->direction, c->status, c->from_number, c->to_number, c->duration, utc_text(a, c->created_at),
        utc_text(a, c->answered_at), utc_text(a, c->ended_at), uuid_text(a, c->assigned_to), uuid_text(a, c->campaign_id),
        uuid_text(a, c->lead_id), c->call_sid, c->answered_by, c->outcome, c->failure,
        c->price, c->price_currency, c->price ? c->price_estimated ? "yes" : "no" : NULL,
    };
    for (size_t i = 0; i < sizeof cell / sizeof *cell; i++)
        csv_write_cell(out, i == 0, cell[i]);
    csv_end_line(out);
}

/* Every page of the list, each in memory of its own. */
static fallible write_all(struct req *r, const struct call_filter *filter, FILE *out)
{
    struct arena *arena = r->ctx->arena, *mine = arena_create((size_t)16 << 20);
    struct ctx *ctx = ARENA_NEW(arena, struct ctx);
    struct page page = { .limit = CSV_PAGE };
    struct err *err = NULL;

    for (bool more = true; more && !err;) {
        struct list rows;
        *ctx = *r->ctx;
        ctx->arena = mine;
        err = calls_list(ctx, filter, page.limit, page.after, &rows);
        more = !err && rows.count > (size_t)page.limit;
        for (size_t i = 0; !err && i < rows.count && i < (size_t)page.limit; i++) {
            const struct call *c = (const struct call *)rows.item + i;
            write_line(out, mine, c);
            page.after = c->id;
        }
        if (err)
            err = err_make(arena, __FILE__, __LINE__, err->kind, NULL, NULL, "%s", arena_text(arena, err->message));
        arena_reset(mine);
    }
    arena_destroy(mine);
    return err;
}

static fallible write_calls(struct req *r, FILE *out, void *filter)
{
    fputs("id,direction,status,from_number,to_number,duration,created_at,answered_at,ended_at,assigned_to,campaign_id,lead_id,call_sid,"
          "answered_by,outcome,failure,price,price_currency,price_estimated\r\n", out);
    return write_all(r, filter, out);
}

/* GET .../calls?status&campaign_id&agent_id&lead_id&from&to */
fallible api_call_list(struct req *r)
{
    struct call_filter filter;
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(read_filter(r, &filter));
    if (req_wants_csv(r)) {
        struct call_filter *kept = ARENA_NEW(r->ctx->arena, struct call_filter);
        *kept = filter;
        return csv_reply(r, "calls.csv", write_calls, kept);
    }
    TRY(calls_list(r->ctx, &filter, page.limit, page.after, &rows));
    return reply_list(r, &page, &call_shape, &rows);
}

/* GET .../calls/:id */
fallible api_call_get(struct req *r)
{
    struct call c;

    TRY(calls_find(r->ctx, r->id, &c));
    return reply_json(r, 200, &call_shape, &c);
}

/* GET .../calls/:id/events */
fallible api_call_events(struct req *r)
{
    struct call c;
    struct page page = { .limit = 1000 };
    struct list rows;

    TRY(calls_find(r->ctx, r->id, &c));
    TRY(calls_events(r->ctx, r->id, &rows));
    return reply_list(r, &page, &call_event_shape, &rows);
}
