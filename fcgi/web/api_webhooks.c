/*
 * web/api_webhooks.c - webhook endpoints over HTTP: the secret is in one answer, once.
 */
#include "service/webhooks.h"
#include "store/webhooks.h"
#include "web/api.h"

/* GET .../webhook-endpoints */
fallible api_webhook_list(struct req *r)
{
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(webhooks_list(r->ctx, page.limit + 1, page.after, &rows));
    return reply_list(r, &page, &webhook_endpoint_shape, &rows);
}

/* GET .../webhook-endpoints/events */
fallible api_webhook_events(struct req *r)
{
    struct json_out *out = reply_object(r);
    json_name(out, "data");
    json_open_array(out);
    for (size_t i = 0; i < webhook_event_count; i++)
        shape_write(out, &webhook_event_shape, &webhook_events[i]);
    json_close_array(out);
    json_name(out, "next_cursor");
    json_put_null(out);
    return reply_object_end(r, 200);
}

static fallible reply_with_secret(struct req *r, int status, const struct webhook_endpoint *e, const char *secret)
{
    struct json_out *out = reply_object(r);
    shape_write_members(out, &webhook_endpoint_shape, e);
    json_name(out, "secret");
    json_put_string(out, secret);
    reply_secret_redaction(r, "secret");
    return reply_object_end(r, status);
}

/* POST .../webhook-endpoints */
fallible api_webhook_create(struct req *r)
{
    struct webhook_endpoint endpoint = { .is_active = true };
    const char *secret;

    TRY(req_create(r, &webhook_endpoint_shape, &endpoint));
    TRY(svc_webhook_add(r->ctx, r->settings, &endpoint, &secret));
    reply_header(r, "Location", "/api/v1/tenants/%s/webhook-endpoints/%s", uuid_text(r->ctx->arena, r->ctx->tenant),
                 uuid_text(r->ctx->arena, endpoint.id));
    return reply_with_secret(r, 201, &endpoint, secret);
}

/* GET .../webhook-endpoints/:id */
fallible api_webhook_get(struct req *r)
{
    struct webhook_endpoint endpoint;
    TRY(webhooks_find(r->ctx, r->id, &endpoint));
    return reply_json(r, 200, &webhook_endpoint_shape, &endpoint);
}

/* PATCH .../webhook-endpoints/:id */
fallible api_webhook_update(struct req *r)
{
    struct webhook_endpoint endpoint;

    TRY(webhooks_find(r->ctx, r->id, &endpoint));
    struct webhook_endpoint before = endpoint;
    TRY(req_update(r, &webhook_endpoint_shape, &endpoint));
    TRY(req_if_match(r, &webhook_endpoint_shape, &before));
    TRY(svc_webhook_change(r->ctx, r->settings, &endpoint));
    return reply_json(r, 200, &webhook_endpoint_shape, &endpoint);
}

/* DELETE .../webhook-endpoints/:id */
fallible api_webhook_delete(struct req *r)
{
    struct webhook_endpoint endpoint;

    TRY(webhooks_find(r->ctx, r->id, &endpoint));
    TRY(req_if_match(r, &webhook_endpoint_shape, &endpoint));
    TRY(webhooks_remove(r->ctx, r->id));
    return reply_empty(r, 204);
}

/* POST .../webhook-endpoints/:id/rotate */
fallible api_webhook_rotate(struct req *r)
{
    struct webhook_endpoint endpoint;
    const char *secret;

    TRY(webhooks_find(r->ctx, r->id, &endpoint));
    TRY(svc_webhook_rotate(r->ctx, &endpoint, &secret));
    return reply_with_secret(r, 200, &endpoint, secret);
}

static fallible reply_delivery(struct req *r, struct uuid id)
{
    struct webhook_delivery delivery;
    TRY(webhooks_delivery(r->ctx, r->id, id, &delivery));
    return reply_json(r, 202, &webhook_delivery_shape, &delivery);
}

/* POST .../webhook-endpoints/:id/test */
fallible api_webhook_test(struct req *r)
{
    struct uuid delivery;
    TRY(webhooks_test(r->ctx, r->id, &delivery));
    return reply_delivery(r, delivery);
}

/* GET .../webhook-endpoints/:id/deliveries?state */
fallible api_webhook_deliveries(struct req *r)
{
    struct webhook_endpoint endpoint;
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(webhooks_find(r->ctx, r->id, &endpoint));
    TRY(webhooks_deliveries(r->ctx, r->id, req_query(r, "state"), page.limit + 1, page.after, &rows));
    return reply_list(r, &page, &webhook_delivery_shape, &rows);
}

/* POST .../webhook-endpoints/:id/deliveries/:part/redeliver */
fallible api_webhook_redeliver(struct req *r)
{
    struct uuid delivery;

    if (!uuid_parse(r->part, &delivery))
        FAIL(r->ctx, NOT_FOUND, "There is no such delivery.");
    TRY(webhooks_redeliver(r->ctx, r->id, delivery));
    return reply_delivery(r, delivery);
}
