/*
 * outdial tenant
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "command/choose.h"
#include "store/tenants.h"

static fallible add(struct invocation *inv)
{
    struct ctx *ctx = inv->ctx;
    const char *slug = invocation_option(inv, "--slug"), *country = invocation_option(inv, "--country");
    const char *locale = invocation_option(inv, "--locale");
    const char *name = invocation_word(inv);
    struct tenant tenant = { .default_country = country ? country : "US", .timezone = "UTC" };

    if (!name)
        return invocation_wrong(inv);
    TRY(invocation_done(inv));
    TRY(tenant_check(ctx, &tenant));
    TRY(db_global_one(ctx, SQL_OPERATOR_TENANT_ADD, &tenant_shape, &tenant,
                      P(name, slug ? slug : tenant_slug(ctx->arena, name), tenant.default_country, locale ? locale : "en")));
    printf("%s  %s\n", uuid_text(ctx->arena, tenant.id), tenant.slug);
    return NULL;
}

static const char *clock_text(struct arena *a, int minutes)
{
    return arena_printf(a, "%02d:%02d", minutes / 60, minutes % 60);
}

static fallible list(struct invocation *inv)
{
    struct arena *a = inv->ctx->arena;
    struct rows rows;

    TRY(invocation_done(inv));
    TRY(db_global_rows(inv->ctx, SQL_OPERATOR_TENANTS, &rows, P(param_text(NULL))));
    struct list tenants = tenants_of_rows(a, &rows);
    for (size_t i = 0; i < tenants.count; i++) {
        const struct tenant *t = (const struct tenant *)tenants.item + i;
        printf("%s  %-20s %-9s %s-%s  gap %d min  %s  %s\n", uuid_text(a, t->id), t->slug, t->status, clock_text(a, t->window_opens),
               clock_text(a, t->window_closes), t->minimum_gap_minutes, t->countries ? t->countries : t->default_country, t->name);
    }
    return NULL;
}

/* "08:00" -> 480; 24:00 is the end of the day. */
static bool read_clock(const char *text, int64_t *minutes)
{
    int64_t hours, rest;
    const char *colon = text ? strchr(text, ':') : NULL;
    char hour[8];

    if (!colon || colon - text > 2)
        return false;
    snprintf(hour, sizeof hour, "%.*s", (int)(colon - text), text);
    if (!str_to_long(hour, 0, 24, &hours) || !str_to_long(colon + 1, 0, 59, &rest) || hours * 60 + rest > 1440)
        return false;
    *minutes = hours * 60 + rest;
    return true;
}

static fallible window(struct invocation *inv)
{
    struct ctx *ctx = inv->ctx;
    struct tenant tenant = { 0 };
    const char *gap_text = invocation_option(inv, "--gap");
    int64_t opens, closes, gap;

    TRY(choose_tenant(inv, &tenant));
    if (!read_clock(invocation_word(inv), &opens) || !read_clock(invocation_word(inv), &closes))
        return invocation_wrong(inv);
    if (gap_text && !str_to_long(gap_text, 0, 525600, &gap))
        FAIL(ctx, BAD_REQUEST, "--gap is a number of minutes");
    TRY(invocation_done(inv));
    if (opens >= closes)
        FAIL(ctx, INVALID, "the window has to open before it closes");
    TRY(db_run(ctx, SQL_OPERATOR_TENANT_WINDOW, NULL, P(opens, closes, gap_text ? param_int(gap) : param_text(NULL))));
    printf("%s may call from %s to %s, by the called party's clock.\n", tenant.name, clock_text(ctx->arena, (int)opens),
           clock_text(ctx->arena, (int)closes));
    if (opens < 480 || closes > 1260)
        printf("This is wider than 08:00-21:00, which is unlawful in many places: the audit has it.\n");
    return NULL;
}

/* An amount in the currency's minor unit, or "none". */
static bool read_amount(const char *text, bool *given, int64_t *minor)
{
    *given = text && !str_equal(text, "none");
    return !text || !*given || str_to_long(text, 0, 100000000000, minor);
}

