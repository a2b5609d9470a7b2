/*
 * web/api_users.c - people of a tenant over HTTP.
 */
#include "service/users.h"
#include "store/users.h"
#include "web/api.h"

/* GET .../users */
fallible api_user_list(struct req *r)
{
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(users_list(r->ctx, page.limit + 1, page.after, &rows));
    return reply_list(r, &page, &user_shape, &rows);
}

/* POST .../users */
fallible api_user_create(struct req *r)
{
    struct user user = { 0 };

    TRY(req_create(r, &user_shape, &user));
    TRY(svc_user_add(r->ctx, &user));
    reply_header(r, "Location", "/api/v1/tenants/%s/users/%s", uuid_text(r->ctx->arena, r->ctx->tenant), uuid_text(r->ctx->arena, user.id));
    return reply_json(r, 201, &user_shape, &user);
}

/* GET .../users/:id */
fallible api_user_get(struct req *r)
{
    struct user user;
    TRY(users_get(r->ctx, r->id, &user));
    return reply_json(r, 200, &user_shape, &user);
}

/* PATCH .../users/:id */
fallible api_user_update(struct req *r)
{
    struct user before, after;

    TRY(users_get(r->ctx, r->id, &before));
    after = before;
    TRY(req_update(r, &user_shape, &after));
    TRY(req_if_match(r, &user_shape, &before));
    TRY(svc_user_change(r->ctx, r->user_id, &before, &after));
    return reply_json(r, 200, &user_shape, &after);
}

/* DELETE .../users/:id */
fallible api_user_delete(struct req *r)
{
    struct user user;

    TRY(users_get(r->ctx, r->id, &user));
    TRY(req_if_match(r, &user_shape, &user));
    TRY(svc_user_remove(r->ctx, r->user_id, &user));
    return reply_empty(r, 204);
}
