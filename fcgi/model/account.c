#include "model/account.h"

#include <string.h>

#include "base/str.h"

static const char *const provider_names[] = { "twilio", "vapi", "livekit", NULL };

const struct shape provider_account_shape = SHAPE(struct provider_account, "provider account",
    FIELD(struct provider_account, id, OUT | ALWAYS),
    FIELD(struct provider_account, provider, IN | OUT | REQUIRED | CREATE_ONLY, .among = provider_names),
    FIELD(struct provider_account, label, IN | OUT, .longest = 200),
    FIELD(struct provider_account, account_sid, IN | OUT, .longest = 64),
    FIELD(struct provider_account, api_key, IN | OUT, .longest = 200),
    FIELD(struct provider_account, app_sid, IN | OUT, .longest = 64),
    FIELD(struct provider_account, assistant_id, IN | OUT, .longest = 200),
    FIELD(struct provider_account, phone_number_id, IN | OUT, .longest = 200),
    FIELD(struct provider_account, sip_trunk_id, IN | OUT, .longest = 64),
    FIELD(struct provider_account, default_number, IN | OUT, .longest = 40),
    FIELD(struct provider_account, calls_per_second, IN | OUT, .lowest = 0.01, .highest = 1000),
    FIELD(struct provider_account, max_open_calls, IN | OUT, .lowest = 0, .highest = 100000),
    FIELD(struct provider_account, screens_numbers, IN | OUT,
          .about = "Refuse area codes 555, 911, 000, 111 and 1 555 ... before dialing"),
    FIELD(struct provider_account, status, OUT | ALWAYS),
    FIELD(struct provider_account, status_reason, OUT),
    FIELD(struct provider_account, auth_token, IN | SECRET_FIELD, .longest = 500),
    FIELD(struct provider_account, api_secret, IN | SECRET_FIELD, .longest = 500),
    FIELD(struct provider_account, webhook_secret, IN | SECRET_FIELD, .longest = 500),
    FIELD(struct provider_account, auth_token_sealed, 0),
    FIELD(struct provider_account, api_secret_sealed, 0),
    FIELD(struct provider_account, webhook_secret_sealed, 0),
    FIELD(struct provider_account, auth_token_set, OUT),
    FIELD(struct provider_account, api_secret_set, OUT),
    FIELD(struct provider_account, webhook_secret_set, OUT),
    FIELD(struct provider_account, created_at, OUT | ALWAYS),
    FIELD(struct provider_account, updated_at, OUT | ALWAYS));

const struct shape trunk_shape = SHAPE(struct trunk, "trunk",
    FIELD(struct trunk, id, OUT | ALWAYS),
    FIELD(struct trunk, account_id, IN | OUT),
    FIELD(struct trunk, provider, OUT | ALWAYS),
    FIELD(struct trunk, trunk_sid, IN | OUT | REQUIRED | CREATE_ONLY, .longest = 64),
    FIELD(struct trunk, name, IN | OUT, .longest = 200),
    FIELD(struct trunk, created_at, OUT | ALWAYS),
    FIELD(struct trunk, updated_at, 0));

/* prefix, then exactly digits lower-case hex digits. */
static bool is_sid(const char *text, const char *prefix, size_t digits)
{
    size_t length = strlen(prefix);
    return str_starts(text, prefix) && strlen(text) == length + digits && strspn(text + length, "0123456789abcdef") == digits;
}

fallible provider_account_check(struct ctx *ctx, const struct provider_account *a)
{
    struct err *wrong = NULL;
    if (!str_equal(a->provider, "twilio"))
        return NULL;
    if (!a->account_sid)
        wrong = err_field(ctx->arena, wrong, "account_sid", "required", "A Twilio account needs its account SID: AC and 32 hex digits.");
    else if (!is_sid(a->account_sid, "AC", 32))
        wrong = err_field(ctx->arena, wrong, "account_sid", "malformed", "A Twilio account SID is AC and 32 lower-case hex digits.");
    if (a->api_key && !is_sid(a->api_key, "SK", 32))
        wrong = err_field(ctx->arena, wrong, "api_key", "malformed", "A Twilio API key is SK and 32 lower-case hex digits.");
    if (a->app_sid && !is_sid(a->app_sid, "AP", 32))
        wrong = err_field(ctx->arena, wrong, "app_sid", "malformed", "A TwiML application SID is AP and 32 lower-case hex digits.");
    return wrong;
}

const char *trunk_provider(const char *sid)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    if (!sid)
        return NULL;
    if (str_starts(sid, "ST_") && sid[3] && sid[3 + strspn(sid + 3, letters)] == '\0')
        return "livekit";
    return is_sid(sid, "TK", 32) ? "twilio" : NULL;
}
