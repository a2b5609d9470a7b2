#include "service/session.h"

#include <string.h>

#include "base/clock.h"
#include "base/jwt.h"
#include "base/secret.h"
#include "model/browser.h"
#include "service/factor.h"
#include "service/users.h"
#include "store/tenants.h"
#include "store/users.h"

enum { TOKEN_BYTES = 32 };

static const char *hash_of(struct ctx *ctx, const char *token)
{
    return sha256_hex(ctx->arena, token, strlen(token));
}

/* only_setup: nothing is open before a second factor is set up. */
static const char *claims_of(struct ctx *ctx, const struct settings *settings, const struct user *user, const char *refresh_hash, bool only_setup)
{
    struct json_out out = json_out_make(ctx->arena, 4096);
    int64_t now = utc_seconds(utc_now());
    const char *const texts[][2] = {
        { "iss", settings->jwt_issuer }, { "aud", settings->jwt_audience }, { "sub", uuid_text(ctx->arena, user->id) },
        { "tid", uuid_text(ctx->arena, ctx->tenant) }, { "role", user->role }, { "typ", "access" }, { "jti", refresh_hash },
    };
    const struct { const char *name; int64_t value; } numbers[] = { { "epoch", user->epoch }, { "iat", now }, { "exp", now + ACCESS_SECS } };

    json_open_object(&out);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        json_name(&out, texts[i][0]);
        json_put_string(&out, texts[i][1]);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        json_name(&out, numbers[i].name);
        json_put_integer(&out, numbers[i].value);
    }
    if (only_setup) {
        json_name(&out, "setup");
        json_put_string(&out, "totp");
    }
    json_close_object(&out);
    return out.str.text;
}

static void enter_as(struct ctx *ctx, struct uuid tenant, struct uuid user, int64_t epoch, const char *role)
{
    ctx->tenant = tenant;
    ctx->principal = arena_printf(ctx->arena, "user:%s", uuid_text(ctx->arena, user));
    ctx->epoch = epoch;
    ctx->role = role;
    ctx->token_id = NULL;
}

/* out->user and out->refresh_token are known. */
static fallible hand_out(struct ctx *ctx, const struct settings *settings, struct session *out)
{
    TRY(tenants_get(ctx, &out->tenant));
    const char *claims = claims_of(ctx, settings, &out->user, hash_of(ctx, out->refresh_token), out->tenant.require_totp && !out->user.totp_enabled);
    return jwt_sign(ctx->arena, settings->jwt_algorithm, settings->jwt_secret, claims, NULL, &out->access_token);
}

/* ctx has been entered as the user. */
static fallible begin(struct ctx *ctx, const struct settings *settings, struct uuid user, struct session *out)
{
    *out = (struct session){ .refresh_token = secret_token(ctx->arena, TOKEN_BYTES) };
    TRY(db_one(ctx, SQL_SESSION_START, &user_shape, &out->user, P(user, ctx->epoch, hash_of(ctx, out->refresh_token), REFRESH_DAYS,
                                                                 browser_family(ctx->arena, ctx->agent), ctx->address)));
    return hand_out(ctx, settings, out);
}

static struct err *refused(struct ctx *ctx)
{
    return ERR_CODE(ctx, UNAUTHORIZED, "invalid_credentials", "This e-mail address and password do not belong together.");
}

struct err *session_throttled(struct ctx *ctx)
{
    struct err *err = ERR(ctx, TOO_MANY, "Too many failed attempts to sign in. Wait a minute, then try again.");
    err->retry_after_secs = 60;
    return err;
}

