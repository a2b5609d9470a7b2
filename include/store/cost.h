/*
 * store/cost.h - what calls cost, and the rates of accounts.
 */
#pragma once

#include "db/db.h"
#include "model/cost.h"

fallible cost_of_campaign(struct ctx *, struct uuid campaign, struct campaign_cost *out);
/* Calling so many leads once; phones are the numbers of some of them.  *out: JSON object. */
fallible cost_forecast(struct ctx *, struct uuid campaign, const char *const *phone, size_t count, int64_t leads, const char **out);
/* Calls that began in [from, to); struct cost_line.  group: one of cost_groups. */
fallible cost_of_tenant(struct ctx *, struct utc from, struct utc to, const char *group, struct list *out);

fallible account_rates_get(struct ctx *, struct uuid account, struct account_rates *out);
fallible account_rates_save(struct ctx *, struct uuid account, const struct account_rates *);
