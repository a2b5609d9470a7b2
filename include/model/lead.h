/*
 * model/lead.h - somebody who may be called.
 *
 * A lead has a number as it was written (original_phone, shown as phone too) and, when it normalises, in E.164.  A number that does
 * not normalise is refused with the reason, unless the request says allow_invalid: then it is kept, and refused when called.
 * Further numbers follow in the order in which they are to be tried, each with a label if people gave one; they must all normalise.
 */
#pragma once

#include "base/shape.h"

#define LEAD_NAME_LONGEST     300                               /* characters */
#define LEAD_EXTERNAL_LONGEST 200
#define LEAD_PHONE_LONGEST    100
#define LEAD_LABEL_LONGEST    50
#define LEAD_MOST_PHONES      9                                 /* beyond the first */

struct lead {
    struct uuid id;
    const char *external_id;                                    /* the customer's own key, unique in the tenant; NULL = none */
    const char *name, *category;
    const char *phone;                                          /* as given */
    const char *phone_e164, *original_phone;
    const char *phones;                                         /* JSON list of further numbers: {phone, phone_e164, label} */
    const char *custom;                                         /* JSON object */
    int64_t     priority;                                       /* higher goes first where a campaign orders by it */
    bool        allow_invalid;
    bool        phones_stay;                                    /* they are as the database has them */
    struct utc  created_at, updated_at;
};
extern const struct shape lead_shape;

/* A lead in a campaign's list. */
struct campaign_lead {
    struct lead lead;
    const char *state, *last_outcome, *reason;
    int64_t     attempts, position;
    struct utc  due_at;                                         /* not set: at once */
};
extern const struct shape campaign_lead_shape;

extern const char *const campaign_lead_states[];                /* NULL-terminated */

/* Normalises phone and phones, fills what null took away; a phone that is as it was stays the number that it is.
 * country: of numbers written without one.  INVALID with every wrong field. */
fallible lead_check(struct ctx *, const char *country, struct lead *);
