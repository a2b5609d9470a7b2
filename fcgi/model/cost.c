/*
 * model/cost.c - see model/cost.h.
 */
#include "model/cost.h"

#include <string.h>

#include "base/str.h"

#define MOST_RATES    1000
#define HIGHEST_PRICE 1000000000LL                              /* a thousand of a currency for one minute */
#define MOST_WHOLE    9000000000000LL

const struct shape campaign_cost_shape = SHAPE(struct campaign_cost, "cost of a campaign",
    FIELD_JSON(struct campaign_cost, totals, OUT | ALWAYS, .type = "[CostTotal]"),
    FIELD_JSON(struct campaign_cost, forecast, OUT | ALWAYS, .type = "Forecast", .about = "the leads that wait, called once"));

const struct shape cost_line_shape = SHAPE(struct cost_line, "cost",
    FIELD(struct cost_line, key, OUT, .about = "the day, the campaign's id, or the number that was shown"),
    FIELD(struct cost_line, name, OUT, .about = "the campaign's"),
    FIELD(struct cost_line, currency, OUT | ALWAYS),
    FIELD(struct cost_line, total, OUT | ALWAYS, .about = "decimal, as are all amounts"),
    FIELD(struct cost_line, settled, OUT | ALWAYS, .about = "as the carrier charged"),
    FIELD(struct cost_line, estimated, OUT | ALWAYS, .about = "by the account's rates, until the carrier has said"),
    FIELD(struct cost_line, calls, OUT | ALWAYS),
    FIELD(struct cost_line, unsettled_calls, OUT | ALWAYS),
    FIELD(struct cost_line, answered_calls, OUT | ALWAYS),
    FIELD(struct cost_line, minutes, OUT | ALWAYS, .about = "begun minutes of all lines"),
    FIELD(struct cost_line, per_answered_call, OUT));

const struct shape account_rates_shape = SHAPE(struct account_rates, "rates",
    FIELD(struct account_rates, currency, OUT | ALWAYS),
    FIELD_JSON(struct account_rates, rates, OUT | ALWAYS, .type = "[Rate]"));

const char *const cost_groups[] = { "day", "campaign", "number", NULL };

/* ---- amounts ---- */

bool micros_parse(const char *decimal, int64_t *micros)
{
    const char *c = decimal;
    int64_t whole = 0, fraction = 0;
    bool any = false, rounded_up = false, negative = c && *c == '-';

    if (!c)
        return false;
    if (*c == '-' || *c == '+')
        c++;
    for (; *c >= '0' && *c <= '9' && whole <= MOST_WHOLE; c++, any = true)
        whole = whole * 10 + (*c - '0');
    if (whole > MOST_WHOLE)
        return false;
    if (*c == '.') {
        c++;
        int place = 0;
        for (; *c >= '0' && *c <= '9'; c++, any = true, place++) {
            if (place < 6)
                fraction = fraction * 10 + (*c - '0');
            else if (place == 6)
                rounded_up = *c >= '5';
        }
        for (; place < 6; place++)
            fraction *= 10;
    }
    if (*c || !any)
        return false;
    *micros = (negative ? -1 : 1) * (whole * 1000000 + fraction + rounded_up);
    return true;
}

/* ---- rates ---- */

static bool is_prefix(const char *text)
{
    if (str_equal(text, "*"))
        return true;
    size_t digits = text && *text == '+' ? strspn(text + 1, "0123456789") : 0;
    return digits >= 1 && digits <= 15 && text[1] != '0' && !text[1 + digits];
}

