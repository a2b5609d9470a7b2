/*
 * web/dispatch.h - the life of a request.
 *
 *  1. router: no path is 404, no method 405.
 *  2. guard: who is asking (401), in their own tenant (404), with the role it takes (403).
 *  3. the body and the query are read, within their ceilings (415, 413, 400).
 *  4. the handler runs, in one transaction with its Idempotency-Key's row if it has one.
 *  5. an error becomes problem+json with the status of its kind; one access line is written; 5xx are logged once with
 *     their chain; the arena is emptied.  Nobody frees anything.
 *
 * This module knows nothing of FastCGI but the names of the parameters: main_api.c lends it three functions.
 */
#pragma once

#include "base/ctx.h"
#include "base/settings.h"

struct exchange {
    char *const *env;                                           /* "NAME=value", NULL-terminated */
    size_t     (*read)(void *data, char *into, size_t most);    /* body; 0 = there is no more */
    bool       (*write)(void *data, const char *bytes, size_t size);
    void       (*cut)(void *data);                              /* ends the connection in the middle of an answer */
    void        *data;
};

/* Answers one request. Of ctx only arena and db are looked at; the rest is set here, and the arena is reset at the end. */
void dispatch(struct ctx *, const struct settings *, const struct exchange *);
