/*
 * model/dnc.h - a number that is not called: by nobody here, by one tenant, or by one campaign.
 */
#pragma once

#include "base/shape.h"

struct dnc {
    struct uuid id;
    const char *phone;                                          /* as given */
    const char *phone_e164;
    const char *reason;
    const char *source;                                         /* keypress, api, command, import, sms */
    const char *scope;                                          /* tenant or campaign; rows of the platform are not shown */
    struct uuid campaign_id;
    struct utc  created_at;
    bool        is_new;                                         /* of an addition: it was not there before */
};
extern const struct shape dnc_shape;

/* Normalises phone, judges scope and campaign_id together.  INVALID with every wrong field. */
fallible dnc_check(struct ctx *, const char *country, struct dnc *);
