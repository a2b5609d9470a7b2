/*
 * store/calls_read.h - calls, for reading.  Nothing here changes one.
 */
#pragma once

#include "db/db.h"
#include "model/call.h"

/* Unset members do not filter. */
struct call_filter {
    const char *status;
    struct uuid campaign, agent, lead;
    struct utc  from, to;                                       /* created at or after from, before to */
};

/* limit + 1 rows, newest first; struct call. */
fallible calls_list(struct ctx *, const struct call_filter *, int64_t limit, struct uuid after, struct list *out);
fallible calls_find(struct ctx *, struct uuid, struct call *out);
/* Everything heard about it, in order; struct call_event. */
fallible calls_events(struct ctx *, struct uuid, struct list *out);
