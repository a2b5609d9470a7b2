/*
 * web/api_trunks.c - SIP trunks over HTTP.
 */
#include "service/accounts.h"
#include "store/accounts.h"
#include "web/api.h"

/* GET .../trunks */
fallible api_trunk_list(struct req *r)
{
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(trunks_list(r->ctx, page.limit + 1, page.after, &rows));
    return reply_list(r, &page, &trunk_shape, &rows);
}

/* POST .../trunks */
fallible api_trunk_create(struct req *r)
{
    struct trunk trunk = { 0 };

    TRY(req_create(r, &trunk_shape, &trunk));
    TRY(svc_trunk_add(r->ctx, &trunk));
    reply_header(r, "Location", "/api/v1/tenants/%s/trunks/%s", uuid_text(r->ctx->arena, r->ctx->tenant), uuid_text(r->ctx->arena, trunk.id));
    return reply_json(r, 201, &trunk_shape, &trunk);
}

/* GET .../trunks/:id */
fallible api_trunk_get(struct req *r)
{
    struct trunk trunk;
    TRY(trunks_get(r->ctx, r->id, &trunk));
    return reply_json(r, 200, &trunk_shape, &trunk);
}

/* PATCH .../trunks/:id */
fallible api_trunk_update(struct req *r)
{
    struct trunk trunk;

    TRY(trunks_get(r->ctx, r->id, &trunk));
    struct trunk before = trunk;
    TRY(req_update(r, &trunk_shape, &trunk));
    TRY(req_if_match(r, &trunk_shape, &before));
    TRY(trunks_save(r->ctx, &trunk));
    return reply_json(r, 200, &trunk_shape, &trunk);
}

/* DELETE .../trunks/:id */
fallible api_trunk_delete(struct req *r)
{
    struct trunk trunk;

    TRY(trunks_get(r->ctx, r->id, &trunk));
    TRY(req_if_match(r, &trunk_shape, &trunk));
    TRY(trunks_remove(r->ctx, &trunk));
    return reply_empty(r, 204);
}
