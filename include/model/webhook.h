/*
 * model/webhook.h - outgoing webhooks: what there is to hear, where it is sent, how it is signed.
 *
 * The events are one table; the endpoints' field, the API's list of them, the screen and the database's CHECK (a play compares it)
 * all say the same.  A message is {"type","timestamp","sequence","data"}: data is the object as the API shows it, at that moment;
 * of two messages about one object the one with the higher sequence is the later one, in whatever order they arrive.
 *
 * Messages are signed as Standard Webhooks has it: HMAC-SHA256 with the 32 bytes behind "whsec_" over "id.timestamp.body", and during
 * the day after a rotation with both secrets.  The id is the event's: sent again, it is the same.
 */
#pragma once

#include "base/network.h"
#include "base/shape.h"

#define WEBHOOK_EVENTS(X) /* name, what has happened; data is ... */                                             \
    X("call.started",           "The carrier took the call. A call.")                                            \
    X("call.ringing",           "It rings. A call.")                                                             \
    X("call.answered",          "Somebody, or something, picked up. A call.")                                    \
    X("call.completed",         "The call is over, however it ended: see status and outcome. A call.")           \
    X("call.updated",           "Something else is known about a call, also after its end. A call.")             \
    X("campaign.state_changed", "A campaign was started, paused or stopped, or is done. A campaign.")            \
    X("lead.opted_out",         "A called person asked not to be called. A do-not-call entry, with lead_id and call_id.") \
    X("dnc.added",              "A number is on a do-not-call list, whoever put it there. A do-not-call entry.") \
    X("import.completed",       "A file of leads has been read to its end. An import.")

#define WEBHOOK_TEST      "webhook.test"                        /* sent when asked for, to any endpoint */
#define WEBHOOK_SECRET    "webhook_endpoints.secret"            /* what a sealed secret is bound to, beside the tenant */
#define WEBHOOK_ENDPOINTS 20                                    /* of one tenant */

struct webhook_event { const char *name, *about; };
extern const struct shape         webhook_event_shape;
extern const struct webhook_event webhook_events[];
extern const size_t               webhook_event_count;

struct webhook_endpoint {
    struct uuid id;
    const char *url, *description;
    const char *events;                                         /* JSON list of names; NULL or ["*"]: all */
    bool        is_active;
    const char *disabled_reason;                                /* NULL when a person did it */
    struct utc  disabled_at, failing_since, full_since, old_secret_until;
    struct utc  created_at, updated_at;
};
extern const struct shape webhook_endpoint_shape;

struct webhook_delivery {
    struct uuid id, event_id;
    const char *event_type, *state;                             /* waiting, delivered, failed */
    int64_t     attempts;
    const char *response_status, *duration_ms;                  /* whole numbers as JSON; NULL before the first answer */
    const char *response;                                       /* its first kilobyte */
    const char *error;
    struct utc  next_try_at, created_at, settled_at;
};
extern const struct shape  webhook_delivery_shape;
extern const char *const   webhook_states[];                    /* NULL-terminated */

/* https to the open internet, and anything that beyond has.  Names are not looked up here: the address counts when it is sent.
 * Turns "all" into NULL.  INVALID with every wrong field. */
fallible webhook_check(struct ctx *, const struct networks *beyond, struct webhook_endpoint *);

char *webhook_secret_make(struct arena *);                      /* "whsec_" and 32 bytes of chance in base64 */
/* "v1,..." for webhook-signature; NULL when the secret is not one. */
char *webhook_sign(struct arena *, const char *secret, const char *id, int64_t timestamp, const char *body, size_t size);
