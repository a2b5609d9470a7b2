/*
 * outdial campaign
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "command/choose.h"
#include "model/phone.h"
#include "service/campaigns.h"
#include "service/numbers.h"
#include "service/runs.h"
#include "store/cost.h"

#define TEST_CAMPAIGN "Test campaign"

static fallible list(struct invocation *inv)
{
    struct tenant tenant;
    struct list rows = { 0 };
    struct uuid after = { 0 };

    TRY(choose_tenant(inv, &tenant));
    TRY(invocation_done(inv));
    do {
        TRY(campaigns_list(inv->ctx, 199, after, &rows));
        for (size_t i = 0; i < rows.count; i++) {
            const struct campaign *c = (const struct campaign *)rows.item + i;
            printf("%s  %-8s %-8s %6ld leads  %s%s\n", uuid_text(inv->ctx->arena, c->id), c->state, c->agent_kind, (long)c->leads_count, c->name,
                   c->is_default ? " (default)" : "");
            after = c->id;
        }
    } while (rows.count == 200);
    return NULL;
}

/* The campaign of the next word, or the tenant's default run. */
static fallible choose_campaign(struct invocation *inv, struct campaign *out)
{
    struct tenant tenant;
    struct uuid id;

    TRY(choose_tenant(inv, &tenant));
    const char *wanted = invocation_word(inv);
    TRY(invocation_done(inv));
    if (wanted)
        return campaigns_find_named(inv->ctx, wanted, out);
    TRY(svc_run_campaign(inv->ctx, (struct uuid){ 0 }, &id));
    return campaigns_find(inv->ctx, id, out);
}

static void verdict(bool good, const char *what, const char *cure)
{
    printf("  %s  %s%s%s\n", good ? "ok     " : "MISSING", what, good ? "" : ": ", good ? "" : cure);
}

/* Everything between a lead and a ringing telephone. */
static void check_flow(struct ctx *ctx, const struct settings *settings, const struct campaign *c, const struct progress *p)
{
    const char *country;
    bool policy, keypad = str_equal(c->agent_kind, "keypad");
    struct err *err = keypad ? svc_run_ready(ctx, settings, c->id, &country, &policy) : NULL;

    printf("The way of a call\n");
    verdict(keypad, "an agent kind that can be started", "only keypad can be started so far");
    verdict(!err, "a carrier's account and a number to show", err ? err->message : "");
    verdict(!str_equal(c->phone_numbers, "[]") || c->caller_id, "a number of its own",
            "link one with outdial campaign link-number; without it the tenant's or the account's number is shown");
    verdict(p->remaining > 0, "leads that wait", "add some: POST .../campaigns/{id}/leads, or outdial campaign link-number --test-lead");
}

/* What holds it back and what it may spend, as GET .../pacing tells it. */
static fallible show_pacing(struct ctx *ctx, const struct campaign *c)
{
    struct pacing now;

    TRY(campaigns_pacing(ctx, c->id, &now));
    const struct { const char *name, *value; } lines[] = {
        { "breaker", now.breaker }, { "budget", now.budget }, { "goal", now.goal }, { "share", now.share }, { "account", now.account }, { "queue", now.queue },
    };
    printf("  order       %s, %s\n  retries     %s\n", c->lead_order, c->lead_mix, c->retries);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (lines[i].value)
            printf("  %-11s %s\n", lines[i].name, lines[i].value);
    return NULL;
}

static const char *amount(const struct json *object, const char *name)
{
    const char *text = json_string(json_get(object, name));

    return text ? text : "-";
}

static long count(const struct json *object, const char *name)
{
    int64_t number = 0;

    json_integer(json_get(object, name), &number);
    return (long)number;
}

static fallible show_cost(struct ctx *ctx, struct uuid campaign)
{
    struct campaign_cost cost;
    const struct json *totals, *forecast;

    TRY(cost_of_campaign(ctx, campaign, &cost));
    TRY(json_read(ctx->arena, cost.totals, strlen(cost.totals), &totals));
    TRY(json_read(ctx->arena, cost.forecast, strlen(cost.forecast), &forecast));
    for (size_t i = 0; i < json_length(totals); i++) {
        const struct json *sum = json_at(totals, i);
        printf("  cost        %s %s for %ld calls and %ld minutes; %s of it estimated; %s per answered call, %s per lead\n", amount(sum, "currency"),
               amount(sum, "total"), count(sum, "calls"), count(sum, "minutes"), amount(sum, "estimated"), amount(sum, "perAnsweredCall"), amount(sum, "perLead"));
    }
    if (count(forecast, "leads") > 0 && json_string(json_get(forecast, "low")))
        printf("  forecast    %s %s to %s for calling the %ld that wait once\n", amount(forecast, "currency"), amount(forecast, "low"),
               amount(forecast, "high"), count(forecast, "leads"));
    return NULL;
}