/* What the tenant may spend in a day, and what it has paid in advance. */
static fallible money(struct invocation *inv)
{
    struct tenant tenant = { 0 };
    struct rows rows;
    const char *day = invocation_option(inv, "--day"), *credit = invocation_option(inv, "--credit");
    bool has_day, has_credit;
    int64_t day_minor = 0, credit_minor = 0;

    TRY(choose_tenant(inv, &tenant));
    const char *currency = invocation_word(inv);
    if (!currency || strlen(currency) != 3 || (!day && !credit) || !read_amount(day, &has_day, &day_minor)
        || !read_amount(credit, &has_credit, &credit_minor))
        return invocation_wrong(inv);
    TRY(invocation_done(inv));
    TRY(db_rows(inv->ctx, SQL_OPERATOR_TENANT_MONEY, &rows,
                P(currency, day != NULL, has_day ? param_int(day_minor) : param_text(NULL), credit != NULL,
                  has_credit ? param_int(credit_minor) : param_text(NULL))));
    printf("%s: per day %s, credit left %s (millionths of %s).\n", tenant.name, row_text(&rows, 0, "day") ? row_text(&rows, 0, "day") : "no limit",
           row_text(&rows, 0, "credit") ? row_text(&rows, 0, "credit") : "not prepaid", currency);
    return NULL;
}

static fallible countries(struct invocation *inv)
{
    enum { MOST = 300 };
    struct ctx *ctx = inv->ctx;
    struct tenant tenant = { 0 };
    const char *word, *codes[MOST];
    size_t count = 0;

    TRY(choose_tenant(inv, &tenant));
    struct json_out json = json_out_make(ctx->arena, 8192);
    json_open_array(&json);
    while (count < MOST && (word = invocation_word(inv))) {
        codes[count++] = word;
        json_put_string(&json, word);
    }
    json_close_array(&json);
    TRY(invocation_done(inv));
    if (count == 0)
        return invocation_wrong(inv);
    bool own = count == 1 && str_equal(codes[0], "own");
    tenant.countries = json.str.text;
    if (!own)
        TRY(tenant_check(ctx, &tenant));
    return db_run(ctx, SQL_OPERATOR_TENANT_COUNTRIES, NULL, P(own ? param_text(NULL) : param_array(codes, count)));
}

/* The way back in for a tenant that has locked itself out. */
static fallible networks(struct invocation *inv)
{
    struct ctx *ctx = inv->ctx;
    struct tenant tenant = { 0 };
    bool clear = invocation_flag(inv, "--clear");
    const char *word, *list[MOST_NETWORKS];
    size_t count = 0;

    TRY(choose_tenant(inv, &tenant));
    struct json_out json = json_out_make(ctx->arena, 16 << 10);
    json_open_array(&json);
    while (count < MOST_NETWORKS && (word = invocation_word(inv))) {
        list[count++] = word;
        json_put_string(&json, word);
    }
    json_close_array(&json);
    TRY(invocation_done(inv));
    if (clear == (count > 0))
        return invocation_wrong(inv);
    struct tenant check = { .allowed_networks = clear ? NULL : json.str.text, .force = true };
    TRY(tenant_check_networks(ctx, &check, NULL));
    return db_run(ctx, SQL_OPERATOR_TENANT_NETWORKS, NULL, P(clear ? param_text(NULL) : param_array(list, count)));
}

fallible command_tenant(struct invocation *inv)
{
    const char *verb = invocation_word(inv);
    if (str_equal(verb, "add"))
        return add(inv);
    if (str_equal(verb, "list"))
        return list(inv);
    if (str_equal(verb, "window"))
        return window(inv);
    if (str_equal(verb, "money"))
        return money(inv);
    if (str_equal(verb, "networks"))
        return networks(inv);
    return str_equal(verb, "countries") ? countries(inv) : invocation_wrong(inv);
}
