/*
 * web/api_calls.c - single calls over HTTP: placing one, hanging it up.  Reading them is api_calls_read.c.
 */
#include "model/call.h"
#include "model/phone.h"
#include "service/calls.h"
#include "service/runs.h"
#include "store/calls_read.h"
#include "web/api.h"
#include "web/schemas.h"

static const char *const modes[] = { "direct", "agent_first", "ai", NULL };

struct call_body {
    const char *mode, *phone, *lead_id;
    struct uuid campaign_id, agent_id;
};

const struct shape call_body_shape = SHAPE(struct call_body, "call",
    FIELD(struct call_body, mode,        IN | REQUIRED, .among = modes),
    FIELD(struct call_body, phone,       IN, .longest = 64),
    FIELD(struct call_body, lead_id,     IN, .longest = 200),
    FIELD(struct call_body, campaign_id, IN),
    FIELD(struct call_body, agent_id,    IN));

/* The number of the body, or of the lead it names. */
static fallible find_number(struct req *r, const struct call_body *body, const char *country, struct call_wish *wish, struct e164 *number)
{
    struct rows rows;
    struct uuid id = { 0 };

    if (body->lead_id) {
        uuid_parse(body->lead_id, &id);
        TRY(db_rows(r->ctx, SQL_LEAD_FOR_CALL, &rows, P(id, body->lead_id)));
        if (rows.count == 0)
            FAIL_FIELD(r->ctx, "lead_id", "not_found", "There is no such lead.");
        wish->lead = row_uuid(&rows, 0, "id");
        if (!body->phone) {
            wish->phone = row_text(&rows, 0, "phone_e164");
            if (!wish->phone)
                FAIL_FIELD(r->ctx, "lead_id", "invalid_number", "The lead's phone number is not valid; correct it first.");
            return NULL;
        }
    }
    if (!body->phone)
        FAIL_FIELD(r->ctx, "phone", "required", "Give phone or lead_id.");
    enum phone_verdict verdict = phone_normalize(body->phone, country, number);
    if (verdict != PHONE_OK)
        FAIL_FIELD(r->ctx, "phone", phone_verdict_code(verdict), "%s", phone_verdict_message(verdict));
    wish->phone = number->digits;
    return NULL;
}

static fallible reply_call(struct req *r, const struct call_placed *placed)
{
    struct call call;

    TRY(calls_find(r->ctx, placed->conversation, &call));
    reply_header(r, "Location", "/api/v1/tenants/%s/calls/%s", uuid_text(r->ctx->arena, r->ctx->tenant), uuid_text(r->ctx->arena, placed->conversation));
    return reply_json(r, placed->sid || call_not_placed(placed) ? 201 : 202, &call_shape, &call);
}

/* POST /api/v1/tenants/:tenant/calls */
fallible api_call_create(struct req *r)
{
    struct call_body body = { 0 };
    struct call_wish wish = { .kind = "single", .obeys_campaign = true };
    struct call_placed placed;
    struct e164 number;
    const char *country;
    bool policy;

    TRY(req_create(r, &call_body_shape, &body));
    if (!str_equal(body.mode, "direct"))
        return err_field(r->ctx->arena, ERR_CODE(r->ctx, INVALID, "unsupported_mode", "Calls of mode \"%s\" cannot be placed yet; use \"direct\".", body.mode),
                         "mode", "unsupported_mode", "Use \"direct\".");
    if (!uuid_is_none(r->replay_attempt)) {
        TRY(svc_call_stand(r->ctx, r->replay_attempt, &placed));
        return reply_call(r, &placed);
    }
    TRY(svc_run_ready(r->ctx, r->settings, body.campaign_id, &country, &policy));
    TRY(find_number(r, &body, country, &wish, &number));
    wish.campaign = body.campaign_id;
    wish.agent = body.agent_id;
    if (r->idempotency_key) {
        wish.key_principal = r->ctx->principal;
        wish.key_route = req_route_name(r);
        wish.key = r->idempotency_key;
        wish.key_hash = r->idempotency_hash;
    }
    TRY(svc_call_place(r->ctx, r->settings, &wish, &placed));
    return reply_call(r, &placed);
}

/* POST /api/v1/tenants/:tenant/calls/:id/hangup */
fallible api_call_hangup(struct req *r)
{
    struct call call;

    TRY(calls_find(r->ctx, r->id, &call));
    TRY(svc_call_hangup(r->ctx, r->settings, r->id));
    TRY(calls_find(r->ctx, r->id, &call));
    return reply_json(r, 200, &call_shape, &call);
}