static fallible show(struct invocation *inv)
{
    struct campaign c;
    struct progress p;
    struct arena *a = inv->ctx->arena;

    TRY(choose_campaign(inv, &c));
    TRY(campaigns_progress(inv->ctx, c.id, &p));
    printf("%s\n  id          %s\n  state       %s%s%s\n  agent kind  %s\n  pace        every %.15g min, at most %ld open calls, %.15g calls/s\n", c.name,
           uuid_text(a, c.id), c.state, c.state_reason ? ": " : "", c.state_reason ? c.state_reason : "", c.agent_kind, c.interval_minutes,
           (long)c.max_open_calls, c.calls_per_second);
    printf("  window      %s to %s where the called party is\n  agent phone %s\n  SIP trunk   %s\n  numbers     %s\n", c.window_opens, c.window_closes,
           c.agent_phone ? c.agent_phone : "the tenant's", c.sip_trunk_id ? c.sip_trunk_id : "the platform's", c.phone_numbers);
    printf("  list        %ld of %ld done, %ld calls made, %ld remaining\n", (long)p.current_index, (long)p.total_leads, (long)p.calls_made, (long)p.remaining);
    TRY(show_pacing(inv->ctx, &c));
    TRY(show_cost(inv->ctx, c.id));
    check_flow(inv->ctx, inv->settings, &c, &p);
    return NULL;
}

static fallible start(struct invocation *inv)
{
    struct campaign c;

    TRY(choose_campaign(inv, &c));
    TRY(svc_campaign_start(inv->ctx, inv->settings, c.id, &c));
    printf("%s is %s.\n", c.name, c.state);
    return NULL;
}

static fallible hold(struct invocation *inv, const char *state)
{
    struct campaign c;

    TRY(choose_campaign(inv, &c));
    TRY(svc_campaign_hold(inv->ctx, c.id, state, &c));
    printf("%s is %s; no call of it begins any more.\n", c.name, c.state);
    return NULL;
}

/* ---- a number and somebody to call, so that a first call can be made ---- */

static fallible campaign_or_new(struct ctx *ctx, const char *name, struct campaign *out)
{
    struct campaign_house house;
    struct err *err = campaigns_find_named(ctx, name, out);

    if (!err || err->kind != ERR_NOT_FOUND)
        return err;
    TRY(campaigns_house(ctx, &house));
    *out = campaign_preset(&house);
    out->name = name;
    TRY(svc_campaign_create(ctx, &house, out));
    printf("Campaign %s made.\n", name);
    return NULL;
}

/* The named number, or the first active one that no campaign has. */
static fallible pick_number(struct ctx *ctx, const char *wanted, struct number *out)
{
    struct number_filter filter = { .number = wanted, .active = "true" };
    struct list rows;
    size_t i = 0;

    TRY(numbers_list(ctx, &filter, 10000, (struct uuid){ 0 }, &rows));
    while (!wanted && i < rows.count && !uuid_is_none(((const struct number *)rows.item)[i].campaign_id))
        i++;
    if (i >= rows.count)
        FAIL(ctx, NOT_FOUND, "%s; see: outdial numbers list", wanted ? "this tenant has no such active number" : "no number is free");
    *out = ((const struct number *)rows.item)[i];
    return NULL;
}

static fallible add_test_lead(struct ctx *ctx, const struct tenant *tenant, const char *text, const struct campaign *c)
{
    struct e164 number;
    struct rows rows;
    int64_t added;

    enum phone_verdict good = phone_normalize(text, tenant->default_country, &number);
    if (good != PHONE_OK)
        FAIL(ctx, INVALID, "--test-lead: %s", phone_verdict_message(good));
    TRY(db_rows(ctx, SQL_RUN_LEAD, &rows, P("Test lead", (const char *)number.digits, text, param_text(NULL), param_text(NULL))));
    const char *lead = row_text(&rows, 0, "lead_id");
    TRY(svc_campaign_add_leads(ctx, c->id, &lead, 1, &added));
    printf("%s is %s its list.\n", number.digits, added ? "now on" : "already on");
    return NULL;
}

static fallible link_number(struct invocation *inv)
{
    struct tenant tenant;
    struct campaign c;
    struct number number;
    const char *lead = invocation_option(inv, "--test-lead"), *name = invocation_option(inv, "--campaign");

    TRY(choose_tenant(inv, &tenant));
    const char *wanted = invocation_word(inv);
    TRY(invocation_done(inv));
    TRY(campaign_or_new(inv->ctx, name ? name : TEST_CAMPAIGN, &c));
    if (wanted || str_equal(c.phone_numbers, "[]")) {
        TRY(pick_number(inv->ctx, wanted, &number));
        number.campaign_id = c.id;
        TRY(svc_number_change(inv->ctx, &number));
        printf("%s is linked to %s.\n", number.number, c.name);
    }
    return lead ? add_test_lead(inv->ctx, &tenant, lead, &c) : NULL;
}

fallible command_campaign(struct invocation *inv)
{
    const char *verb = invocation_word(inv);

    if (str_equal(verb, "list"))
        return list(inv);
    if (str_equal(verb, "show"))
        return show(inv);
    if (str_equal(verb, "start") || str_equal(verb, "resume"))
        return start(inv);
    if (str_equal(verb, "pause"))
        return hold(inv, "paused");
    if (str_equal(verb, "stop"))
        return hold(inv, "stopped");
    return str_equal(verb, "link-number") ? link_number(inv) : invocation_wrong(inv);
}
