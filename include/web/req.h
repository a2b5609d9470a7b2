/*
 * web/req.h - a request as a handler sees it.
 *
 * Who is asking has been settled before the handler runs: ctx has tenant, principal, epoch and role.  Handlers read
 * typed values and return errors; status codes are dispatch.c's business.
 */
#pragma once

#include "base/ctx.h"
#include "base/err.h"
#include "base/json.h"
#include "base/settings.h"
#include "base/shape.h"
#include "base/str.h"
#include "db/db.h"
#include "web/reply.h"

struct route;

struct req {
    struct ctx            *ctx;
    const struct settings *settings;
    const struct route    *route;
    const char            *method, *path, *query;               /* as nginx passed them; query without '?' */
    const char            *uri;                                 /* REQUEST_URI: path and query exactly as sent, for signatures */
    struct uuid            id;                                  /* ":id" when it is a UUID */
    const char            *id_text;                             /* ":id" as written (leads also take an external_id) */
    const char            *part;
    const char            *body;                                /* NUL-terminated; read before the handler, within the ceiling */
    size_t                 body_size;
    const char            *body_file;                           /* TAKES_CSV: path nginx stored it at, or NULL */
    struct pairs           query_pairs;                         /* valid: checked before the handler */
    struct uuid            user_id;                             /* none for API keys and webhooks */
    bool                   only_first_steps;                    /* signed in, but the tenant requires a second factor and there is none */
    /* CREATES with an Idempotency-Key; NULL without.  CALLS routes bind the key to the attempt themselves, by these two and
     * ctx->principal and req_route_name(); when a key is bound already, replay_attempt is that attempt and nothing is placed. */
    const char            *idempotency_key, *idempotency_hash;
    struct uuid            replay_attempt;
    struct reply           reply;
    /* inside web/ only */
    char *const           *env;                                 /* FastCGI parameters */
    const struct json     *json;                                /* the body, once somebody has read it */
};

/* "POST /api/v1/tenants/:tenant/calls": what idempotency rows and logs call the route. */
const char *req_route_name(struct req *);
/* A FastCGI parameter as nginx passed it, e.g. "REMOTE_ADDR"; NULL when absent or empty. */
const char *req_env(struct req *, const char *name);

/* Header of the request, e.g. req_header(r, "If-Match"); NULL when absent. */
const char *req_header(struct req *, const char *name);
const char *req_query(struct req *, const char *name);          /* its value or NULL */

/* Body as a JSON object onto *value (415 unless application/json, 400 unless JSON, 422 by the shape). */
fallible req_create(struct req *, const struct shape *, void *value);   /* a new object: REQUIRED and CREATE_ONLY apply */
fallible req_update(struct req *, const struct shape *, void *value);   /* overlay */
/* The parsed body itself, always an object; for LENIENT routes an empty body is {}. */
fallible req_object(struct req *, const struct json **out);
/* application/x-www-form-urlencoded body. */
fallible req_form(struct req *, struct pairs *out);

/* ?limit=&cursor= : limit 50, at most 1000.  cursor is opaque outside; after is the id the last page ended with (none = first page). */
struct page { int64_t limit; struct uuid after; };
fallible req_page(struct req *, struct page *out);
/* Reads the query: 400 "bad_query", 400 "repeated_parameter", and, unless the route is SIGNED or LENIENT, 400 "unknown_parameter" for
 * names that the route's line does not have. */
fallible req_take_query(struct req *);

/* If-Match against the representation's ETag: PRECONDITION when it differs. */
fallible req_if_match(struct req *, const struct shape *, const void *current);

/* Language of sentences for this request: "tr" or "en" from Accept-Language, else NULL (the tenant's). */
const char *req_language(struct req *);
