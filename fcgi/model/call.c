/*
 * model/call.c - see model/call.h.
 */
#include "model/call.h"

#include "model/states.h"

const struct shape call_shape = SHAPE(struct call, "call",
    FIELD(struct call, id, OUT | ALWAYS),
    FIELD(struct call, direction, OUT | ALWAYS),
    FIELD(struct call, status, OUT | ALWAYS, .among = call_status_names),
    FIELD(struct call, from_number, OUT),
    FIELD(struct call, to_number, OUT | ALWAYS),
    FIELD_JSON(struct call, duration, OUT, .type = "integer|null", .about = "seconds"),
    FIELD(struct call, answered_at, OUT),
    FIELD(struct call, ended_at, OUT),
    FIELD(struct call, assigned_to, OUT),
    FIELD(struct call, answered_by_user_id, OUT),
    FIELD(struct call, campaign_id, OUT),
    FIELD(struct call, lead_id, OUT),
    FIELD(struct call, call_sid, OUT),
    FIELD(struct call, answered_by, OUT),
    FIELD(struct call, outcome, OUT),
    FIELD(struct call, failure, OUT),
    FIELD(struct call, price, OUT, .about = "what it cost, decimal, once it is over"),
    FIELD(struct call, price_currency, OUT),
    FIELD(struct call, price_estimated, OUT | ALWAYS, .about = "true: by the account's rates, until the carrier has said"),
    FIELD(struct call, created_at, OUT | ALWAYS));

const struct shape call_event_shape = SHAPE(struct call_event, "event",
    FIELD(struct call_event, seq, OUT),
    FIELD(struct call_event, kind, OUT | ALWAYS),
    FIELD(struct call_event, source, OUT | ALWAYS),
    FIELD(struct call_event, call_sid, OUT),
    FIELD_JSON(struct call_event, payload, OUT | ALWAYS),
    FIELD(struct call_event, received_at, OUT | ALWAYS));

const char *const call_status_names[] = {
#define X(name, rank, word, about) #name,
    CALL_STATUSES(X)
#undef X
    "unknown", NULL,
};
