/*
 * model/campaign.c - see model/campaign.h.
 */
#include "model/campaign.h"

#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "model/pacing.h"
#include "model/phone.h"

const char *const campaign_agent_kinds[] = { "keypad", "people", "vapi", "livekit", NULL };
const char *const campaign_caller_id_strategies[] = { "fixed", "round_robin", "pool", "sticky", "local_presence", NULL };
static const char *const locales[] = { "en", "tr", NULL };
static const char *const lead_orders[] = { "list", "newest", "random", "priority", NULL };
static const char *const lead_mixes[] = { "fresh_first", "retries_first", "ratio", NULL };

const struct shape campaign_shape = SHAPE(struct campaign, "campaign",
    FIELD(struct campaign, id, OUT | ALWAYS),
    FIELD(struct campaign, name, IN | OUT | REQUIRED, .longest = 200),
    FIELD(struct campaign, state, OUT | ALWAYS, .about = "draft, running, paused, stopped or done"),
    FIELD_NAMED(struct campaign, state_reason, "stateReason", OUT, .about = "why the system paused it"),
    FIELD_NAMED(struct campaign, is_default, "isDefault", OUT, .about = "the run that the auto-dialer's paths mean"),
    FIELD_NAMED(struct campaign, agent_kind, "agentKind", IN | OUT | ALWAYS, .among = campaign_agent_kinds),
    FIELD_NAMED(struct campaign, interval_minutes, "intervalMinutes", IN | OUT, .lowest = 0, .highest = 1440,
                .about = "from origination to origination, whoever dials; 0 = as fast as the limits"),
    FIELD_NAMED(struct campaign, max_open_calls, "maxConcurrentCalls", IN | OUT, .lowest = 1, .highest = 100000),
    FIELD_NAMED(struct campaign, calls_per_second, "callsPerSecond", IN | OUT, .lowest = 0.001, .highest = 1000),
    FIELD_NAMED(struct campaign, caller_id_strategy, "callerIdStrategy", IN | OUT | ALWAYS, .among = campaign_caller_id_strategies),
    FIELD_NAMED(struct campaign, caller_id, "callerId", IN | OUT, .longest = 100),
    FIELD_NAMED(struct campaign, number_daily_cap, "numberDailyCap", IN | OUT, .lowest = 0, .highest = 1000000,
                .about = "calls per day that may show a number without a cap of its own; 0 = any"),
    FIELD_NAMED(struct campaign, agent_phone, "agentPhone", IN | OUT, .longest = 100),
    FIELD_NAMED(struct campaign, agent_name, "agentName", IN | OUT, .longest = 200),
    FIELD_NAMED(struct campaign, sip_trunk_id, "sipTrunkId", IN | OUT, .longest = 100),
    FIELD_NAMED(struct campaign, assistant_id, "assistantId", IN | OUT, .longest = 200),
    FIELD(struct campaign, locale, IN | OUT, .among = locales),
    FIELD_NAMED(struct campaign, window_opens, "windowOpens", IN | OUT, .longest = 10, .about = "HH:MM in the called party's zone; null = the tenant's"),
    FIELD_NAMED(struct campaign, window_closes, "windowCloses", IN | OUT, .longest = 10, .about = "HH:MM in the called party's zone; null = the tenant's"),
    FIELD_NAMED(struct campaign, machine_detection, "machineDetection", IN | OUT),
    FIELD_NAMED(struct campaign, machine_detection_timeout_ms, "machineDetectionTimeoutMs", IN | OUT, .lowest = 3000, .highest = 59000),
    FIELD_NAMED(struct campaign, wait_for_beep, "waitForBeep", IN | OUT),
    FIELD_NAMED(struct campaign, async_machine_detection, "asyncMachineDetection", IN | OUT),
    FIELD_NAMED(struct campaign, ring_seconds, "ringSeconds", IN | OUT, .lowest = 15, .highest = 120),
    FIELD_JSON(struct campaign, retries, IN | OUT | ALWAYS, .longest = 2000, .about = "by outcome: {\"busy\":{\"times\":2,\"after_minutes\":60}}"),
    FIELD_NAMED(struct campaign, max_attempts, "maxAttempts", IN | OUT, .lowest = 0, .highest = 100, .about = "calls to one lead in all; 0 = as the retries say"),
    FIELD_NAMED(struct campaign, retry_days, "retryDays", IN | OUT, .lowest = 0, .highest = 365, .about = "no call later than so many days after the first; 0 = any"),
    FIELD_NAMED(struct campaign, lead_order, "leadOrder", IN | OUT, .among = lead_orders),
    FIELD_NAMED(struct campaign, lead_mix, "leadMix", IN | OUT, .among = lead_mixes, .about = "who goes first when new leads and retries are due"),
    FIELD_NAMED(struct campaign, fresh_per_retry, "freshPerRetry", IN | OUT, .lowest = 1, .highest = 100, .about = "with leadMix ratio"),
    FIELD(struct campaign, weight, IN | OUT, .lowest = 1, .highest = 100, .about = "share of an account that several campaigns use"),
    FIELD_JSON(struct campaign, breaker, IN | OUT, .longest = 500,
               .about = "holds back when calls fail: {\"attempts\",\"failurePercent\",\"cooldownSeconds\",\"goodProbes\",\"pauseAfter\"}; null = never"),
    FIELD_JSON(struct campaign, budget, IN | OUT, .longest = 500, .about = "{\"amount\" in minor units,\"currency\"}; null = no limit"),
    FIELD_JSON(struct campaign, goal, IN | OUT, .longest = 500, .about = "ends the run: {\"outcome\": answered, human or pressed_1,\"count\"}"),
    FIELD_JSON_NAMED(struct campaign, phone_numbers, "phoneNumbers", OUT, .type = "[LinkedNumber]"),
    FIELD_JSON(struct campaign, leads, OUT | ALWAYS, .type = "{count: integer, url: uri}"),
    FIELD_NAMED(struct campaign, created_at, "createdAt", OUT | ALWAYS),
    FIELD_NAMED(struct campaign, updated_at, "updatedAt", OUT | ALWAYS),
    FIELD(struct campaign, opens, 0),
    FIELD(struct campaign, closes, 0),
    FIELD(struct campaign, leads_count, 0));

