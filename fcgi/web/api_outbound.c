/*
 * web/api_outbound.c - the auto-dialer's paths, /api/outbound-caller/..., for signed-in people and programs.
 *
 * The carrier's half of the same paths (voice, gather, call-status) is hook_calls.c.
 */
#include "base/log.h"
#include "model/phone.h"
#include "model/states.h"
#include "service/calls.h"
#include "service/runs.h"
#include "store/campaigns.h"
#include "web/api.h"

/* campaign_id of the query, else of the body, else the tenant's default run. */
static fallible wanted_campaign(struct req *r, const struct json *body, struct uuid *out)
{
    const char *text = req_query(r, "campaign_id");
    struct uuid given = { 0 };

    if (!text)
        text = json_string(json_get(body, "campaign_id"));
    if (text && !uuid_parse(text, &given))
        FAIL(r->ctx, NOT_FOUND, "There is no such campaign.");
    return svc_run_campaign(r->ctx, given, out);
}

/* -1: not given. */
static fallible wanted_interval(struct req *r, const struct json *body, int64_t *interval_ms)
{
    const struct json *value = json_get(body, "intervalMinutes");
    double minutes;

    *interval_ms = -1;
    if (json_type_of(value) == JSON_NULL)
        return NULL;
    if (!json_number(value, &minutes) || minutes < 0 || minutes > 1440)
        FAIL_FIELD(r->ctx, "intervalMinutes", "out_of_range", "intervalMinutes is a number from 0 to 1440; fractions are allowed.");
    *interval_ms = (int64_t)(minutes * 60000 + 0.5);
    return NULL;
}

static struct json_out *success(struct req *r)
{
    struct json_out *out = reply_object(r);

    json_name(out, "success");
    json_put_flag(out, true);
    return out;
}

static void put_text(struct json_out *out, const char *name, const char *value)
{
    json_name(out, name);
    json_put_string(out, value);
}

/* ---- runs ---- */

static void write_skipped(struct json_out *out, const struct run_started *run)
{
    json_name(out, "skipped");
    json_open_array(out);
    for (size_t i = 0; i < run->skip_count; i++) {
        json_open_object(out);
        json_name(out, "index");
        json_put_integer(out, run->skip[i].index);
        put_text(out, "phone", run->skip[i].phone);
        put_text(out, "reason", run->skip[i].reason);
        json_close_object(out);
    }
    json_close_array(out);
}

static fallible reply_started(struct req *r, const struct run_started *run)
{
    struct json_out *out = success(r);

    put_text(out, "status", "started");
    json_name(out, "totalLeads");
    json_put_integer(out, run->total);
    write_skipped(out, run);
    json_name(out, "intervalMinutes");
    json_put_real(out, (double)run->interval_ms / 60000);
    return reply_object_end(r, 200);
}

/* POST /api/outbound-caller/start */
fallible api_outbound_start(struct req *r)
{
    const struct json *body;
    struct uuid campaign;
    int64_t interval_ms;
    struct run_started run = { 0 };
    struct progress progress;

    TRY(req_object(r, &body));
    TRY(wanted_interval(r, body, &interval_ms));
    const struct json *leads = json_get(body, "leads");
    if (json_type_of(leads) != JSON_ARRAY && json_type_of(leads) != JSON_NULL)
        FAIL_FIELD(r->ctx, "leads", "wrong_type", "leads is a list of objects with business_name, phone and category.");
    TRY(wanted_campaign(r, body, &campaign));
    if (json_type_of(leads) == JSON_ARRAY) {
        TRY(svc_run_start(r->ctx, r->settings, campaign, leads, interval_ms < 0 ? 120000 : interval_ms, &run));
        return reply_started(r, &run);
    }
    TRY(svc_run_resume(r->ctx, r->settings, campaign, interval_ms));
    TRY(campaigns_progress(r->ctx, campaign, &progress));
    run.total = progress.total_leads;
    run.interval_ms = (int64_t)(progress.interval_minutes * 60000 + 0.5);
    return reply_started(r, &run);
}

/* POST /api/outbound-caller/stop */
fallible api_outbound_stop(struct req *r)
{
    const struct json *body;
    struct uuid campaign;
    struct progress progress;

    TRY(req_object(r, &body));
    TRY(wanted_campaign(r, body, &campaign));
    TRY(svc_run_hold(r->ctx, campaign, "stopped"));
    TRY(campaigns_progress(r->ctx, campaign, &progress));
    struct json_out *out = success(r);
    put_text(out, "status", "stopped");
    json_name(out, "callsMade");
    json_put_integer(out, progress.calls_made);
    json_name(out, "totalLeads");
    json_put_integer(out, progress.total_leads);
    return reply_object_end(r, 200);
}

/* GET /api/outbound-caller/status */
fallible api_outbound_status(struct req *r)
{
    struct uuid campaign;
    struct progress progress;

    TRY(wanted_campaign(r, NULL, &campaign));
    TRY(campaigns_progress(r->ctx, campaign, &progress));
    shape_write_members(success(r), &progress_shape, &progress);
    return reply_object_end(r, 200);
}

/* ---- the log ---- */

