/*
 * store/dnc.c - see store/dnc.h.
 */
#include "store/dnc.h"

fallible dnc_list(struct ctx *ctx, const char *phone_e164, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_DNC_LIST, &dnc_shape, out, P(limit + 1, after, phone_e164));
}

fallible dnc_find(struct ctx *ctx, struct uuid id, struct dnc *out)
{
    *out = (struct dnc){ 0 };
    return db_find(ctx, SQL_DNC_FIND, &dnc_shape, out, P(id));
}

fallible dnc_insert(struct ctx *ctx, const char *source, struct dnc *d)
{
    return db_one(ctx, SQL_DNC_ADD, &dnc_shape, d, P(d->campaign_id, d->phone_e164, d->reason, source));
}

fallible dnc_is_settled(struct ctx *ctx, const char *phone_e164, bool *out)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_DNC_SETTLED, &rows, P(phone_e164)));
    *out = row_bool(&rows, 0, "settled");
    return NULL;
}

fallible dnc_remove(struct ctx *ctx, struct uuid id)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_DNC_REMOVE, &rows, P(id)));
    if (rows.count == 0)
        FAIL(ctx, NOT_FOUND, "There is nothing at this address.");
    return NULL;
}
