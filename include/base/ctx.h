/*
 * base/ctx.h - who is asking, on whose behalf, and where memory comes from.
 *
 * One ctx accompanies one request, one tick of the dialer or one command.  The database layer fills every
 * statement's tenant from here, and the log takes its request id and tenant from here, so neither can be
 * forgotten or forged by a caller further down.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/uuid.h"

struct db;

struct ctx {
    struct arena *arena;
    struct db    *db;
    struct uuid   tenant;                                       /* none = platform-wide work */
    /* The credential that database statements are entered with; see db/db.h. */
    const char   *principal;                                    /* "user:<uuid>", "key:<uuid>", "dialer", "command", or NULL = nobody yet */
    int64_t       epoch;                                        /* the credential's epoch */
    const char   *token_id;                                     /* jti of the access token, or NULL */
    const char   *role;                                         /* role the credential claims, or NULL */
    const char   *address;                                      /* where the request came from, canonical text, or NULL: tenants may allow networks */
    const char   *agent;                                        /* what the client calls itself (User-Agent), or NULL */
    const char   *request_id;                                   /* shown to clients and in every log line */
    const char   *doing;                                        /* "GET /api/v1/...": the route pattern, never the query */
    int64_t       deadline_ms;                                  /* on boot_now_ms(): waiting for the database ends then; 0 = 10 s from now */
    int           round_trips;                                  /* database round trips of this request, counted by db.c */
};
