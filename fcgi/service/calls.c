/*
 * service/calls.c - single calls: gate, one request, report.  See service/calls.h.
 */
#include "service/calls.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/str.h"

#define PERMIT_MS   2000
#define DEADLINE_MS 10000                                       /* a person is waiting */
#define WAIT_MS     100

fallible svc_account(struct ctx *ctx, const struct settings *settings, const char *provider, struct account *out)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_CALL_ACCOUNT, &rows, P(provider)));
    if (rows.count == 0)
        FAIL_CODE(ctx, UNAVAILABLE, "not_configured", "Failed to start calling: Twilio not configured. Missing: TWILIO_ACCOUNT_SID, "
                  "TWILIO_AUTH_TOKEN, TWILIO_PHONE_NUMBER (add a provider account).");
    account_open(ctx, settings, &rows, 0, out);
    const char *missing = arena_printf(ctx->arena, "%s%s", out->account_sid ? "" : " TWILIO_ACCOUNT_SID", out->auth_token ? "" : " TWILIO_AUTH_TOKEN");
    if (*missing)
        FAIL_CODE(ctx, UNAVAILABLE, "not_configured", "Failed to start calling: Twilio not configured. Missing:%s.", missing);
    return NULL;
}

/* Turns the gate's refusals into one error: its code is the first rule's, its fields are all of them. */
static struct err *refused_by_gate(struct ctx *ctx, const char *refusals)
{
    const struct json *list = NULL;
    TRY(json_read(ctx->arena, refusals, strlen(refusals), &list));
    const struct json *first = json_at(list, 0);
    struct err *err = err_make(ctx->arena, __FILE__, __LINE__, ERR_CONFLICT, json_string(json_get(first, "code")), NULL, "%s",
                               json_string(json_get(first, "detail")));

    for (size_t i = 0; i < json_length(list); i++) {
        const struct json *rule = json_at(list, i);
        err_field(ctx->arena, err, "phone", json_string(json_get(rule, "code")), "%s", json_string(json_get(rule, "detail")));
        struct err_field *last = err->fields;
        while (last->next)
            last = last->next;
        last->clears_at = json_string(json_get(rule, "clears_at"));
    }
    return err;
}

static fallible report(struct ctx *ctx, struct uuid attempt, const struct dial_result *result, const char **state)
{
    struct rows rows;

    /* The answer is worth more than the caller's patience: it is written even when the deadline has passed. */
    ctx->deadline_ms = boot_now_ms() + 5000;
    TRY(db_rows(ctx, SQL_CALL_REPORT, &rows, P(attempt, result->outcome, result->sid, result->http_status, result->code, result->detail, result->retry_ms)));
    *state = row_text(&rows, 0, "state");
    return NULL;
}

bool call_not_placed(const struct call_placed *placed)
{
    return str_equal(placed->state, "refused") || str_equal(placed->state, "not_placed");
}

fallible svc_call_stand(struct ctx *ctx, struct uuid attempt, struct call_placed *out)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_CALL_ATTEMPT_STATE, &rows, P(attempt)));
    if (rows.count == 0)
        FAIL(ctx, NOT_FOUND, "There is no such call.");
    *out = (struct call_placed){
        .attempt = attempt,
        .conversation = row_uuid(&rows, 0, "conversation_id"),
        .state = row_text(&rows, 0, "state"),
        .sid = row_text(&rows, 0, "provider_sid"),
        .failure = row_text(&rows, 0, "failure"),
        .error_code = row_text(&rows, 0, "error_code"),
        .phone = row_text(&rows, 0, "phone_e164"),
    };
    return NULL;
}

/* An unclear answer often clears up by the first webhook: the person waits for it until the deadline, and no longer. */
static fallible stand_when_known(struct ctx *ctx, struct uuid attempt, int64_t until_ms, struct call_placed *out)
{
    for (;;) {
        ctx->deadline_ms = boot_now_ms() + 5000;
        TRY(svc_call_stand(ctx, attempt, out));
        if (!str_equal(out->state, "unknown") || boot_now_ms() + WAIT_MS > until_ms)
            return NULL;
        nanosleep(&(struct timespec){ .tv_nsec = WAIT_MS * 1000000 }, NULL);
    }
}

static struct err *not_placed(struct ctx *ctx, const struct dial_result *result)
{
    if (str_equal(result->outcome, "refused"))
        return ERR_CODE(ctx, UPSTREAM, "provider_refused", "%s", result->detail);
    if (str_equal(result->outcome, "account"))
        return ERR_CODE(ctx, UPSTREAM, "provider_account", "%s Check the provider account.", result->detail);
    if (str_equal(result->outcome, "caller_id"))
        return ERR_CODE(ctx, UPSTREAM, "provider_caller_id", "%s Choose another caller ID.", result->detail);
    struct err *err = ERR_CODE(ctx, UNAVAILABLE, str_equal(result->outcome, "later") ? "provider_busy" : "provider_unreachable",
                               "%s Nothing was placed; try again.", result->detail);
    err->retry_after_secs = result->retry_ms > 0 ? (int)((result->retry_ms + 999) / 1000) : 1;
    return err;
}

