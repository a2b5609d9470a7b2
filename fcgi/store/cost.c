/*
 * store/cost.c - see store/cost.h.
 */
#include "store/cost.h"

fallible cost_of_campaign(struct ctx *ctx, struct uuid campaign, struct campaign_cost *out)
{
    *out = (struct campaign_cost){ 0 };
    return db_find(ctx, SQL_CAMPAIGN_COST, &campaign_cost_shape, out, P(campaign));
}

fallible cost_forecast(struct ctx *ctx, struct uuid campaign, const char *const *phone, size_t count, int64_t leads, const char **out)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_CAMPAIGN_FORECAST, &rows, P(campaign, param_array(phone, count), leads)));
    *out = row_text(&rows, 0, "forecast");
    return NULL;
}

fallible cost_of_tenant(struct ctx *ctx, struct utc from, struct utc to, const char *group, struct list *out)
{
    return db_list(ctx, SQL_TENANT_COST, &cost_line_shape, out, P(from, to, group));
}

fallible account_rates_get(struct ctx *ctx, struct uuid account, struct account_rates *out)
{
    *out = (struct account_rates){ 0 };
    return db_find(ctx, SQL_ACCOUNT_RATES, &account_rates_shape, out, P(account));
}

fallible account_rates_save(struct ctx *ctx, struct uuid account, const struct account_rates *rates)
{
    return db_run(ctx, SQL_ACCOUNT_RATES_SAVE, NULL, P(account, rates->currency, rates->rates));
}