static bool is_currency(const char *text)
{
    return text && strlen(text) == 3 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

struct reading { struct ctx *ctx; const char *path; const char *const *known; struct err *wrong; };

static fallible check_known(void *data, const char *name, const struct json *value)
{
    struct reading *r = data;

    (void)value;
    for (const char *const *known = r->known; *known; known++)
        if (str_equal(*known, name))
            return NULL;
    const char *field = arena_printf(r->ctx->arena, "%s%.40s", r->path, name);
    r->wrong = err_field(r->ctx->arena, r->wrong, field, "unknown_field", "%s is not known here", field);
    return NULL;
}

static int64_t read_price(struct reading *r, const struct json *row, const char *name, bool required)
{
    const struct json *value = json_get(row, name);
    const char *field = arena_printf(r->ctx->arena, "%s%s", r->path, name);
    int64_t price = 0;

    if (!value && required)
        r->wrong = err_field(r->ctx->arena, r->wrong, field, "required", "%s is needed", field);
    else if (value && !json_integer(value, &price))
        r->wrong = err_field(r->ctx->arena, r->wrong, field, "wrong_type", "%s must be a whole number of millionths", field);
    else if (price < 0 || price > HIGHEST_PRICE)
        r->wrong = err_field(r->ctx->arena, r->wrong, field, "out_of_range", "%s is 0 to %lld millionths", field, HIGHEST_PRICE);
    return price;
}

static bool is_again(const struct json *list, size_t index, const char *prefix)
{
    for (size_t i = 0; i < index; i++)
        if (str_equal(json_string(json_get(json_at(list, i), "prefix")), prefix))
            return true;
    return false;
}

static fallible read_rate(struct reading *r, const struct json *list, size_t index, struct json_out *out)
{
    static const char *const known[] = { "prefix", "per_minute_micros", "per_call_micros", NULL };
    const struct json *row = json_at(list, index);
    const char *prefix = json_string(json_get(row, "prefix"));

    r->path = arena_printf(r->ctx->arena, "rates[%zu].", index);
    r->known = known;
    const char *field = arena_printf(r->ctx->arena, "%sprefix", r->path);
    if (json_type_of(row) != JSON_OBJECT) {
        r->wrong = err_field(r->ctx->arena, r->wrong, arena_printf(r->ctx->arena, "rates[%zu]", index), "wrong_type", "A rate is {prefix, per_minute_micros, per_call_micros}");
        return NULL;
    }
    TRY(json_each(row, check_known, r));
    if (!is_prefix(prefix))
        r->wrong = err_field(r->ctx->arena, r->wrong, field, "malformed", "%s is + and the first digits of numbers, e.g. +90, or * for all others", field);
    else if (is_again(list, index, prefix))
        r->wrong = err_field(r->ctx->arena, r->wrong, field, "duplicate", "%s is there twice", prefix);
    json_open_object(out);
    json_put_member(out, "prefix", prefix ? prefix : "");
    json_name(out, "per_minute_micros");
    json_put_integer(out, read_price(r, row, "per_minute_micros", true));
    json_name(out, "per_call_micros");
    json_put_integer(out, read_price(r, row, "per_call_micros", false));
    json_close_object(out);
    return NULL;
}

fallible account_rates_read(struct ctx *ctx, const struct json *body, struct account_rates *out)
{
    static const char *const known[] = { "currency", "rates", NULL };
    struct reading r = { .ctx = ctx, .path = "", .known = known };
    struct json_out whole = json_out_make(ctx->arena, 256 << 10);
    const struct json *list = json_get(body, "rates");

    TRY(json_each(body, check_known, &r));
    out->currency = json_string(json_get(body, "currency"));
    if (!is_currency(out->currency))
        r.wrong = err_field(ctx->arena, r.wrong, "currency", out->currency ? "malformed" : "required", "currency is three capital letters, e.g. USD");
    if (json_type_of(list) != JSON_ARRAY || json_length(list) == 0 || json_length(list) > MOST_RATES)
        return err_field(ctx->arena, r.wrong, "rates", list ? "out_of_range" : "required", "rates is a list of 1 to %d rates", MOST_RATES);
    json_open_array(&whole);
    for (size_t i = 0; i < json_length(list); i++)
        TRY(read_rate(&r, list, i, &whole));
    json_close_array(&whole);
    out->rates = whole.str.text;
    return r.wrong;
}
