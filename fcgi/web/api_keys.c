/*
 * web/api_keys.c - API keys over HTTP: the secret is in one answer, once.
 */
#include "service/users.h"
#include "store/keys.h"
#include "web/api.h"

/* GET .../api-keys */
fallible api_key_list(struct req *r)
{
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(keys_list(r->ctx, page.limit + 1, page.after, &rows));
    return reply_list(r, &page, &api_key_shape, &rows);
}

/* POST .../api-keys */
fallible api_key_create(struct req *r)
{
    struct api_key key = { 0 };
    const char *secret;

    TRY(req_create(r, &api_key_shape, &key));
    TRY(svc_key_add(r->ctx, r->user_id, &key, &secret));
    struct json_out *out = reply_object(r);
    shape_write_members(out, &api_key_shape, &key);
    json_name(out, "secret");
    json_put_string(out, secret);
    reply_secret_redaction(r, "secret");
    reply_header(r, "Location", "/api/v1/tenants/%s/api-keys/%s", uuid_text(r->ctx->arena, r->ctx->tenant), uuid_text(r->ctx->arena, key.id));
    return reply_object_end(r, 201);
}

/* GET .../api-keys/:id */
fallible api_key_get(struct req *r)
{
    struct api_key key;
    TRY(keys_get(r->ctx, r->id, &key));
    return reply_json(r, 200, &api_key_shape, &key);
}

/* DELETE .../api-keys/:id */
fallible api_key_delete(struct req *r)
{
    struct api_key key;

    TRY(keys_get(r->ctx, r->id, &key));
    TRY(req_if_match(r, &api_key_shape, &key));
    TRY(svc_key_revoke(r->ctx, &key));
    return reply_empty(r, 204);
}
