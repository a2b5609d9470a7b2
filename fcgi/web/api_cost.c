/*
 * web/api_cost.c - what calls cost, over HTTP: of a campaign, of the tenant, of a run before it starts, and the rates behind estimates.
 */
#include <string.h>

#include "base/str.h"
#include "model/phone.h"
#include "store/campaigns.h"
#include "store/cost.h"
#include "web/api.h"
#include "web/schemas.h"

#define MOST_PHONES 1000
#define MOST_DAYS   400
#define DAY_US      (86400 * 1000000LL)
#define MONTH_US    (30 * DAY_US)

/* GET .../provider-accounts/:id/rates */
fallible api_rates_get(struct req *r)
{
    struct account_rates rates;

    TRY(account_rates_get(r->ctx, r->id, &rates));
    return reply_json(r, 200, &account_rates_shape, &rates);
}

/* PUT .../provider-accounts/:id/rates {currency, rates}: all of them anew */
fallible api_rates_put(struct req *r)
{
    struct account_rates before, rates;
    const struct json *body;

    TRY(req_object(r, &body));
    TRY(account_rates_read(r->ctx, body, &rates));
    TRY(account_rates_get(r->ctx, r->id, &before));
    TRY(req_if_match(r, &account_rates_shape, &before));
    TRY(account_rates_save(r->ctx, r->id, &rates));
    TRY(account_rates_get(r->ctx, r->id, &rates));
    return reply_json(r, 200, &account_rates_shape, &rates);
}

/* GET .../campaigns/:id/cost */
fallible api_campaign_cost(struct req *r)
{
    struct campaign_cost cost;

    TRY(cost_of_campaign(r->ctx, r->id, &cost));
    return reply_json(r, 200, &campaign_cost_shape, &cost);
}

struct run_wish { const char *phones; int64_t leads; };

const struct shape run_wish_shape = SHAPE(struct run_wish, "list of numbers",
    FIELD_LIST(struct run_wish, phones, IN | REQUIRED, .longest = 100, .about = "the first thousand stand for all"),
    FIELD(struct run_wish, leads, IN, .lowest = 0, .highest = 100000000, .about = "how many there are; as many as phones when it is not given"));

/* POST .../campaigns/:id/forecast {phones, leads} */
fallible api_campaign_forecast(struct req *r)
{
    struct run_wish wish = { .leads = -1 };
    struct campaign_house house;
    const struct json *body;
    const char *forecast;
    size_t good = 0;

    TRY(req_create(r, &run_wish_shape, &wish));
    TRY(req_object(r, &body));
    const struct json *list = json_get(body, "phones");
    size_t count = json_length(list);
    const char **phones = arena_array(r->ctx->arena, count + 1, sizeof *phones);
    TRY(campaigns_house(r->ctx, &house));
    for (size_t i = 0; i < count && i < MOST_PHONES; i++) {
        struct e164 number;
        if (phone_normalize(json_string(json_at(list, i)), house.country, &number) == PHONE_OK)
            phones[good++] = arena_text(r->ctx->arena, number.digits);
    }
    TRY(cost_forecast(r->ctx, r->id, phones, good, wish.leads < 0 ? (int64_t)count : wish.leads, &forecast));
    return reply_text(r, 200, "application/json", forecast, strlen(forecast));
}

static fallible read_instant(struct req *r, const char *name, struct utc otherwise, struct utc *out)
{
    const char *text = req_query(r, name);

    *out = otherwise;
    if (text && !utc_parse(text, out))
        FAIL_FIELD(r->ctx, name, "malformed", "%s must be an instant such as 2026-01-31T09:00:00Z", name);
    return NULL;
}

/* GET .../analytics/cost?from&to&group */
fallible api_tenant_cost(struct req *r)
{
    const char *group = req_query(r, "group") ? req_query(r, "group") : cost_groups[0];
    struct utc from, to;
    struct list lines;
    bool good = false;

    for (const char *const *name = cost_groups; *name; name++)
        good = good || str_equal(*name, group);
    if (!good)
        FAIL_FIELD(r->ctx, "group", "not_one_of", "group is one of day, campaign and number");
    TRY(read_instant(r, "to", (struct utc){ utc_now().us + DAY_US }, &to));
    TRY(read_instant(r, "from", (struct utc){ to.us - MONTH_US }, &from));
    if (from.us >= to.us || to.us - from.us > MOST_DAYS * DAY_US)
        FAIL_FIELD(r->ctx, "from", "out_of_range", "from is before to, and not more than %d days", MOST_DAYS);
    TRY(cost_of_tenant(r->ctx, from, to, group, &lines));
    struct json_out *out = reply_object(r);
    json_name(out, "data");
    json_open_array(out);
    for (size_t i = 0; i < lines.count; i++)
        shape_write(out, &cost_line_shape, (const struct cost_line *)lines.item + i);
    json_close_array(out);
    return reply_object_end(r, 200);
}
