/*
 * web/api_me.c - one's own second factor and sessions; an administrator's view of somebody else's.
 */
#include "model/login.h"
#include "service/factor.h"
#include "service/session.h"
#include "store/users.h"
#include "web/api.h"
#include "web/schemas.h"

struct code { const char *code; };
const struct shape totp_code_shape = SHAPE(struct code, "code",
    FIELD(struct code, code, IN | REQUIRED | SECRET_FIELD, .longest = 40));

static fallible only_people(struct req *r)
{
    if (uuid_is_none(r->user_id))
        FAIL(r->ctx, FORBIDDEN, "An API key is nobody: sign in for this.");
    return NULL;
}

/* POST /api/v1/me/totp */
fallible api_totp_begin(struct req *r)
{
    struct factor_offer offer;

    TRY(only_people(r));
    TRY(svc_factor_begin(r->ctx, r->user_id, &offer));
    struct json_out *out = reply_object(r);
    json_name(out, "secret");
    json_put_string(out, offer.secret);
    json_name(out, "uri");
    json_put_string(out, offer.uri);
    json_name(out, "qr_svg");
    json_put_string(out, offer.qr_svg);
    return reply_object_end(r, 200);
}

/* POST /api/v1/me/totp/confirm */
fallible api_totp_confirm(struct req *r)
{
    struct code given = { 0 };
    const char *codes[RECOVERY_CODES];

    TRY(only_people(r));
    TRY(req_create(r, &totp_code_shape, &given));
    TRY(svc_factor_confirm(r->ctx, r->user_id, given.code, codes));
    struct json_out *out = reply_object(r);
    json_name(out, "recovery_codes");
    json_open_array(out);
    for (int i = 0; i < RECOVERY_CODES; i++)
        json_put_string(out, codes[i]);
    json_close_array(out);
    return reply_object_end(r, 200);
}

/* DELETE /api/v1/me/totp */
fallible api_totp_remove(struct req *r)
{
    struct code given = { 0 };

    TRY(only_people(r));
    TRY(req_create(r, &totp_code_shape, &given));
    TRY(svc_factor_remove(r->ctx, r->user_id, given.code));
    return reply_empty(r, 204);
}

/* DELETE .../users/:id/totp */
fallible api_user_totp_reset(struct req *r)
{
    struct user user;

    TRY(users_get(r->ctx, r->id, &user));
    TRY(svc_factor_reset(r->ctx, r->user_id, &user));
    return reply_empty(r, 204);
}

static fallible reply_sessions(struct req *r, struct uuid user)
{
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(sessions_list(r->ctx, user, page.limit + 1, page.after, &rows));
    return reply_list(r, &page, &login_shape, &rows);
}

/* GET /api/v1/me/sessions */
fallible api_session_list(struct req *r)
{
    TRY(only_people(r));
    return reply_sessions(r, r->user_id);
}

/* DELETE /api/v1/me/sessions/:id */
fallible api_session_end(struct req *r)
{
    TRY(only_people(r));
    TRY(sessions_end(r->ctx, r->user_id, r->id));
    return reply_empty(r, 204);
}

/* DELETE /api/v1/me/sessions */
fallible api_session_end_others(struct req *r)
{
    TRY(only_people(r));
    TRY(sessions_end_others(r->ctx, r->user_id));
    return reply_empty(r, 204);
}

/* GET .../users/:id/sessions */
fallible api_user_session_list(struct req *r)
{
    struct user user;
    TRY(users_get(r->ctx, r->id, &user));
    return reply_sessions(r, user.id);
}

/* DELETE .../users/:id/sessions */
fallible api_user_session_end(struct req *r)
{
    struct user user;

    TRY(users_get(r->ctx, r->id, &user));
    TRY(svc_sessions_end_of(r->ctx, r->user_id, &user));
    return reply_empty(r, 204);
}
