#include "model/user.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "model/role.h"
#include "model/tenant.h"

static const char *const user_statuses[] = { "active", "disabled", NULL };

const struct shape user_shape = SHAPE(struct user, "user",
    FIELD(struct user, id, OUT | ALWAYS),
    FIELD(struct user, email, IN | OUT | REQUIRED, .longest = 320),
    FIELD(struct user, name, IN | OUT, .longest = 200),
    FIELD(struct user, role, IN | OUT | REQUIRED, .among = role_list),
    FIELD_NAMED(struct user, phone_e164, "phone", IN | OUT, .longest = 40),
    FIELD(struct user, caller_id, IN | OUT, .longest = 40, .about = "Number of the tenant that calls placed by this person show"),
    FIELD(struct user, locale, IN | OUT, .among = locale_names),
    FIELD(struct user, status, IN | OUT | ALWAYS, .among = user_statuses),
    FIELD(struct user, is_platform, OUT),
    FIELD(struct user, totp_enabled, OUT, .about = "Signs in with a second factor"),
    FIELD(struct user, password, IN | SECRET_FIELD, .longest = PASSWORD_LONGEST),
    FIELD(struct user, password_hash, 0),
    FIELD(struct user, epoch, 0),
    FIELD(struct user, created_at, OUT | ALWAYS),
    FIELD(struct user, updated_at, OUT | ALWAYS));

const struct shape user_self_shape = SHAPE(struct user_self, "profile",
    FIELD(struct user_self, name, IN, .longest = 200),
    FIELD(struct user_self, phone, IN, .longest = 40),
    FIELD(struct user_self, locale, IN, .among = locale_names),
    FIELD(struct user_self, password, IN | SECRET_FIELD, .longest = PASSWORD_LONGEST),
    FIELD(struct user_self, current_password, IN | SECRET_FIELD, .longest = PASSWORD_LONGEST));

const struct shape api_key_shape = SHAPE(struct api_key, "key",
    FIELD(struct api_key, id, OUT | ALWAYS),
    FIELD(struct api_key, name, IN | OUT | REQUIRED, .longest = 200),
    FIELD_LIST(struct api_key, scopes, IN | OUT | ALWAYS, .longest = 60, .about = "Names of roles, or pairs such as leads:write"),
    FIELD(struct api_key, role, OUT | ALWAYS),
    FIELD_NAMED(struct api_key, key_hint, "hint", OUT),
    FIELD(struct api_key, created_by, OUT),
    FIELD(struct api_key, created_at, OUT | ALWAYS),
    FIELD(struct api_key, last_used_at, OUT),
    FIELD(struct api_key, revoked_at, OUT));

bool email_plausible(const char *text)
{
    const char *at = text ? strchr(text, '@') : NULL;
    if (!at || at == text || !at[1] || strchr(at + 1, '@') || strlen(text) > 320)
        return false;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c <= ' ' || *c == 0x7f || strchr("<>()[],;:\\\"", *c))
            return false;
    }
    return at[1] != '.' && text[strlen(text) - 1] != '.';
}

const char *email_canonical(struct arena *arena, const char *text)
{
    char *copy = arena_text(arena, text);
    for (char *c = copy; c && *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

fallible user_may_change(struct ctx *ctx, struct uuid actor, const char *actor_role, const struct user *before, const struct user *after)
{
    bool own = !uuid_is_none(actor) && uuid_equal(actor, before->id);
    bool owner_asks = str_equal(actor_role, "owner");

    if (after && own && !str_equal(before->role, after->role))
        FAIL_CODE(ctx, FORBIDDEN, "own_role", "Nobody changes their own role. Ask another owner.");
    if (after && own && !str_equal(before->status, after->status))
        FAIL_CODE(ctx, FORBIDDEN, "own_status", "Nobody disables themselves. Ask another administrator.");
    if (str_equal(before->role, "owner") && !owner_asks)
        FAIL(ctx, FORBIDDEN, "Only an owner may change or remove an owner.");
    if (after && str_equal(after->role, "owner") && !owner_asks)
        FAIL(ctx, FORBIDDEN, "Only an owner may make somebody an owner.");
    return NULL;
}
