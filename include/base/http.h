/*
 * base/http.h - requests to other servers.  The only caller of libcurl.
 *
 * The one-send rule: a request marked once is put on a wire at most one time.  libcurl re-sends a POST by
 * itself when a kept connection turns out dead; CURLOPT_PREREQFUNCTION lets the first sending through and
 * aborts any second, which then ends as HTTP_UNKNOWN.  The same callback refuses to begin when the request's permit has
 * run out (send_before_ms, on boot_now_ms's clock), which ends as HTTP_NOT_SENT.
 *
 * The outcome of a request says what the other side may have done:
 *   HTTP_ANSWERED   a complete answer is here, any status
 *   HTTP_NOT_SENT   provably never reached the server: name, connect, TLS, permit expired
 *   HTTP_UNKNOWN    sent or perhaps sent, and no complete answer: timeout, reset, too large, second send refused
 *
 * Only http and https; no redirects; certificates always checked; answers at most 1 MiB unless told otherwise;
 * connect 5 s and the given total.  http_send asserts that no database transaction is open on ctx.
 *
 * Whose idea was the URL?  An address that a tenant wrote down may name a host of this network, or a name that means one address
 * when it is looked up first and another one later.  A request with `beyond` set is therefore judged by the address that the
 * connection is really made to, before a byte of it, and again when a kept connection is used: https to public addresses and to
 * those in `beyond`, http to those in `beyond` only.  Everything else ends as HTTP_NOT_SENT, and the words for it do not say which address it was.
 *
 * struct http_loop runs many requests at once on one thread; http_send is one request on the calling thread
 * with a kept connection per thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/err.h"
#include "base/network.h"

enum http_outcome { HTTP_ANSWERED, HTTP_NOT_SENT, HTTP_UNKNOWN };

struct http_request {
    const char *method;                                         /* "GET", "POST", "DELETE" ... */
    const char *url;
    const char *const *headers;                                 /* "Name: value", NULL-terminated, or NULL */
    const char *body;                                           /* NULL = none */
    size_t      body_size;
    const char *user, *password;                                /* Basic, or NULL */
    int64_t     timeout_ms;                                     /* 0 = 15000 */
    int64_t     send_before_ms;                                 /* 0 = no permit; else on boot_now_ms() */
    size_t      answer_ceiling;                                 /* bytes, 0 = 1 MiB */
    bool        once;
    bool        clip;                                           /* an answer ends at answer_ceiling and is complete then, however much follows */
    const struct networks *beyond;                              /* NULL: our own URL; has to live as long as the request */
};

struct http_answer {
    enum http_outcome outcome;
    long        status;                                         /* HTTP status when answered */
    const char *body;                                           /* NUL-terminated */
    size_t      body_size;
    const char *content_type;                                   /* or NULL */
    const char *retry_after;                                    /* header or NULL */
    const char *request_id;                                     /* Twilio-Request-Id or X-Request-Id, or NULL */
    const char *error;                                          /* what went wrong, for the log */
    int64_t     took_ms;
};

void http_init(void);                                           /* once, before threads; SIGPIPE is ignored from then on */

/* Set by the database layer: whether a transaction is open on ctx. NULL = not checked. */
extern bool (*http_transaction_open)(const struct ctx *);

/* Answer lives in ctx's arena. Never fails itself: everything is in the outcome. */
void http_send(struct ctx *, const struct http_request *, struct http_answer *out);

/* Many at once.  The request is copied; the answer is valid only inside done. */
struct http_loop;
typedef void http_done(void *data, const struct http_answer *);
struct http_loop *http_loop_create(unsigned most_connections_per_host);         /* 0 = no limit */
void     http_loop_destroy(struct http_loop *);                  /* what still runs is given up; its done is not called */
void     http_loop_start(struct http_loop *, const struct http_request *, http_done *, void *data);
unsigned http_loop_running(const struct http_loop *);
/* Ends everything that is running now: each done hears HTTP_NOT_SENT or HTTP_UNKNOWN. */
void     http_loop_give_up(struct http_loop *);
/* Works for at most wait_ms, returns early when something finished, when http_loop_wake is called, or when extra_fd
 * (or -1) is readable. */
void     http_loop_run(struct http_loop *, int wait_ms, int extra_fd);
void     http_loop_wake(struct http_loop *);                    /* from any thread */

/* The parts of a URL as a request would use them: the host decoded, in lower case, numeric forms of IPv4 resolved, without brackets;
 * port 0 where none is written.  False unless it is an absolute http or https URL of printable ASCII. */
struct http_url { bool tls, has_user, has_fragment; const char *host; int port; };
bool http_url_parse(struct arena *, const char *url, struct http_url *out);

/* Retry-After clamped to [500 ms, 15 min]; text, negative, absurd: fallback_ms. */
int64_t http_retry_after_ms(const char *header, int64_t fallback_ms);
