/*
 * provider/provider.h - carriers behind few verbs and neutral words.
 *
 * Nothing above this layer knows a carrier's vocabulary.  Each verb is two pure halves, one that writes the HTTP request and
 * one that reads the answer, so that the same verb serves a thread that waits (http_send) and the dialer's loop (http_loop),
 * and can be tested against recorded answers without a network.
 *
 * What an answer to "place this call" means is said in the words of attempt_report (sql/schema/920_calls.sql):
 * accepted, refused, later, not_sent, caller_id, account, unknown.  Anything that is not provably one of the others is unknown.
 */
#pragma once

#include "base/http.h"
#include "provider/account.h"

/* A call to place. */
struct dial {
    struct uuid attempt, tenant;
    const char *to, *from;                                      /* E.164 */
    const char *public_base_url;                                /* ours, for callbacks */
    int         ring_seconds;
    bool        machine_detection, wait_for_beep, async_machine_detection;
    int         machine_detection_timeout_ms;
    int64_t     send_before_ms;                                 /* boot_now_ms() when the permit ends */
};

struct dial_result {
    const char *outcome;                                        /* see above */
    const char *sid;                                            /* when accepted */
    int         http_status;                                    /* 0 = no answer */
    const char *code;                                           /* the provider's, or NULL */
    const char *detail;                                         /* a sentence without numbers or secrets */
    int64_t     retry_ms;                                       /* later: how long the account rests */
};

/* How a call stands at the provider. */
struct call_state {
    const char *sid;
    const char *status;                                         /* ours: dialing ... completed; NULL = the provider does not know it */
    const char *answered_by;                                    /* human, machine, unknown or NULL */
    int64_t     duration;                                       /* seconds, -1 = not told */
    struct utc  created_at, ended_at;                           /* not set = not told */
    bool        by_api;                                         /* placed through the API, not a dialed leg or inbound */
};

/* A genuine webhook, in neutral words. */
struct carrier_event {
    const char *sid, *parent_sid;                               /* parent NULL for the line we placed */
    const char *status;                                         /* ours, or NULL */
    const char *answered_by;                                    /* ours, or NULL */
    const char *source_key;                                     /* the same for a repetition, different for anything else */
    const char *to, *from, *digits;
    struct utc  at;                                             /* the provider's instant; not set = not told */
    int64_t     duration;                                       /* -1 = not told */
    const char *payload;                                        /* JSON of what is worth keeping: no numbers, no geography */
};

struct provider {
    const char *name;

    /* MUST be set. */
    fallible (*call_request)(struct arena *, const struct account *, const struct dial *, struct http_request *out);
    void     (*call_answer)(struct arena *, const struct account *, const struct http_answer *, struct dial_result *out);
    /* One call by its sid. */
    void     (*fetch_request)(struct arena *, const struct account *, const char *sid, struct http_request *out);
    /* false: no usable answer, ask again later.  A 404 is an answer: status NULL. */
    bool     (*fetch_answer)(struct arena *, const struct http_answer *, struct call_state *out);
    /* Calls placed to one number from one number, newest first. */
    void     (*find_request)(struct arena *, const struct account *, const char *to, const char *from, struct http_request *out);
    bool     (*find_answer)(struct arena *, const struct http_answer *, struct call_state **out, size_t *count);
    /* Takes a call back.  how: "queued" or "ringing" cancel it if it has not been answered; "live" ends it in any state. */
    void     (*stop_request)(struct arena *, const struct account *, const char *sid, const char *how, struct http_request *out);
    bool     (*stop_answer)(struct arena *, const struct http_answer *, struct call_state *out);
    /* Sends a live call to another document of ours. */
    void     (*redirect_request)(struct arena *, const struct account *, const char *sid, const char *url, struct http_request *out);
};

extern const struct provider provider_twilio;

/* Carrier names as rows spell them; NULL when unknown. */
const struct provider *provider_find(const char *name);
