/*
 * sandbox/serve.h - requests that come in, and the carriers that answer them.
 *
 * A carrier is a struct of functions behind a path prefix.  handle() must answer every request exactly once:
 * now with a reply_* function, or never (reply_lost). Everything runs on the event thread;
 * memory of a request lives in its arena until handle() returns.
 */
#pragma once

#include <stdint.h>

#include "base/json.h"
#include "base/str.h"
#include "sandbox/world.h"

struct evhttp_request;
struct event_base;

struct request {
    struct evhttp_request *http;
    const struct provider *provider;                            /* NULL for /control */
    struct arena          *arena;
    const char            *method;
    const char            *path;                                /* below the prefix, still percent-encoded, begins with '/' */
    const char            *url;                                 /* as requested */
    struct pairs           query;
    const char            *body;                                /* NUL-terminated */
    size_t                 body_size;
    struct call           *call;                                /* set by the handler: whom the exchange concerns */
    const char            *verdict;                             /* set by the handler: what it decided, for the log */
    int64_t                hold_ms;                             /* set by the handler: answer that much later, real time */
};

struct provider {
    const char *name;
    const char *prefix;                                         /* "/twilio" */
    void      (*handle)(struct request *);
    void      (*resume)(struct call *);                         /* after a restart, for every call: goes on, or ends */
    void      (*dropped)(void);                                 /* the world is being reset: stop every timer */
    struct err *(*inbound)(struct arena *, struct account *, struct number *, const char *from, struct call **);
};

extern const struct provider provider_twilio, provider_vapi, provider_livekit;
const struct provider *provider_find(const char *name);

const char *request_header(const struct request *, const char *name);   /* NULL when absent */

void reply_json(struct request *, int status, struct json_out *);
void reply_empty(struct request *, int status);                 /* 204 and the like */
void reply_problem(struct request *, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void reply_lost(struct request *);                              /* closes the connection without an answer */

/* Serves a long answer in pieces: next() writes one and returns false when there is no more. */
void reply_stream(struct request *, const char *opening, const char *closing,
                  bool (*next)(struct json_out *, void *state), void *state);

bool               serve_start(uint16_t port, const char *token);       /* loopback; false: said on standard error */
void               serve_run(void);                             /* until SIGTERM or SIGINT */
struct event_base *serve_events(void);
void               control_handle(struct request *);            /* /control, token already checked */
