/*
 * web/hook_calls.c - what carriers call during a call: documents to speak by, and news of its lines.
 *
 * Each is one statement behind the signature check.  Documents never fail towards the person on the line: when the database is
 * away or slow the answer is 200 with a fixed apology.  News is answered 503 then, and the carrier repeats it.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "model/script.h"
#include "provider/twiml.h"
#include "web/api.h"
#include "web/hook.h"
#include "web/measure.h"
#include "web/route.h"

#define AGAIN 2                                                 /* how often a document is asked for again */

static fallible reply_twiml(struct req *r, const char *document)
{
    return reply_text(r, 200, "text/xml; charset=utf-8", document, strlen(document));
}

/*
 * Somebody is on the line, who may just have opted out: when the connection was lost in the middle, the statement is said
 * again, which it allows; a new connection is tried for as long as the database layer finds that worth it.  What then is
 * still our own trouble becomes the apology; everything else stays an error.
 */
static fallible spoken(struct req *r, fallible (*document)(struct req *))
{
    struct err *err = document(r);

    for (int again = 0; again < AGAIN && err && err->kind == ERR_UNAVAILABLE && boot_now_ms() < r->ctx->deadline_ms; again++)
        err = document(r);
    if (!err || err_http_status(err->kind) < 500)
        return err;
    log_error(r->ctx, "twiml.apology", KV("why", err_chain(r->ctx->arena, err)));
    r->reply = (struct reply){ 0 };
    return reply_twiml(r, twiml_apology);
}

static fallible refuse_foreign(struct req *r)
{
    measure_webhook_refused("foreign");
    FAIL(r->ctx, FORBIDDEN, "This request does not belong to that call.");
}


/* A sentence of the campaign, or the default one, with names filled in. */
static const char *sentence(struct req *r, const struct rows *rows, const char *column, enum script_part part)
{
    const char *text = row_text(rows, 0, column);

    return script_fill(r->ctx->arena, text ? text : script_default(row_text(rows, 0, "locale"), part),
                       row_text(rows, 0, "persona"), row_text(rows, 0, "company"));
}

static fallible say(struct req *r, const char *locale, const char *text)
{
    const char *document;

    TRY(twiml_say(r->ctx->arena, locale, text, &document));
    return reply_twiml(r, document);
}

/* ---- calls that are not ours ---- */

static fallible inbound(struct req *r, const struct hook *hook, const char *kind)
{
    struct rows rows;

    TRY(db_global_rows(r->ctx, SQL_HOOK_INBOUND, &rows, P(hook->accounts, hook->event.sid, hook->event.to, kind, hook->event.payload)));
    if (rows.count == 0)
        return refuse_foreign(r);
    const char *locale = row_text(&rows, 0, "locale");
    return say(r, locale, script_fill(r->ctx->arena, script_default(locale, SCRIPT_INBOUND), "", row_text(&rows, 0, "company")));
}

static fallible inbound_voice(struct req *r)
{
    struct hook hook;

    TRY(hook_enter(r, &hook));
    return inbound(r, &hook, "inbound");
}

fallible hook_inbound(struct req *r)
{
    return spoken(r, inbound_voice);
}

/* Kinds of news that nothing listens to yet: genuine ones are kept, and answered as their sender expects. */
fallible hook_keep(struct req *r)
{
    struct hook hook;
    struct rows rows;

    TRY(hook_enter(r, &hook));
    TRY(db_global_rows(r->ctx, SQL_HOOK_INBOUND, &rows,
                       P(hook.accounts, hook.event.sid, hook.event.to, strrchr(r->route->pattern, '/') + 1, hook.event.payload)));
    if (rows.count == 0)
        return refuse_foreign(r);
    return reply_empty(r, 204);
}

/* ---- the auto-dialer's documents ---- */

static fallible voice(struct req *r)
{
    struct hook hook;
    struct rows rows;
    const char *document;

    TRY(hook_enter(r, &hook));
    TRY(db_global_rows(r->ctx, SQL_HOOK_VOICE, &rows, P(hook.tenant, hook.attempt, hook.accounts, hook.event.sid, hook.event.answered_by,
                                                        arena_printf(r->ctx->arena, "voice:%.40s:%s", hook.event.sid, hook.event.answered_by ? hook.event.answered_by : "-"),
                                                        hook.event.payload)));
    const char *mode = row_text(&rows, 0, "mode");
    const char *locale = row_text(&rows, 0, "locale");
    if (str_equal(mode, "foreign"))
        return refuse_foreign(r);
    if (str_equal(mode, "stray"))
        return inbound(r, &hook, "voice");
    if (str_equal(mode, "hangup"))
        return reply_twiml(r, twiml_hangup);
    if (str_equal(mode, "machine"))
        return say(r, locale, sentence(r, &rows, "voicemail", SCRIPT_VOICEMAIL));

    const char *gather = arena_printf(r->ctx->arena, "%s/api/outbound-caller/gather?a=%s&t=%s" TWILIO_CALLBACK_RETRIES, r->settings->public_base_url,
                                      row_text(&rows, 0, "attempt_id"), row_text(&rows, 0, "tenant_id"));
    TRY(twiml_menu(r->ctx->arena, locale, sentence(r, &rows, "greeting", SCRIPT_GREETING), sentence(r, &rows, "no_input", SCRIPT_NO_INPUT), gather, &document));
    return reply_twiml(r, document);
}

