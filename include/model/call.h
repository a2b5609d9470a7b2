/*
 * model/call.h - a call as clients read it: one conversation, its request to the carrier, the lead's line.
 */
#pragma once

#include "base/shape.h"

struct call {
    struct uuid id;
    const char *direction, *status;                             /* status: words of model/states.h, and "unknown" */
    const char *from_number, *to_number;
    const char *duration;                                       /* whole seconds as JSON; NULL while it is not over */
    struct utc  answered_at, ended_at, created_at;
    struct uuid assigned_to, answered_by_user_id, campaign_id, lead_id;
    const char *call_sid, *answered_by, *outcome, *failure;
    const char *price, *price_currency;                         /* decimal; NULL while it is not over */
    bool        price_estimated;                                /* by the account's rates: the carrier has not said yet */
};
extern const struct shape call_shape;

/* One thing that was heard about a call. */
struct call_event {
    int64_t     seq;
    const char *kind, *source, *call_sid;
    const char *payload;                                        /* JSON object */
    struct utc  received_at;
};
extern const struct shape call_event_shape;

extern const char *const call_status_names[];                   /* NULL-terminated, "unknown" among them */
