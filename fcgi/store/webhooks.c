#include "store/webhooks.h"

fallible webhooks_list(struct ctx *ctx, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_WEBHOOK_LIST, &webhook_endpoint_shape, out, P(limit, after));
}

fallible webhooks_find(struct ctx *ctx, struct uuid id, struct webhook_endpoint *out)
{
    return db_find(ctx, SQL_WEBHOOK_FIND, &webhook_endpoint_shape, out, P(id));
}

fallible webhooks_add(struct ctx *ctx, struct webhook_endpoint *e, const char *secret_sealed)
{
    bool added;
    TRY(db_maybe(ctx, SQL_WEBHOOK_ADD, &webhook_endpoint_shape, e, &added,
                 P(e->url, e->description, e->events, e->is_active, secret_sealed, WEBHOOK_ENDPOINTS)));
    if (!added)
        FAIL_CODE(ctx, CONFLICT, "too_many", "A tenant has at most %d webhook endpoints. Remove one first.", WEBHOOK_ENDPOINTS);
    return NULL;
}

fallible webhooks_save(struct ctx *ctx, struct webhook_endpoint *e)
{
    return db_one(ctx, SQL_WEBHOOK_SAVE, &webhook_endpoint_shape, e, P(e->id, e->url, e->description, e->events, e->is_active));
}

fallible webhooks_rotate(struct ctx *ctx, struct webhook_endpoint *e, const char *secret_sealed)
{
    return db_one(ctx, SQL_WEBHOOK_ROTATE, &webhook_endpoint_shape, e, P(e->id, secret_sealed));
}

fallible webhooks_remove(struct ctx *ctx, struct uuid id)
{
    return db_run(ctx, SQL_WEBHOOK_REMOVE, NULL, P(id));
}

fallible webhooks_deliveries(struct ctx *ctx, struct uuid endpoint, const char *state, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_WEBHOOK_DELIVERIES, &webhook_delivery_shape, out, P(endpoint, limit, after, state));
}

fallible webhooks_delivery(struct ctx *ctx, struct uuid endpoint, struct uuid id, struct webhook_delivery *out)
{
    return db_find(ctx, SQL_WEBHOOK_DELIVERY, &webhook_delivery_shape, out, P(endpoint, id));
}

fallible webhooks_test(struct ctx *ctx, struct uuid endpoint, struct uuid *delivery)
{
    struct rows rows;
    TRY(db_rows(ctx, SQL_WEBHOOK_TEST, &rows, P(endpoint)));
    *delivery = row_uuid(&rows, 0, "delivery_id");
    return NULL;
}

fallible webhooks_redeliver(struct ctx *ctx, struct uuid endpoint, struct uuid delivery)
{
    return db_run(ctx, SQL_WEBHOOK_REDELIVER, NULL, P(endpoint, delivery));
}
