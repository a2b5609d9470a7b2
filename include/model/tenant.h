/*
 * model/tenant.h - one customer of the installation.
 *
 * The calling window, the minimum gap and the status are shown and never read from a body: they are the operator's
 * (`outdial tenant window`) and the platform's.
 */
#pragma once

#include "base/shape.h"

struct tenant {
    struct uuid id;
    const char *name, *slug, *company;
    const char *persona;                                        /* who speaks in the scripts */
    const char *default_country;                                /* ISO 3166, two letters */
    const char *locale;                                         /* en, tr */
    const char *timezone;                                       /* of reports; calls go by the called party's */
    const char *agent_phone, *default_caller_id;                /* E.164 or NULL */
    bool        accept_key;
    const char *countries;                                      /* JSON array of ISO 3166; NULL = default_country only */
    const char *allowed_networks;                               /* JSON array of CIDR texts, requests come from these; NULL = from anywhere */
    bool        require_totp;                                   /* who signs in with a password needs a second factor */
    bool        force;                                          /* from a body: allowed_networks may leave out the asking address */
    int32_t     window_opens, window_closes;                    /* minutes of the called party's day */
    int32_t     minimum_gap_minutes;
    const char *status;                                         /* active, suspended */
    struct utc  created_at, updated_at;
};

enum { MOST_NETWORKS = 100 };

extern const struct shape tenant_shape;

/* What a platform administrator says about a new one. */
struct tenant_request {
    const char *name, *slug, *default_country, *locale, *owner_email, *owner_password;
};
extern const struct shape tenant_request_shape;

extern const char *const locale_names[];

/* What every tenant's fields must be besides their types: countries, zone.  INVALID with every wrong field. */
fallible tenant_check(struct ctx *, const struct tenant *);
/* Canonical allowed_networks, or INVALID; address, where the asker is, has to be in them unless the asker insists. */
fallible tenant_check_networks(struct ctx *, struct tenant *, const char *address);
/* "Example Ltd." -> "example-ltd"; "tenant" when nothing is left. */
const char *tenant_slug(struct arena *, const char *name);
