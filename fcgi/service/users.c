#include "service/users.h"

#include <string.h>

#include "base/secret.h"
#include "base/str.h"
#include "model/phone.h"
#include "model/role.h"
#include "store/keys.h"
#include "store/tenants.h"
#include "store/users.h"

enum { KEY_BYTES = 32 };                                        /* 43 characters */

fallible password_check(struct ctx *ctx, const char *field, const char *password)
{
    if (!password || utf8_count(password) < PASSWORD_SHORTEST)
        FAIL_FIELD(ctx, field, "too_short", "A password has at least %d characters.", PASSWORD_SHORTEST);
    if (utf8_count(password) > PASSWORD_LONGEST)
        FAIL_FIELD(ctx, field, "too_long", "A password has at most %d characters.", PASSWORD_LONGEST);
    return NULL;
}

fallible phone_of_tenant(struct ctx *ctx, const char *field, const char **phone)
{
    struct tenant tenant = { .default_country = NULL };
    struct e164 number;

    if (str_blank(*phone)) {
        *phone = NULL;
        return NULL;
    }
    TRY(tenants_get(ctx, &tenant));
    enum phone_verdict verdict = phone_normalize(*phone, tenant.default_country, &number);
    if (verdict != PHONE_OK)
        FAIL_FIELD(ctx, field, phone_verdict_code(verdict), "%s Write it like +12025550123.", phone_verdict_message(verdict));
    *phone = arena_text(ctx->arena, number.digits);
    return NULL;
}

/* What every write needs first: a plausible address, a number, the password's hash.  No transaction is open yet. */
static fallible prepare(struct ctx *ctx, struct user *u)
{
    u->email = email_canonical(ctx->arena, u->email);
    if (!email_plausible(u->email))
        FAIL_FIELD(ctx, "email", "malformed", "This is not an e-mail address.");
    TRY(phone_of_tenant(ctx, "phone", &u->phone_e164));
    TRY(phone_of_tenant(ctx, "caller_id", &u->caller_id));
    u->password_hash = NULL;
    if (u->password) {
        TRY(password_check(ctx, "password", u->password));
        u->password_hash = password_hash(ctx->arena, u->password);
    }
    return NULL;
}

fallible svc_user_add(struct ctx *ctx, struct user *user)
{
    if (str_equal(user->role, "owner") && !str_equal(ctx->role, "owner"))
        FAIL(ctx, FORBIDDEN, "Only an owner may make somebody an owner.");
    if (user->status && !str_equal(user->status, "active"))
        FAIL_FIELD(ctx, "status", "read_only", "A new user is active.");
    TRY(prepare(ctx, user));
    return users_add(ctx, user);
}

/* One owner who can sign in has to remain.  Inside a transaction. */
static fallible keep_an_owner(struct ctx *ctx, const struct user *leaving)
{
    int64_t others;
    TRY(users_other_owners(ctx, leaving->id, &others));
    if (others == 0)
        FAIL_CODE(ctx, CONFLICT, "last_owner", "This is the last owner. Make somebody else an owner first.");
    return NULL;
}

static bool is_active_owner(const struct user *u)
{
    return str_equal(u->role, "owner") && str_equal(u->status, "active");
}

static void note(struct json_out *out, const char *name, const char *before, const char *after)
{
    if (str_equal(before, after))
        return;
    json_name(out, name);
    json_put_string(out, after);
}

/* The audit tells which fields changed; role and status with their new value, the rest is personal. */
static const char *what_changed(struct ctx *ctx, const struct user *before, const struct user *after)
{
    struct json_out out = json_out_make(ctx->arena, 4096);
    json_open_object(&out);
    note(&out, "role", before->role, after->role);
    note(&out, "status", before->status, after->status);
    const struct { const char *name; bool changed; } others[] = {
        { "email", !str_equal(before->email, after->email) }, { "name", !str_equal(before->name, after->name) },
        { "phone", !str_equal(before->phone_e164, after->phone_e164) }, { "locale", !str_equal(before->locale, after->locale) },
        { "caller_id", !str_equal(before->caller_id, after->caller_id) },
        { "password", after->password_hash != NULL },
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (others[i].changed) {
            json_name(&out, others[i].name);
            json_put_string(&out, "changed");
        }
    }
    json_close_object(&out);
    return out.str.text;
}

static fallible save(struct ctx *ctx, const struct user *before, struct user *after)
{
    bool end_sessions = after->password_hash || !str_equal(before->role, after->role) || !str_equal(before->status, after->status);
    TX tx = { 0 };

    TRY(tx_begin(ctx, &tx));
    if (is_active_owner(before) && !is_active_owner(after))
        TRY(keep_an_owner(ctx, before));
    TRY(users_save(ctx, after, end_sessions, what_changed(ctx, before, after)));
    return tx_commit(&tx);
}

fallible svc_user_change(struct ctx *ctx, struct uuid actor, const struct user *before, struct user *after)
{
    if (!after->status)
        FAIL_FIELD(ctx, "status", "required", "A user is active or disabled.");
    TRY(user_may_change(ctx, actor, ctx->role, before, after));
    TRY(prepare(ctx, after));
    return save(ctx, before, after);
}

fallible svc_user_remove(struct ctx *ctx, struct uuid actor, const struct user *user)
{
    TX tx = { 0 };

    TRY(user_may_change(ctx, actor, ctx->role, user, NULL));
    TRY(tx_begin(ctx, &tx));
    if (is_active_owner(user))
        TRY(keep_an_owner(ctx, user));
    TRY(users_remove(ctx, user));
    return tx_commit(&tx);
}

fallible svc_user_change_self(struct ctx *ctx, const struct user_self *self, struct user *user)
{
    struct user before = *user;

    if (self->password && !self->current_password)
        FAIL_FIELD(ctx, "current_password", "required", "To set another password, send the present one too.");
    if (self->password && !password_verify(user->password_hash, self->current_password))
        FAIL_FIELD(ctx, "current_password", "wrong_password", "This is not your present password.");
    user->name = self->name;
    user->phone_e164 = self->phone;
    user->locale = self->locale;
    user->password = self->password;
    TRY(prepare(ctx, user));
    return save(ctx, &before, user);
}

fallible svc_key_add(struct ctx *ctx, struct uuid actor, struct api_key *key, const char **secret)
{
    TRY(scopes_role(ctx, key->scopes, &key->role));
    if (!role_at_least(ctx->role, key->role))
        FAIL(ctx, FORBIDDEN, "A key cannot have more rights than you: %s.", ctx->role);
    *secret = arena_printf(ctx->arena, "odk_%s", secret_token(ctx->arena, KEY_BYTES));
    key->key_hint = arena_printf(ctx->arena, "odk_…%s", *secret + strlen(*secret) - 4);
    key->created_by = actor;
    return keys_add(ctx, key, sha256_hex(ctx->arena, *secret, strlen(*secret)));
}

fallible svc_key_revoke(struct ctx *ctx, const struct api_key *key)
{
    return key->revoked_at.us ? NULL : keys_revoke(ctx, key->id);
}