fallible svc_call_place(struct ctx *ctx, const struct settings *settings, const struct call_wish *wish, struct call_placed *out)
{
    struct account account;
    struct rows rows;

    TRY(svc_account(ctx, settings, "twilio", &account));
    TRY(db_ready(ctx));                                         /* the session whose hold vouches for the permit */
    int64_t asked_at = boot_now_ms();
    TRY(db_rows(ctx, SQL_CALL_DIAL_SINGLE, &rows,
                P(wish->kind, wish->lead, wish->phone, wish->campaign, wish->obeys_campaign, db_holder(ctx), wish->agent,
                  settings->default_caller_id ? settings->default_caller_id : settings->twilio_phone_number,
                  wish->key_principal, wish->key_route, wish->key, wish->key_hash)));
    const char *refusals = row_text(&rows, 0, "refusals");
    if (!str_equal(refusals, "[]"))
        return refused_by_gate(ctx, refusals);

    struct dial dial = {
        .attempt = row_uuid(&rows, 0, "attempt_id"), .tenant = ctx->tenant, .to = wish->phone, .from = row_text(&rows, 0, "caller_id"),
        .public_base_url = settings->public_base_url, .ring_seconds = (int)row_int(&rows, 0, "ring_seconds"),
        .machine_detection = row_bool(&rows, 0, "machine_detection"), .wait_for_beep = row_bool(&rows, 0, "wait_for_beep"),
        .async_machine_detection = row_bool(&rows, 0, "async_machine_detection"),
        .machine_detection_timeout_ms = (int)row_int(&rows, 0, "machine_detection_timeout_ms"),
        .send_before_ms = asked_at + PERMIT_MS,
    };
    *out = (struct call_placed){ .attempt = dial.attempt, .conversation = row_uuid(&rows, 0, "conversation_id"), .state = "permitted" };

    /* the campaign may call through another account than the tenant's first */
    if (!uuid_equal(account.id, row_uuid(&rows, 0, "account_id"))) {
        struct rows other;
        TRY(db_rows(ctx, SQL_CALL_ATTEMPT_ACCOUNT, &other, P(dial.attempt)));
        account_open(ctx, settings, &other, 0, &account);
    }

    struct http_request request;
    struct http_answer answer;
    struct dial_result result;
    TRY(provider_twilio.call_request(ctx->arena, &account, &dial, &request));
    request.timeout_ms = DEADLINE_MS - (boot_now_ms() - asked_at) - 200;
    http_send(ctx, &request, &answer);
    provider_twilio.call_answer(ctx->arena, &account, &answer, &result);

    struct err *unreported = report(ctx, dial.attempt, &result, &out->state);
    if (unreported) {
        /* The row says permitted; the dialers settle it as they do for a process that died here. */
        log_error(ctx, "call.unreported", KV("attempt", uuid_text(ctx->arena, dial.attempt)), KV("why", err_chain(ctx->arena, unreported)));
        out->state = "unknown";
        return NULL;
    }
    log_info(ctx, "call.placed", KV("attempt", uuid_text(ctx->arena, dial.attempt)), KV("outcome", result.outcome),
             KV("status", result.http_status), KV("took_ms", answer.took_ms));
    if (str_equal(out->state, "refused") || str_equal(out->state, "not_placed"))
        return not_placed(ctx, &result);
    return stand_when_known(ctx, dial.attempt, asked_at + DEADLINE_MS, out);
}

fallible svc_call_hangup(struct ctx *ctx, const struct settings *settings, struct uuid conversation)
{
    struct account account;
    struct rows line, rows;

    TRY(db_rows(ctx, SQL_CALL_LIVE_LINE, &line, P(conversation)));
    if (line.count == 0)
        FAIL_CODE(ctx, CONFLICT, "call_over", "The call is over already.");
    const char *sid = row_text(&line, 0, "provider_sid");
    if (!sid)
        FAIL_CODE(ctx, CONFLICT, "call_unknown", "The carrier has not confirmed this call yet; try again in a moment.");
    struct uuid attempt = row_uuid(&line, 0, "attempt_id");
    TRY(db_rows(ctx, SQL_CALL_ATTEMPT_ACCOUNT, &rows, P(attempt)));
    account_open(ctx, settings, &rows, 0, &account);

    struct http_request request;
    struct http_answer answer;
    struct call_state state;
    provider_twilio.stop_request(ctx->arena, &account, sid, "live", &request);
    http_send(ctx, &request, &answer);
    if (answer.outcome == HTTP_ANSWERED && answer.status == 400)
        return NULL;                                            /* over already; its callback or the reconciler says so */
    if (!provider_twilio.stop_answer(ctx->arena, &answer, &state))
        FAIL_CODE(ctx, UPSTREAM, "provider_unreachable", "The carrier did not answer; the call may still be going on. Try again.");
    if (str_equal(state.status, "completed") || str_equal(state.status, "canceled"))
        TRY(db_rows(ctx, SQL_CALL_NEWS, &rows, P(attempt, sid, state.status, state.ended_at,
                                                 state.duration >= 0 ? param_int(state.duration) : param_text(NULL), state.answered_by)));
    return NULL;
}