fallible svc_session_login(struct ctx *ctx, const struct settings *settings, const char *email, const char *password, const char *code, struct session *out)
{
    struct rows found;

    email = email_canonical(ctx->arena, email);
    TRY(db_global_rows(ctx, SQL_LOGIN_FIND, &found, P(email)));
    if (row_int(&found, 0, "failures") >= LOGIN_FAILURES)
        return session_throttled(ctx);
    if (!password_verify(row_text(&found, 0, "password_hash"), password)) {
        TRY(db_global_run(ctx, SQL_LOGIN_FAILED, NULL, P(email)));
        return refused(ctx);
    }
    if (!str_equal(row_text(&found, 0, "status"), "active"))
        FAIL_CODE(ctx, FORBIDDEN, "user_disabled", "This account is disabled. Ask an administrator of your organisation.");
    enter_as(ctx, row_uuid(&found, 0, "tenant_id"), row_uuid(&found, 0, "id"), row_int(&found, 0, "epoch"), row_text(&found, 0, "role"));
    if (row_text(&found, 0, "totp_sealed")) {
        struct err *err = factor_check(ctx, row_uuid(&found, 0, "id"), row_text(&found, 0, "totp_sealed"), code);
        if (err && code && err->kind == ERR_UNAUTHORIZED)
            TRY(db_global_run(ctx, SQL_LOGIN_FAILED, NULL, P(email)));
        TRY(err);
    }
    return begin(ctx, settings, row_uuid(&found, 0, "id"), out);
}

fallible svc_session_refresh(struct ctx *ctx, const struct settings *settings, const char *refresh_token, struct session *out)
{
    struct rows found;

    *out = (struct session){ .refresh_token = secret_token(ctx->arena, TOKEN_BYTES) };
    TRY(db_global_rows(ctx, SQL_SESSION_REFRESH, &found,
                       P(hash_of(ctx, refresh_token), hash_of(ctx, out->refresh_token), REFRESH_DAYS,
                         browser_family(ctx->arena, ctx->agent), ctx->address)));
    if (found.count == 0)
        FAIL_CODE(ctx, UNAUTHORIZED, "invalid_refresh_token", "This session has ended. Sign in again.");
    enter_as(ctx, row_uuid(&found, 0, "tenant_id"), row_uuid(&found, 0, "id"), row_int(&found, 0, "epoch"), row_text(&found, 0, "role"));
    TRY(users_get(ctx, row_uuid(&found, 0, "id"), &out->user));
    return hand_out(ctx, settings, out);
}

fallible svc_session_end(struct ctx *ctx, struct uuid user, struct utc expires_at, const char *refresh_token)
{
    if (!ctx->token_id)
        return db_run(ctx, SQL_SESSION_END_ALL, NULL, P(user));
    return db_run(ctx, SQL_SESSION_END, NULL,
                  P(ctx->token_id, expires_at, refresh_token ? hash_of(ctx, refresh_token) : NULL));
}

fallible svc_session_setup(struct ctx *ctx, const struct settings *settings, const char *token, const char *password, struct session *out)
{
    struct rows found;

    TRY(password_check(ctx, "password", password));
    const char *hash = password_hash(ctx->arena, password);
    TRY(db_global_rows(ctx, SQL_SETUP_FINISH, &found, P(hash_of(ctx, token), hash)));
    if (found.count == 0)
        FAIL_CODE(ctx, UNAUTHORIZED, "invalid_setup_token", "This link has been used, or is older than a day. Ask for a new one: outdial user password.");
    enter_as(ctx, row_uuid(&found, 0, "tenant_id"), row_uuid(&found, 0, "user_id"), row_int(&found, 0, "epoch"), row_text(&found, 0, "role"));
    TRY(users_get(ctx, row_uuid(&found, 0, "user_id"), &out->user));
    if (out->user.totp_enabled)
        FAIL_CODE(ctx, UNAUTHORIZED, "totp_required", "The password is set. Now sign in with it and the code of your authenticator application.");
    return begin(ctx, settings, row_uuid(&found, 0, "user_id"), out);
}

fallible svc_sessions_end_of(struct ctx *ctx, struct uuid actor, const struct user *user)
{
    TRY(user_may_change(ctx, actor, ctx->role, user, NULL));
    return sessions_end_others(ctx, user->id);
}

fallible svc_session_setup_link(struct ctx *ctx, struct uuid user, const char **token)
{
    int64_t made;

    *token = secret_token(ctx->arena, TOKEN_BYTES);
    TRY(db_run(ctx, SQL_SETUP_MAKE, &made, P(user, hash_of(ctx, *token))));
    if (!made)
        FAIL(ctx, NOT_FOUND, "there is no such user in this tenant");
    return NULL;
}
