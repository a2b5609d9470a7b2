/*
 * store/calls_read.c - see store/calls_read.h.
 */
#include "store/calls_read.h"

fallible calls_list(struct ctx *ctx, const struct call_filter *f, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_CALL_LIST, &call_shape, out, P(limit + 1, after, f->status, f->campaign, f->agent, f->lead, f->from, f->to));
}

fallible calls_find(struct ctx *ctx, struct uuid id, struct call *out)
{
    *out = (struct call){ 0 };
    return db_find(ctx, SQL_CALL_FIND, &call_shape, out, P(id));
}

fallible calls_events(struct ctx *ctx, struct uuid id, struct list *out)
{
    return db_list(ctx, SQL_CALL_EVENTS, &call_event_shape, out, P(id));
}
