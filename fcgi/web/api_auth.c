/*
 * web/api_auth.c - signing in and out, and about oneself.
 */
#include <string.h>

#include "service/session.h"
#include "service/users.h"
#include "store/tenants.h"
#include "store/users.h"
#include "web/api.h"
#include "web/schemas.h"

struct credentials { const char *email, *password, *code; };
const struct shape credentials_shape = SHAPE(struct credentials, "login",
    FIELD(struct credentials, email, IN | REQUIRED, .longest = 320),
    FIELD(struct credentials, password, IN | REQUIRED | SECRET_FIELD, .longest = PASSWORD_LONGEST),
    FIELD(struct credentials, code, IN | SECRET_FIELD, .longest = 40, .about = "Of the second factor, or a recovery code"));

struct refresh { const char *refresh_token; };
const struct shape refresh_shape = SHAPE(struct refresh, "refresh",
    FIELD(struct refresh, refresh_token, IN | REQUIRED | SECRET_FIELD, .longest = 200));
const struct shape logout_shape = SHAPE(struct refresh, "logout",
    FIELD(struct refresh, refresh_token, IN | SECRET_FIELD, .longest = 200));

struct setup { const char *token, *password; };
const struct shape setup_shape = SHAPE(struct setup, "setup",
    FIELD(struct setup, token, IN | REQUIRED | SECRET_FIELD, .longest = 200),
    FIELD(struct setup, password, IN | REQUIRED | SECRET_FIELD, .longest = PASSWORD_LONGEST));

static fallible reply_session(struct req *r, const struct session *s)
{
    struct json_out *out = reply_object(r);
    json_name(out, "access_token");
    json_put_string(out, s->access_token);
    json_name(out, "refresh_token");
    json_put_string(out, s->refresh_token);
    json_name(out, "token_type");
    json_put_string(out, "Bearer");
    json_name(out, "expires_in");
    json_put_integer(out, ACCESS_SECS);
    json_name(out, "user");
    shape_write(out, &user_shape, &s->user);
    json_name(out, "tenant");
    shape_write(out, &tenant_shape, &s->tenant);
    return reply_object_end(r, 200);
}

/* POST /api/v1/auth/login */
fallible api_login(struct req *r)
{
    struct credentials given = { 0 };
    struct session session;

    TRY(req_create(r, &credentials_shape, &given));
    TRY(svc_session_login(r->ctx, r->settings, given.email, given.password, given.code, &session));
    return reply_session(r, &session);
}

/* POST /api/v1/auth/refresh */
fallible api_refresh(struct req *r)
{
    struct refresh given = { 0 };
    struct session session;

    TRY(req_create(r, &refresh_shape, &given));
    TRY(svc_session_refresh(r->ctx, r->settings, given.refresh_token, &session));
    return reply_session(r, &session);
}

/* POST /api/v1/auth/setup */
fallible api_setup(struct req *r)
{
    struct setup given = { 0 };
    struct session session;

    TRY(req_create(r, &setup_shape, &given));
    TRY(svc_session_setup(r->ctx, r->settings, given.token, given.password, &session));
    return reply_session(r, &session);
}

/* "exp" of the access token that the guard has verified; a quarter of an hour from now when it cannot be told. */
static struct utc token_ends(struct req *r)
{
    struct utc fallback = utc_from_seconds(utc_seconds(utc_now()) + ACCESS_SECS + 60);
    const char *given = req_header(r, "Authorization");
    const char *from = given ? strchr(given, '.') : NULL;
    const char *to = from ? strchr(from + 1, '.') : NULL;
    const struct json *claims;
    size_t size;
    int64_t ends;

    if (!to)
        return fallback;
    const char *payload = base64_decode(r->ctx->arena, arena_copy(r->ctx->arena, from + 1, (size_t)(to - from - 1)), &size);
    if (!payload || json_read(r->ctx->arena, payload, size, &claims) != NULL || !json_integer(json_get(claims, "exp"), &ends))
        return fallback;
    return utc_from_seconds(ends + 60);                         /* the leeway with which tokens are read */
}

/* POST /api/v1/auth/logout */
fallible api_logout(struct req *r)
{
    struct refresh given = { 0 };

    if (uuid_is_none(r->user_id))
        FAIL(r->ctx, FORBIDDEN, "An API key does not sign out: delete it under api-keys.");
    TRY(req_update(r, &logout_shape, &given));
    TRY(svc_session_end(r->ctx, r->user_id, token_ends(r), given.refresh_token));
    return reply_empty(r, 204);
}

static fallible reply_me(struct req *r, const struct user *user)
{
    struct tenant tenant;
    TRY(tenants_get(r->ctx, &tenant));
    struct json_out *out = reply_object(r);
    json_name(out, "user");
    if (user)
        shape_write(out, &user_shape, user);
    else
        json_put_null(out);
    json_name(out, "tenant");
    shape_write(out, &tenant_shape, &tenant);
    json_name(out, "role");
    json_put_string(out, r->ctx->role);
    return reply_object_end(r, 200);
}

/* GET /api/v1/me */
fallible api_me(struct req *r)
{
    struct user user;
    if (uuid_is_none(r->user_id))
        return reply_me(r, NULL);
    TRY(users_get(r->ctx, r->user_id, &user));
    return reply_me(r, &user);
}

/* PATCH /api/v1/me */
fallible api_me_update(struct req *r)
{
    struct user user;

    if (uuid_is_none(r->user_id))
        FAIL(r->ctx, FORBIDDEN, "An API key has no profile.");
    TRY(users_get(r->ctx, r->user_id, &user));
    struct user_self self = { .name = user.name, .phone = user.phone_e164, .locale = user.locale };
    TRY(req_update(r, &user_self_shape, &self));
    TRY(svc_user_change_self(r->ctx, &self, &user));
    /* whose epoch has moved: the answer is read as the person who made the change */
    r->ctx->epoch = user.epoch;
    return reply_me(r, &user);
}
