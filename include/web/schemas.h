/*
 * web/schemas.h - what bodies and query members look like: the words that the route table's takes, gives and query use.
 *
 * A schema is a row of fcgi/web/schemas.c.  Most are shapes: the table that reads and writes the body describes it as well.
 * What a handler writes by hand is described in a short notation, next to the shapes:
 *
 *     success: boolean, callSid: text|null, lines?: [Line], kind: 'a'|'b', leadData: {name: text, category: text|null}
 *
 * A question mark means that the member may be missing, brackets a list, quotes the very word, |null that it may be null.  The
 * other words are text, integer, number, boolean, uuid, instant, uri, object (any members), any, and the names of schemas.
 * A query member's type is written the same way: a row of fcgi/web/parameters.c.
 */
#pragma once

#include <stddef.h>

#include "base/shape.h"

struct schema {
    const char         *name;
    const struct shape *shape;                                  /* or */
    const char         *members;                                /* in the notation above; or */
    const char *const  *among;                                  /* one of these words */
    const char         *about;
    bool                tagged;                                 /* answered with an ETag although it is no shape */
    const char         *example;                                /* of a body to POST: JSON text */
};
/* NULL when there is none of that name. */
const struct schema *schema_find(const char *name, size_t length);

extern const struct schema schemas[];
extern const unsigned      schema_count;

struct parameter { const char *name, *type, *about; };
const struct parameter *parameter_find(const char *name, size_t length);

extern const struct parameter parameters[];
extern const unsigned         parameter_count;

/* Shapes of bodies that only one handler knows; each stands in that handler's file. */
extern const struct shape credentials_shape, refresh_shape, logout_shape, setup_shape;      /* api_auth.c */
extern const struct shape audit_line_shape;                                                 /* api_audit.c */
extern const struct shape call_body_shape;                                                  /* api_calls.c */
extern const struct shape totp_code_shape;                                                  /* api_me.c */
extern const struct shape campaign_leads_shape, recycle_shape;                              /* api_campaigns.c */
extern const struct shape lead_ids_shape;                                                   /* api_lists.c */
extern const struct shape run_wish_shape;                                                   /* api_cost.c */
extern const struct shape import_wish_shape, number_order_shape;                            /* api_numbers.c */