const struct shape campaign_house_shape = SHAPE(struct campaign_house, "tenant",
    FIELD(struct campaign_house, country, 0),
    FIELD(struct campaign_house, opens, 0),
    FIELD(struct campaign_house, closes, 0),
    FIELD(struct campaign_house, max_open_calls, 0),
    FIELD(struct campaign_house, calls_per_second, 0),
    FIELD_JSON(struct campaign_house, retries, 0),
    FIELD_JSON(struct campaign_house, breaker, 0));

const struct shape pacing_shape = SHAPE(struct pacing, "pacing",
    FIELD_JSON(struct pacing, breaker, OUT, .about = "state closed, open or half_open; until; its latest calls"),
    FIELD_JSON(struct pacing, budget, OUT, .about = "spent and reserved in minor units; warning from 80 %"),
    FIELD_JSON(struct pacing, goal, OUT, .about = "reached so far; open calls count as if they will"),
    FIELD_JSON(struct pacing, share, OUT, .about = "of the account, at this moment"),
    FIELD_JSON(struct pacing, account, OUT, .about = "the rate the carrier's account is used with now"),
    FIELD_JSON(struct pacing, queue, OUT, .about = "leads that wait: new ones, and those to be called again"));

const struct shape progress_shape = SHAPE(struct progress, "progress",
    FIELD_NAMED(struct progress, is_running, "isRunning", OUT),
    FIELD_NAMED(struct progress, current_index, "currentIndex", OUT),
    FIELD_NAMED(struct progress, total_leads, "totalLeads", OUT),
    FIELD_NAMED(struct progress, calls_made, "callsMade", OUT),
    FIELD_NAMED(struct progress, remaining, "remaining", OUT),
    FIELD_NAMED(struct progress, interval_minutes, "intervalMinutes", OUT));

struct campaign campaign_preset(const struct campaign_house *house)
{
    return (struct campaign){
        .state = "draft", .agent_kind = "keypad", .interval_minutes = 2,
        .max_open_calls = house->max_open_calls ? house->max_open_calls : 1,
        .calls_per_second = house->calls_per_second > 0 ? house->calls_per_second : 1,
        .caller_id_strategy = "fixed", .agent_name = "telephony-agent", .opens = 0, .closes = 1440,
        .machine_detection = true, .machine_detection_timeout_ms = 5000, .ring_seconds = 30,
        .retries = house->retries ? house->retries : pacing_retries,
        .lead_order = "list", .lead_mix = "fresh_first", .fresh_per_retry = 1, .weight = 1,
        .breaker = house->retries ? house->breaker : pacing_breaker,
    };
}

