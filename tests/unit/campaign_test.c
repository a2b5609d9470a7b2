/* What a good campaign looks like. */
#include "test.h"

#include "base/ctx.h"
#include "base/str.h"
#include "model/campaign.h"
#include "model/pacing.h"
#include "model/phone.h"

static struct ctx ctx;
static const struct campaign_house lawful = { .country = "US", .opens = 480, .closes = 1260 };
static const struct campaign_house wide = { .country = "TR", .opens = 0, .closes = 1440, .max_open_calls = 50, .calls_per_second = 50, .retries = "{}" };

static struct campaign fresh(const struct campaign_house *house)
{
    ctx = (struct ctx){ .arena = arena };
    phone_init();
    struct campaign c = campaign_preset(house);
    c.name = "Spring";
    return c;
}

static const char *wrong_field(const struct err *err)
{
    return err && err->fields ? arena_printf(arena, "%s %s", err->fields->field, err->fields->code) : NULL;
}

TEST("a new campaign is lawful: one open call, one a second, two minutes between, the tenant's window")
{
    struct campaign c = fresh(&lawful);
    OK(!campaign_check(&ctx, &lawful, NULL, &c));
    EQUAL_INT(c.max_open_calls, 1);
    OK(c.calls_per_second == 1 && c.interval_minutes == 2);
    EQUAL_INT(c.opens, 0);
    EQUAL_INT(c.closes, 1440);
    EQUAL_TEXT(c.agent_kind, "keypad");
    EQUAL_TEXT(c.agent_name, "telephony-agent");
}

TEST("limits of the tenant's default run are those of a new campaign")
{
    struct campaign c = fresh(&wide);
    OK(!campaign_check(&ctx, &wide, NULL, &c));
    EQUAL_INT(c.max_open_calls, 50);
    EQUAL_TEXT(c.retries, "{}");
}

TEST("phones are kept in E.164, and refused on their own field")
{
    struct campaign c = fresh(&wide);
    c.agent_phone = "0312 911 40 94";
    c.caller_id = "12";
    EQUAL_TEXT(wrong_field(campaign_check(&ctx, &wide, NULL, &c)), "callerId too_short");
    EQUAL_TEXT(c.agent_phone, "+903129114094");
}

