#include "service/accounts.h"

#include "base/secret.h"
#include "base/str.h"
#include "provider/twilio_numbers.h"
#include "service/users.h"
#include "store/accounts.h"

enum { TEST_MS = 8000 };

static fallible seal(struct ctx *ctx, const struct json *given, const char *member, const char *column, const char *plain, const char **sealed)
{
    if (!json_get(given, member))
        return NULL;
    *sealed = NULL;
    if (str_blank(plain))
        return NULL;
    *sealed = secret_seal(ctx->arena, ctx->tenant, column, plain);
    if (!*sealed)
        FAIL_CODE(ctx, UNAVAILABLE, "not_configured", "Secrets cannot be sealed: the operator has to set OUTDIAL_MASTER_KEY.");
    return NULL;
}

static fallible prepare(struct ctx *ctx, const struct json *given, struct provider_account *a)
{
    TRY(provider_account_check(ctx, a));
    TRY(phone_of_tenant(ctx, "default_number", &a->default_number));
    TRY(seal(ctx, given, "auth_token", ACCOUNT_AUTH_TOKEN, a->auth_token, &a->auth_token_sealed));
    TRY(seal(ctx, given, "api_secret", ACCOUNT_API_SECRET, a->api_secret, &a->api_secret_sealed));
    return seal(ctx, given, "webhook_secret", ACCOUNT_WEBHOOK_SECRET, a->webhook_secret, &a->webhook_secret_sealed);
}

static fallible put_name(void *data, const char *name, const struct json *value)
{
    (void)value;
    json_put_string(data, name);
    return NULL;
}

fallible svc_account_add(struct ctx *ctx, const struct json *given, struct provider_account *account)
{
    TRY(prepare(ctx, given, account));
    return accounts_add(ctx, account);
}

fallible svc_account_change(struct ctx *ctx, const struct json *given, struct provider_account *account)
{
    struct json_out detail = json_out_make(ctx->arena, 4096);

    TRY(prepare(ctx, given, account));
    json_open_object(&detail);
    json_name(&detail, "changed");
    json_open_array(&detail);
    TRY(json_each(given, put_name, &detail));
    json_close_array(&detail);
    json_close_object(&detail);
    return accounts_save(ctx, account, detail.str.text);
}

fallible svc_account_test(struct ctx *ctx, const struct settings *settings, struct uuid id, bool *ok, const char **detail)
{
    struct account account;
    struct rows rows;
    struct http_request request;
    struct http_answer answer;

    *ok = false;
    TRY(accounts_whole(ctx, id, &rows));
    account_open(ctx, settings, &rows, 0, &account);
    if (!str_equal(account.provider, "twilio")) {
        *detail = "Accounts of this provider cannot be tested yet.";
        return NULL;
    }
    if (!account.account_sid || !account.auth_token) {
        *detail = "The account has no auth_token, or it was sealed under another master key. Set it again.";
        return NULL;
    }
    twilio_account_request(ctx->arena, &account, &request);
    request.timeout_ms = TEST_MS;
    http_send(ctx, &request, &answer);
    *detail = twilio_account_answer(ctx->arena, &answer, ok);
    return NULL;
}

fallible svc_trunk_add(struct ctx *ctx, struct trunk *trunk)
{
    trunk->provider = trunk_provider(trunk->trunk_sid);
    if (!trunk->provider)
        FAIL_FIELD(ctx, "trunk_sid", "malformed", "A trunk is ST_... at LiveKit, or TK and 32 hex digits at Twilio.");
    return trunks_add(ctx, trunk);
}
