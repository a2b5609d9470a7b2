/*
 * web/route.h - one line per route: method, path, who may pass, what it needs, what it is for.
 *
 * The router, the guard, the 404/405 answers, idempotency, body ceilings, `outdial routes`, the API document and the
 * authorisation test all read the same table (fcgi/web/routes.c); no handler checks a role.
 *
 * Patterns: literal segments and ":name" segments.  ":tenant" is the tenant of the path, ":id" the object's id (req->id),
 * ":part" any other text segment (req->part).  On routes without ":tenant" that need a role, the tenant is the token's.
 *
 * gives and takes name schemas: rows of fcgi/web/schemas.c, most of which are the shapes that the handlers read and write with.
 */
#pragma once

#include "web/req.h"

enum method { GET, POST, PUT, PATCH, DELETE, METHOD_COUNT };

enum who {
    ANYONE,                                                     /* no credential */
    SIGNED,                                                     /* a provider; the handler's first call verifies the signature */
    VIEWER, AGENT, MANAGER, ADMIN, OWNER,                       /* at least that role in the tenant */
    PLATFORM                                                    /* platform administrators */
};

enum route_flag {
    CREATES   = 1,                                              /* honours Idempotency-Key */
    TAKES_CSV = 2,                                              /* body is text/csv, ceiling 1 GiB (a file at the worker) */
    NO_BODY   = 4,                                              /* a body is ignored */
    CALLS     = 8,                                              /* may ring a phone: keeps idempotency itself, no transaction around it */
    LENIENT   = 16,                                             /* a path of the five systems: unknown members are ignored, body optional */
    LARGE     = 32,                                             /* body up to 8 MiB (Vapi's webhooks) */
    FIRST_STEP = 64                                             /* open to somebody who still has to set up a second factor */
};

struct route {
    enum method  method;
    const char  *pattern;
    enum who     who;
    fallible   (*handler)(struct req *);
    unsigned     flags;
    const char  *object;                                        /* table whose row :id must exist in the tenant, for 404 before 403..422; NULL = none */
    const char  *about;
    const char  *query;                                         /* names of its query members, rows of fcgi/web/parameters.c; others are refused */
    const char  *takes;                                         /* schema of the body, or of a webhook's form; or "text/csv" */
    const char  *gives;                                         /* "200 Lead"; "200 [Lead]" a page of them; "204"; "200 text/csv"; "201 Call | 202 Call" */
};

extern const struct route routes[];
extern const unsigned     route_count;

const char *method_name(enum method);