TEST("a window wider than 08:00 to 21:00 needs a tenant whose own is as wide; the refusal names the command")
{
    static const struct { const char *opens, *closes, *wrong; } cases[] = {
        { "08:00", "21:00", NULL }, { "09:30", "17:00", NULL }, { "07:59", NULL, "windowOpens window_too_wide" },
        { "00:00", NULL, "windowOpens window_too_wide" }, { NULL, "21:01", "windowCloses window_too_wide" },
        { NULL, "24:00", "windowCloses window_too_wide" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct campaign c = fresh(&lawful), d = c;
        c.window_opens = d.window_opens = cases[i].opens;
        c.window_closes = d.window_closes = cases[i].closes;
        struct err *err = campaign_check(&ctx, &lawful, NULL, &c);
        EQUAL_TEXT(wrong_field(err), cases[i].wrong);
        OK(!err || strstr(err->fields->detail, "`outdial tenant window`"));
        OK(!campaign_check(&ctx, &wide, NULL, &d));
    }
}

TEST("hours are HH:MM up to 24:00, and end after they begin")
{
    static const char *const bad[] = { "", "8:00", "24:01", "12:60", "ab:cd", "08:00 ", "-1:00", "25:00" };
    int64_t minutes;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        OK(!minutes_of_day(bad[i], &minutes));
    OK(minutes_of_day("24:00", &minutes) && minutes == 1440);
    OK(minutes_of_day("08:05", &minutes) && minutes == 485);
    struct campaign c = fresh(&lawful);
    c.window_opens = "12:00";
    c.window_closes = "12:00";
    EQUAL_TEXT(wrong_field(campaign_check(&ctx, &lawful, NULL, &c)), "windowCloses out_of_range");
}

TEST("a window that a change does not mention stays as it is stored; null is the tenant's")
{
    struct campaign before = fresh(&lawful), c;
    before.window_opens = "08:00";                              /* the tenant's, as shown */
    before.window_closes = "21:00";
    c = before;
    OK(!campaign_check(&ctx, &lawful, &before, &c));
    EQUAL_INT(c.opens, 0);
    c.window_opens = arena_text(arena, "10:00");
    OK(!campaign_check(&ctx, &lawful, &before, &c));
    EQUAL_INT(c.opens, 600);
    EQUAL_INT(c.closes, 1440);
    c.window_opens = NULL;
    OK(!campaign_check(&ctx, &lawful, &before, &c));
    EQUAL_INT(c.opens, 0);
}

TEST("retries are known outcomes with whole numbers")
{
    static const struct { const char *retries, *wrong; } cases[] = {
        { "{}", NULL }, { "{\"busy\":{\"times\":2,\"after_minutes\":1}}", NULL }, { pacing_retries, NULL },
        { "{\"busy\":{\"times\":2,\"after_minutes\":0.05,\"factor\":2,\"max_minutes\":60}}", NULL },
        { "{\"bsy\":{\"times\":2,\"after_minutes\":1}}", "retries not_one_of" },
        { "{\"busy\":3}", "retries.busy malformed" },
        { "{\"busy\":{\"times\":2}}", "retries.busy.after_minutes required" },
        { "{\"busy\":{\"times\":2.5,\"after_minutes\":1}}", "retries.busy.times wrong_type" },
        { "{\"busy\":{\"times\":11,\"after_minutes\":1}}", "retries.busy.times out_of_range" },
        { "{\"busy\":{\"times\":1,\"after_minutes\":0}}", "retries.busy.after_minutes out_of_range" },
        { "{\"busy\":{\"times\":1,\"after_minutes\":1,\"factor\":0.5}}", "retries.busy.factor out_of_range" },
        { "{\"busy\":{\"times\":1,\"after_minutes\":1,\"after\":1}}", "retries.busy.after unknown_field" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct campaign c = fresh(&lawful);
        c.retries = cases[i].retries;
        EQUAL_TEXT(wrong_field(campaign_check(&ctx, &lawful, NULL, &c)), cases[i].wrong);
    }
}

TEST("breaker, budget and goal are told by the path of what is wrong with them")
{
    static const struct { const char *breaker, *budget, *goal, *wrong; } cases[] = {
        { NULL, NULL, NULL, NULL },
        { "{}", "{\"amount\":500,\"currency\":\"USD\"}", "{\"outcome\":\"human\",\"count\":3}", NULL },
        { "{\"attempts\":1}", NULL, NULL, "breaker.attempts out_of_range" },
        { "{\"failurePercent\":\"all\"}", NULL, NULL, "breaker.failurePercent wrong_type" },
        { "{\"probes\":1}", NULL, NULL, "breaker.probes unknown_field" },
        { NULL, "{\"amount\":500}", NULL, "budget.currency required" },
        { NULL, "{\"amount\":5.5,\"currency\":\"USD\"}", NULL, "budget.amount wrong_type" },
        { NULL, "{\"amount\":-1,\"currency\":\"USD\"}", NULL, "budget.amount out_of_range" },
        { NULL, "{\"amount\":1,\"currency\":\"usd\"}", NULL, "budget.currency malformed" },
        { NULL, NULL, "{\"outcome\":\"busy\",\"count\":3}", "goal.outcome not_one_of" },
        { NULL, NULL, "{\"outcome\":\"human\",\"count\":0}", "goal.count out_of_range" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct campaign c = fresh(&lawful);
        c.breaker = cases[i].breaker;
        c.budget = cases[i].budget;
        c.goal = cases[i].goal;
        EQUAL_TEXT(wrong_field(campaign_check(&ctx, &lawful, NULL, &c)), cases[i].wrong);
    }
}

TEST("a breaker is stored whole; the demo's default run has none, and so have its new campaigns")
{
    struct campaign c = fresh(&lawful);
    EQUAL_TEXT(c.breaker, pacing_breaker);
    c.breaker = "{\"attempts\":5}";
    OK(!campaign_check(&ctx, &lawful, NULL, &c));
    EQUAL_TEXT(c.breaker, "{\"attempts\":5,\"failurePercent\":75,\"cooldownSeconds\":30,\"goodProbes\":3,\"pauseAfter\":5}");
    EQUAL_TEXT(fresh(&wide).breaker, NULL);
}

TEST("names, trunks and every wrong field at once")
{
    struct campaign c = fresh(&lawful);
    c.sip_trunk_id = "ST_abc123";
    OK(!campaign_check(&ctx, &lawful, NULL, &c));
    c.name = "  ";
    c.sip_trunk_id = "TK123";
    c.agent_phone = "abc";
    struct err *err = campaign_check(&ctx, &lawful, NULL, &c);
    int count = 0;
    for (const struct err_field *f = err->fields; f; f = f->next)
        count++;
    EQUAL_INT(count, 3);
    EQUAL_TEXT(wrong_field(err), "name required");
}
