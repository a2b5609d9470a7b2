/*
 * web/api_identity_providers.c - who else vouches for a tenant's people, over HTTP.
 */
#include "service/identity_providers.h"
#include "store/identity_providers.h"
#include "web/api.h"

/* GET .../identity-providers */
fallible api_identity_provider_list(struct req *r)
{
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(identity_providers_list(r->ctx, page.limit + 1, page.after, &rows));
    return reply_list(r, &page, &identity_provider_shape, &rows);
}

/* POST .../identity-providers */
fallible api_identity_provider_create(struct req *r)
{
    struct identity_provider p = { .user_claim = "sub", .default_role = "viewer", .is_active = true };

    TRY(req_create(r, &identity_provider_shape, &p));
    TRY(svc_identity_provider_add(r->ctx, &p));
    reply_header(r, "Location", "/api/v1/tenants/%s/identity-providers/%s", uuid_text(r->ctx->arena, r->ctx->tenant), uuid_text(r->ctx->arena, p.id));
    return reply_json(r, 201, &identity_provider_shape, &p);
}

/* GET .../identity-providers/:id */
fallible api_identity_provider_get(struct req *r)
{
    struct identity_provider p;
    TRY(identity_providers_get(r->ctx, r->id, &p));
    return reply_json(r, 200, &identity_provider_shape, &p);
}

/* PATCH .../identity-providers/:id */
fallible api_identity_provider_update(struct req *r)
{
    struct identity_provider before, after;

    TRY(identity_providers_get(r->ctx, r->id, &before));
    after = before;
    TRY(req_update(r, &identity_provider_shape, &after));
    TRY(req_if_match(r, &identity_provider_shape, &before));
    TRY(svc_identity_provider_change(r->ctx, &before, &after));
    return reply_json(r, 200, &identity_provider_shape, &after);
}

/* DELETE .../identity-providers/:id */
fallible api_identity_provider_delete(struct req *r)
{
    struct identity_provider p;

    TRY(identity_providers_get(r->ctx, r->id, &p));
    TRY(req_if_match(r, &identity_provider_shape, &p));
    TRY(svc_identity_provider_remove(r->ctx, &p));
    return reply_empty(r, 204);
}