bool minutes_of_day(const char *text, int64_t *out)
{
    if (!text || strlen(text) != 5 || text[2] != ':')
        return false;
    for (int i = 0; i < 5; i++)
        if (i != 2 && !isdigit((unsigned char)text[i]))
            return false;
    int64_t minutes = ((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0';
    if (text[3] > '5' || minutes > 1440)
        return false;
    *out = minutes;
    return true;
}

/* ---- checking ---- */

struct check {
    struct ctx                  *ctx;
    const struct campaign_house *house;
    const struct campaign       *before;
    struct campaign             *c;
    struct err                  *found;
};

#define WRONG(check, ...) ((check)->found = err_field((check)->ctx->arena, (check)->found, __VA_ARGS__))

static void check_phone(struct check *k, const char *field, const char **phone)
{
    struct e164 number;

    if (!*phone)
        return;
    enum phone_verdict verdict = phone_normalize(*phone, k->house->country, &number);
    if (verdict == PHONE_OK)
        *phone = arena_text(k->ctx->arena, number.digits);
    else
        WRONG(k, field, phone_verdict_code(verdict), "%s Write it in E.164 format, e.g. +12125551234.", phone_verdict_message(verdict));
}

struct hour { const char *field, *given, *was; int64_t earliest, latest, tenants; };

/* One end of the window: what was left alone stays as stored, null is the tenant's. */
static void check_hour(struct check *k, const struct hour *h, int64_t *stored)
{
    int64_t minutes;

    if (k->before && h->given == h->was)
        return;
    *stored = h->tenants;
    if (!h->given)
        return;
    if (!minutes_of_day(h->given, &minutes))
        WRONG(k, h->field, "malformed", "%s must be HH:MM, from 00:00 to 24:00", h->field);
    else if (minutes < h->earliest || minutes > h->latest)
        WRONG(k, h->field, "window_too_wide", "Calls before 08:00 or after 21:00 need a tenant whose own window is as wide; "
              "the operator of this installation sets it with `outdial tenant window`.");
    else
        *stored = minutes;
}

static void check_window(struct check *k)
{
    struct campaign *c = k->c;
    const struct campaign *was = k->before ? k->before : &(const struct campaign){ 0 };
    int64_t earliest = k->house->opens < CAMPAIGN_WINDOW_OPENS ? k->house->opens : CAMPAIGN_WINDOW_OPENS;
    int64_t latest = k->house->closes > CAMPAIGN_WINDOW_CLOSES ? k->house->closes : CAMPAIGN_WINDOW_CLOSES;

    check_hour(k, &(struct hour){ "windowOpens", c->window_opens, was->window_opens, earliest, 1440, 0 }, &c->opens);
    check_hour(k, &(struct hour){ "windowCloses", c->window_closes, was->window_closes, 0, latest, 1440 }, &c->closes);
    if (c->opens >= c->closes)
        WRONG(k, "windowCloses", "out_of_range", "windowCloses must be later than windowOpens");
}

static void check_trunk(struct check *k)
{
    const char *trunk = k->c->sip_trunk_id;

    if (trunk && (!str_starts(trunk, "ST_") || !trunk[3] || strspn(trunk + 3, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") != strlen(trunk + 3)))
        WRONG(k, "sipTrunkId", "malformed", "sipTrunkId is the id of an outbound SIP trunk at LiveKit: ST_ and letters or digits");
}

static void fill_cleared(struct campaign *c)
{
    if (!c->agent_kind)
        c->agent_kind = "keypad";
    if (!c->caller_id_strategy)
        c->caller_id_strategy = "fixed";
    if (str_blank(c->agent_name))
        c->agent_name = "telephony-agent";
    if (!c->retries)
        c->retries = "{}";
    if (!c->lead_order)
        c->lead_order = "list";
    if (!c->lead_mix)
        c->lead_mix = "fresh_first";
}

fallible campaign_check(struct ctx *ctx, const struct campaign_house *house, const struct campaign *before, struct campaign *c)
{
    struct check k = { .ctx = ctx, .house = house, .before = before, .c = c };

    fill_cleared(c);
    if (str_blank(c->name))
        WRONG(&k, "name", "required", "A campaign needs a name");
    check_phone(&k, "agentPhone", &c->agent_phone);
    check_phone(&k, "callerId", &c->caller_id);
    check_window(&k);
    check_trunk(&k);
    TRY(pacing_check_retries(ctx, c->retries, &k.found));
    TRY(pacing_check_breaker(ctx, &c->breaker, &k.found));
    TRY(pacing_check_budget(ctx, c->budget, &k.found));
    TRY(pacing_check_goal(ctx, c->goal, &k.found));
    return k.found;
}
