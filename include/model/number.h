/*
 * model/number.h - numbers that a tenant calls from.
 *
 * In JSON a phone number is camelCase throughout.  A number is a caller ID only while it is active and verified: by the
 * provider's own list, or by the operator.
 */
#pragma once

#include "base/shape.h"

struct number {
    struct uuid id, tenant_id;
    const char *number;                                         /* E.164 */
    const char *type;                                           /* LOCAL, TOLL_FREE, MOBILE */
    const char *provider;                                       /* TWILIO, or another */
    const char *provider_sid;                                   /* PN... or NULL */
    struct uuid campaign_id;                                    /* none = of no campaign */
    const char *livekit_trunk_id;                               /* ST_... or NULL */
    bool        is_active;
    const char *state;                                          /* buying, owned, releasing */
    int64_t     daily_cap;                                      /* calls that may show it per day of the tenant; 0 = what its campaign says */
    int64_t     calls_today;
    struct utc  purchased_at, updated_at;
    const char *metadata;                                       /* JSON object */
};
extern const struct shape number_shape;
extern const char *const number_types[];                        /* NULL-terminated */

/* TOLL_FREE, MOBILE or LOCAL.  provider_type: the provider's own word for it, or NULL. */
const char *number_type(const char *e164, const char *provider_type);
