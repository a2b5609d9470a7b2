#include "service/number_orders.h"

#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "model/phone.h"
#include "service/calls.h"
#include "service/users.h"
#include "store/leads.h"
#include "store/numbers.h"

#define BEGIN_MS    5000                                        /* an order's request begins within this or never */
#define ANSWER_MS   8000
#define LIST_MS     2000
#define SEARCH_MS   8000

/* The tenant's own account: numbers are paid for by whoever owns them. */
static fallible paying_account(struct ctx *ctx, const struct settings *settings, struct account *out)
{
    TRY(svc_account(ctx, settings, "twilio", out));
    if (uuid_is_none(out->tenant))
        FAIL_CODE(ctx, UNAVAILABLE, "not_configured", "Numbers are bought through a Twilio account of your own. Add one under provider accounts.");
    return NULL;
}

/* ---- searching ---- */

static bool made_of(const char *text, const char *characters, size_t shortest, size_t longest)
{
    size_t length = strlen(text);
    return length >= shortest && length <= longest && strspn(text, characters) == length;
}

static fallible check_search(struct ctx *ctx, struct number_search *s)
{
    struct err *wrong = NULL;

    if (!s->country)
        TRY(leads_country(ctx, &s->country));
    if (!made_of(s->country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2, 2))
        wrong = err_field(ctx->arena, wrong, "country", "malformed", "country is an ISO 3166 code of two capital letters, for example US.");
    if (!s->type)
        s->type = "local";
    if (!str_equal(s->type, "local") && !str_equal(s->type, "toll_free") && !str_equal(s->type, "mobile"))
        wrong = err_field(ctx->arena, wrong, "type", "not_one_of", "type is local, toll_free or mobile.");
    if (s->area_code && !made_of(s->area_code, "0123456789", 3, 3))
        wrong = err_field(ctx->arena, wrong, "area_code", "malformed", "area_code is three digits of North America, for example 212.");
    else if (s->area_code && !str_equal(s->country, "US") && !str_equal(s->country, "CA"))
        wrong = err_field(ctx->arena, wrong, "area_code", "invalid", "Area codes can be asked for in the US and Canada; use contains elsewhere.");
    if (s->contains && !made_of(s->contains, "0123456789*", 2, 16))
        wrong = err_field(ctx->arena, wrong, "contains", "malformed", "contains is 2 to 16 digits; * stands for any digit.");
    return wrong;
}

fallible svc_numbers_search(struct ctx *ctx, const struct settings *settings, struct number_search *search, struct offered_number **out, size_t *count)
{
    struct account account;
    struct http_request request;
    struct http_answer answer;

    TRY(check_search(ctx, search));
    TRY(paying_account(ctx, settings, &account));
    twilio_available_request(ctx->arena, &account, search, &request);
    request.timeout_ms = SEARCH_MS;
    http_send(ctx, &request, &answer);
    TRY(twilio_available_answer(ctx->arena, &answer, out, count));
    for (size_t i = 0; i < *count; i++)
        (*out)[i].type = number_type((*out)[i].number, search->type);
    return NULL;
}

/* ---- orders ---- */

fallible svc_number_report(struct ctx *ctx, struct uuid id, const struct number_answer *answer)
{
    const struct provider_number *n = &answer->number;
    const char *capabilities = arena_printf(ctx->arena, "{\"voice\":%s,\"sms\":%s,\"mms\":%s}", n->voice ? "true" : "false",
                                            n->sms ? "true" : "false", n->mms ? "true" : "false");

    return db_run(ctx, SQL_NUMBER_REPORT, NULL, P(id, answer->outcome, n->sid, n->number ? number_type(n->number, n->kind) : NULL, n->created_at,
                                                  capabilities, answer->detail));
}

/* What the carrier did is written down even when the caller's patience is over. */
static fallible report(struct ctx *ctx, struct uuid id, const struct number_answer *answer)
{
    ctx->deadline_ms = boot_now_ms() + 5000;
    return svc_number_report(ctx, id, answer);
}

static struct err *not_done(struct ctx *ctx, const struct number_answer *answer)
{
    if (str_equal(answer->code, "number_unavailable"))
        return err_field(ctx->arena, ERR_CODE(ctx, CONFLICT, answer->code, "%s", answer->detail), "number", answer->code, "%s", answer->detail);
    if (str_equal(answer->code, "provider_unreachable") || str_equal(answer->code, "provider_busy")) {
        struct err *err = ERR_CODE(ctx, UNAVAILABLE, answer->code, "%s", answer->detail);
        err->retry_after_secs = 1;
        return err;
    }
    return ERR_CODE(ctx, UPSTREAM, answer->code, "%s", answer->detail);
}