fallible hook_voice(struct req *r)
{
    return spoken(r, voice);
}

static fallible gather(struct req *r)
{
    struct hook hook;
    struct rows rows;
    const char *document;

    TRY(hook_enter(r, &hook));
    const char *digits = hook.event.digits ? hook.event.digits : "";
    TRY(db_global_rows(r->ctx, SQL_HOOK_GATHER, &rows, P(hook.tenant, hook.attempt, hook.accounts, hook.event.sid,
                                                         arena_printf(r->ctx->arena, "%.8s", digits), r->settings->agent_phone_number,
                                                         arena_printf(r->ctx->arena, "gather:%.40s:%.8s", hook.event.sid, digits), hook.event.payload)));
    const char *mode = row_text(&rows, 0, "mode");
    const char *locale = row_text(&rows, 0, "locale");
    if (str_equal(mode, "foreign"))
        return refuse_foreign(r);
    if (str_equal(mode, "opted_out"))
        return say(r, locale, sentence(r, &rows, "said", SCRIPT_OPTED_OUT));
    if (str_equal(mode, "no_input"))
        return say(r, locale, sentence(r, &rows, "said", SCRIPT_NO_INPUT));
    if (str_equal(mode, "no_agent"))
        return say(r, locale, script_default(locale, SCRIPT_NO_AGENT));
    if (!str_equal(mode, "connect"))
        return reply_twiml(r, twiml_hangup);

    const char *status = arena_printf(r->ctx->arena, "%s/api/outbound-caller/call-status?a=%s&t=%s" TWILIO_CALLBACK_RETRIES, r->settings->public_base_url,
                                      row_text(&rows, 0, "attempt_id"), row_text(&rows, 0, "tenant_id"));
    TRY(twiml_connect(r->ctx->arena, locale, sentence(r, &rows, "said", SCRIPT_CONNECTING), row_text(&rows, 0, "caller_id"),
                      row_text(&rows, 0, "agent_phone"), status, &document));
    return reply_twiml(r, document);
}

fallible hook_gather(struct req *r)
{
    return spoken(r, gather);
}

/* ---- news ---- */

static fallible store_status(struct req *r, const struct hook *hook, const char *source_key)
{
    const struct carrier_event *e = &hook->event;
    struct rows rows;

    TRY(db_global_rows(r->ctx, SQL_HOOK_STATUS, &rows,
                       P(hook->tenant, hook->attempt, hook->accounts, e->sid, e->parent_sid, source_key, e->status, e->at,
                         e->duration >= 0 ? param_int(e->duration) : param_text(NULL), e->answered_by, e->to, e->payload)));
    const char *verdict = row_text(&rows, 0, "verdict");
    if (str_equal(verdict, "foreign"))
        return refuse_foreign(r);
    measure_webhook(verdict, e->status);
    return NULL;
}

fallible hook_call_status(struct req *r)
{
    struct hook hook;

    TRY(hook_enter(r, &hook));
    TRY(store_status(r, &hook, hook.event.source_key));
    return reply_empty(r, 204);
}

/* A verdict that came while the person's script was already running: a machine is sent to the voicemail text. */
static void redirect_machine(struct req *r, const struct hook *hook)
{
    struct rows rows;
    struct account account;
    struct http_request request;
    struct http_answer answer;

    struct err *err = db_global_rows(r->ctx, SQL_HOOK_AMD_REDIRECT, &rows, P(hook->tenant, hook->attempt, hook->accounts));
    if (err || rows.count == 0)
        return;
    account_open(r->ctx, r->settings, &rows, 0, &account);
    provider_twilio.redirect_request(r->ctx->arena, &account, hook->event.sid,
                                     arena_printf(r->ctx->arena, "%s/api/outbound-caller/voice?a=%s&t=%s", r->settings->public_base_url,
                                                  uuid_text(r->ctx->arena, hook->attempt), uuid_text(r->ctx->arena, hook->tenant)), &request);
    http_send(r->ctx, &request, &answer);
    if (answer.outcome != HTTP_ANSWERED || answer.status / 100 != 2)
        log_warning(r->ctx, "amd.redirect_failed", KV("attempt", uuid_text(r->ctx->arena, hook->attempt)), KV("status", answer.status));
}

fallible hook_amd(struct req *r)
{
    struct hook hook;

    TRY(hook_enter(r, &hook));
    hook.event.status = NULL;                                   /* this callback tells who answered, nothing else */
    TRY(store_status(r, &hook, arena_printf(r->ctx->arena, "amd:%.40s:%s", hook.event.sid, hook.event.answered_by ? hook.event.answered_by : "-")));
    if (str_equal(hook.event.answered_by, "machine"))
        redirect_machine(r, &hook);
    return reply_empty(r, 204);
}