static const char *log_word(const char *attempt_state, const char *status)
{
    if (str_equal(attempt_state, "refused") || str_equal(attempt_state, "not_placed"))
        return "failed";
    if (str_equal(attempt_state, "permitted") || str_equal(attempt_state, "unknown") || str_equal(attempt_state, "perhaps_placed"))
        return "initiated";
#define X(name, rank, word, about) if (str_equal(status, #name)) return word;
    CALL_STATUSES(X)
#undef X
    return "initiated";
}

static void write_log_row(struct ctx *ctx, struct json_out *out, const struct rows *rows, size_t i)
{
    json_open_object(out);
    put_text(out, "callSid", row_text(rows, i, "call_sid"));
    put_text(out, "phone", row_text(rows, i, "phone"));
    json_name(out, "leadData");
    json_open_object(out);
    put_text(out, "name", row_text(rows, i, "name"));
    put_text(out, "category", row_text(rows, i, "category"));
    json_close_object(out);
    put_text(out, "status", log_word(row_text(rows, i, "state"), row_text(rows, i, "status")));
    put_text(out, "answeredBy", row_text(rows, i, "answered_by"));
    put_text(out, "timestamp", utc_text(ctx->arena, (struct utc){ .us = row_int(rows, i, "at_us") }));
    json_close_object(out);
}

/* GET /api/outbound-caller/logs?limit&cursor */
fallible api_outbound_logs(struct req *r)
{
    struct uuid campaign;
    struct page page;
    struct rows rows;

    TRY(req_page(r, &page));
    TRY(wanted_campaign(r, NULL, &campaign));
    TRY(db_rows(r->ctx, SQL_RUN_LOG, &rows, P(campaign, page.limit + 1, page.after)));
    size_t shown = rows.count > (size_t)page.limit ? (size_t)page.limit : rows.count;
    struct json_out *out = success(r);
    json_name(out, "logs");
    json_open_array(out);
    for (size_t i = 0; i < shown; i++)
        write_log_row(r->ctx, out, &rows, i);
    json_close_array(out);
    struct uuid last = shown ? row_uuid(&rows, shown - 1, "id") : (struct uuid){ 0 };
    put_text(out, "next_cursor", rows.count > shown ? base64url_encode(r->ctx->arena, last.byte, sizeof last.byte) : NULL);
    return reply_object_end(r, 200);
}

/* ---- one call ---- */

static fallible reply_placed(struct req *r, const struct call_placed *placed, const char *phone)
{
    bool failed = call_not_placed(placed), unknown = !placed->sid && !failed;
    struct json_out *out = reply_object(r);

    json_name(out, "success");
    json_put_flag(out, !failed);
    put_text(out, "callSid", placed->sid);
    put_text(out, "callId", uuid_text(r->ctx->arena, placed->conversation));
    put_text(out, "phone", phone);
    if (failed || unknown)
        put_text(out, "status", failed ? "failed" : "unknown");
    return reply_object_end(r, unknown ? 202 : 200);
}

static fallible find_lead(struct req *r, const struct json *body, const char *phone, const char *original, struct uuid *out)
{
    const struct json *data = json_get(body, "leadData");
    struct rows rows;

    TRY(db_rows(r->ctx, SQL_RUN_LEAD, &rows, P(json_string(json_get(data, "name")), phone, original, json_string(json_get(data, "category")), param_text(NULL))));
    *out = row_uuid(&rows, 0, "lead_id");
    return NULL;
}

/* POST /api/outbound-caller/call */
fallible api_outbound_call(struct req *r)
{
    const struct json *body;
    struct call_wish wish = { .kind = "single" };
    struct call_placed placed;
    struct e164 number;
    const char *country;
    bool policy;

    TRY(req_object(r, &body));
    if (!uuid_is_none(r->replay_attempt)) {
        TRY(svc_call_stand(r->ctx, r->replay_attempt, &placed));
        return reply_placed(r, &placed, placed.phone);
    }
    const char *phone = json_string(json_get(body, "phone"));
    TRY(wanted_campaign(r, body, &wish.campaign));
    TRY(svc_run_ready(r->ctx, r->settings, wish.campaign, &country, &policy));
    enum dial_policy_verdict verdict = dial_policy_check(phone, country, policy, &number);
    if (verdict != DIAL_POLICY_OK) {
        const char *reason = verdict == DIAL_POLICY_MISSING_PHONE ? "invalid_number" : dial_policy_reason(verdict);
        struct err *err = ERR_CODE(r->ctx, INVALID, reason, "%s. Give the number in E.164 format, e.g. +12125551234.", dial_policy_message(verdict));
        return err_field(r->ctx->arena, err, "phone", reason, "%s.", dial_policy_message(verdict));
    }
    TRY(find_lead(r, body, number.digits, phone, &wish.lead));
    wish.phone = number.digits;
    if (r->idempotency_key) {
        wish.key_principal = r->ctx->principal;
        wish.key_route = req_route_name(r);
        wish.key = r->idempotency_key;
        wish.key_hash = r->idempotency_hash;
    }
    TRY(svc_call_place(r->ctx, r->settings, &wish, &placed));
    return reply_placed(r, &placed, number.digits);
}