/* Whether the account has the number after all: an answer was lost, or it was ours already. */
static bool listed(struct ctx *ctx, const struct account *account, const char *number, struct number_answer *out)
{
    struct http_request request;
    struct http_answer answer;
    struct provider_numbers list;

    twilio_number_find_request(ctx->arena, account, number, &request);
    request.timeout_ms = LIST_MS;
    http_send(ctx, &request, &answer);
    if (twilio_numbers_answer(ctx->arena, &answer, &list) != NULL)
        return false;
    for (size_t i = 0; i < list.count; i++)
        if (str_equal(list.item[i].number, number)) {
            *out = (struct number_answer){ .outcome = "bought", .number = list.item[i] };
            return true;
        }
    return false;
}

static fallible place_order(struct ctx *ctx, const struct settings *settings, const struct account *account, struct uuid id, const char *number, int64_t asked_at)
{
    struct http_request request;
    struct http_answer answer;
    struct number_answer what;

    twilio_buy_request(ctx->arena, account, number, settings->public_base_url, asked_at + BEGIN_MS, &request);
    request.timeout_ms = ANSWER_MS;
    http_send(ctx, &request, &answer);
    twilio_buy_answer(ctx->arena, number, &answer, &what);
    if (str_equal(what.outcome, "unknown") || str_equal(what.code, "number_unavailable"))
        listed(ctx, account, number, &what);
    log_info(ctx, "number.ordered", KV("number_id", uuid_text(ctx->arena, id)), KV("outcome", what.outcome), KV("status", answer.status), KV("took_ms", answer.took_ms));
    struct err *unreported = report(ctx, id, &what);
    if (unreported) {
        /* the row says buying; the dialers settle it as they do for a process that died here */
        log_error(ctx, "number.unreported", KV("number_id", uuid_text(ctx->arena, id)), KV("why", err_chain(ctx->arena, unreported)));
        return NULL;
    }
    return str_equal(what.outcome, "not_bought") ? not_done(ctx, &what) : NULL;
}

fallible svc_number_buy(struct ctx *ctx, const struct settings *settings, const struct number_wish *wish, struct number *out)
{
    struct account account;
    const char *number = wish->number;
    struct rows rows;
    struct uuid id;

    TRY(phone_of_tenant(ctx, "number", &number));
    if (!number)
        FAIL_FIELD(ctx, "number", "required", "Say which number: one that the search has found.");
    TRY(paying_account(ctx, settings, &account));
    int64_t asked_at = boot_now_ms();
    TRY(db_rows(ctx, SQL_NUMBER_ORDER, &rows, P(number, number_type(number, NULL), account.id, wish->campaign, wish->key_principal, wish->key_route,
                                                wish->key, wish->key_hash)));
    id = row_uuid(&rows, 0, "id");
    TRY(place_order(ctx, settings, &account, id, number, asked_at));
    return numbers_get(ctx, id, out);
}

fallible svc_number_stand(struct ctx *ctx, struct uuid id, struct number *out)
{
    struct err *err = numbers_get(ctx, id, out);
    if (err && err->kind == ERR_NOT_FOUND)
        FAIL_CODE(ctx, CONFLICT, "not_bought", "The purchase that this Idempotency-Key began came to nothing, or the number has been given back since. Use a new key.");
    return err;
}

fallible svc_number_release(struct ctx *ctx, const struct settings *settings, struct uuid id, bool *gone)
{
    struct account account;
    struct rows rows;
    struct http_request request;
    struct http_answer answer;
    struct number_answer what;

    TRY(db_rows(ctx, SQL_NUMBER_RELEASE, &rows, P(id)));
    *gone = str_equal(row_text(&rows, 0, "state"), "gone");
    if (*gone)
        return NULL;
    TRY(db_rows(ctx, SQL_NUMBER_ACCOUNT, &rows, P(id)));
    *gone = rows.count == 0;                                    /* a twin was quicker */
    if (*gone)
        return NULL;
    account_open(ctx, settings, &rows, 0, &account);
    twilio_release_request(ctx->arena, &account, row_text(&rows, 0, "provider_sid"), &request);
    http_send(ctx, &request, &answer);
    twilio_release_answer(ctx->arena, &answer, &what);
    log_info(ctx, "number.given_back", KV("number_id", uuid_text(ctx->arena, id)), KV("outcome", what.outcome), KV("status", answer.status));
    TRY(report(ctx, id, &what));
    *gone = str_equal(what.outcome, "released");
    return str_equal(what.outcome, "kept") ? not_done(ctx, &what) : NULL;
}
