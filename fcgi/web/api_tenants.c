/*
 * web/api_tenants.c - a tenant about itself; the platform about its tenants.
 */
#include <string.h>

#include "service/tenants.h"
#include "store/tenants.h"
#include "web/api.h"

/* GET /api/v1/tenants/:tenant */
fallible api_tenant(struct req *r)
{
    struct tenant tenant = { 0 };
    TRY(tenants_get(r->ctx, &tenant));
    return reply_json(r, 200, &tenant_shape, &tenant);
}

/* Whoever tries to widen the window is told who can. */
static fallible refuse_window(void *data, const char *name, const struct json *value)
{
    struct ctx *ctx = data;
    (void)value;
    if (strstr(name, "window"))
        FAIL_FIELD(ctx, name, "operator_only", "The calling window is set by the operator of this installation: outdial tenant window.");
    return NULL;
}

/* PATCH /api/v1/tenants/:tenant */
fallible api_tenant_update(struct req *r)
{
    const struct json *body;
    struct tenant before, after;

    TRY(req_object(r, &body));
    TRY(json_each(body, refuse_window, r->ctx));
    TRY(tenants_get(r->ctx, &before));
    after = before;
    TRY(req_update(r, &tenant_shape, &after));
    TRY(req_if_match(r, &tenant_shape, &before));
    TRY(svc_tenant_change(r->ctx, &before, &after));
    return reply_json(r, 200, &tenant_shape, &after);
}

/* GET /api/v1/tenants */
fallible api_platform_tenants(struct req *r)
{
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(platform_tenants_list(r->ctx, page.limit + 1, page.after, &rows));
    return reply_list(r, &page, &tenant_shape, &rows);
}

/* POST /api/v1/tenants */
fallible api_platform_tenant_create(struct req *r)
{
    struct tenant_request given = { 0 };
    struct tenant tenant = { 0 };

    TRY(req_create(r, &tenant_request_shape, &given));
    TRY(svc_platform_tenant_add(r->ctx, &given, &tenant));
    reply_header(r, "Location", "/api/v1/tenants/%s", uuid_text(r->ctx->arena, tenant.id));
    return reply_json(r, 201, &tenant_shape, &tenant);
}

static fallible set_status(struct req *r, const char *status)
{
    struct tenant tenant = { 0 };
    TRY(platform_tenants_status(r->ctx, r->id, status, &tenant));
    return reply_json(r, 200, &tenant_shape, &tenant);
}

/* POST /api/v1/tenants/:id/suspend */
fallible api_platform_tenant_suspend(struct req *r)
{
    return set_status(r, "suspended");
}

/* POST /api/v1/tenants/:id/resume */
fallible api_platform_tenant_resume(struct req *r)
{
    return set_status(r, "active");
}
