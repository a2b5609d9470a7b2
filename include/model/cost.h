/*
 * model/cost.h - amounts of money, what calls cost, and an account's rates.
 *
 * Amounts are counted in whole millionths ("micros") of a currency.  Outside they are decimal text: never a floating point number, which
 * could not hold a tenth of a cent.  Until a carrier has told the price of a call it costs what the account's rates say, and is said to
 * be estimated.
 */
#pragma once

#include "base/shape.h"

/* "-0.01300" to -13000.  Digits after the sixth are rounded, halves away from zero.  false: no decimal number, or above nine million
 * millions. */
bool micros_parse(const char *decimal, int64_t *micros);

/* What the calls of a campaign cost. */
struct campaign_cost {
    const char *totals;                                         /* JSON list, an object per currency */
    const char *forecast;                                       /* JSON object: the leads that wait */
};
extern const struct shape campaign_cost_shape;

/* A line of the tenant's costs: a day, a campaign, or a number, in one currency. */
struct cost_line {
    const char *key, *name;                                     /* day, campaign's id (NULL: of none) and name, or number */
    const char *currency, *total, *settled, *estimated, *per_answered_call;
    int64_t     calls, unsettled_calls, answered_calls, minutes;
};
extern const struct shape cost_line_shape;
extern const char *const cost_groups[];                         /* NULL-terminated */

/* Rates of an account, as people edit them. */
struct account_rates {
    const char *currency;
    const char *rates;                                          /* JSON list of {prefix, per_minute_micros, per_call_micros} */
};
extern const struct shape account_rates_shape;                  /* for answers */

/* Reads and checks a body; INVALID with every wrong field.  out->rates is whole: every row has its three members. */
fallible account_rates_read(struct ctx *, const struct json *body, struct account_rates *out);
