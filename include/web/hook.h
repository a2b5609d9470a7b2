/*
 * web/hook.h - what every route that a carrier calls does first: find out whether it is genuine.
 *
 * The account is named in the request; its secrets are kept per process for at most 30 s, so that a webhook costs one database round
 * trip.  A miss, or one re-read after a signature that failed (a rotated token), is the only further one.  Whatever is not
 * genuine is 403 without detail, and nothing of it is stored.
 */
#pragma once

#include "provider/twilio.h"
#include "web/req.h"

struct hook {
    struct pairs      fields;                                   /* form of a POST, query of a GET */
    struct carrier_event event;
    struct uuid       tenant, attempt;                          /* "t" and "a" of the URL; none when absent */
    const char       *accounts;                                 /* PostgreSQL array of the account rows whose token signed it */
};

fallible hook_enter(struct req *, struct hook *out);
