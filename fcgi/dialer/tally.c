/*
 * dialer/tally.c - the families that dialers count in.  See dialer/tally.h.
 */
#include "tally.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "base/str.h"

#define EVERY_MS 10000

static const char *const outcomes[] = { "accepted", "refused", "later", "not_sent", "caller_id", "account", "unknown", NULL };
static const char *const open_states[] = { "permitted", "unknown", "accepted" };

static const char *const currencies[] = { "USD", "EUR", "GBP", "TRY", "other" };

static void label_outcome(unsigned series, struct str *out)
{
    str_addf(out, "provider=\"twilio\",outcome=\"%s\"", outcomes[series]);
}

static void label_state(unsigned series, struct str *out)
{
    str_addf(out, "state=\"%s\"", open_states[series]);
}

static void label_currency(unsigned series, struct str *out)
{
    str_addf(out, "provider=\"twilio\",currency=\"%s\"", currencies[series]);
}

static struct metric attempts = METRIC(COUNTER, "outdial_attempts_total", "Requests that may ring a phone, by what their sender found out.", label_outcome, 7);
static struct metric answers = METRIC(HISTOGRAM, "outdial_carrier_answer_duration_seconds", "Time until a carrier answered such a request.", NULL, 1);
static struct metric skipped = METRIC(COUNTER, "outdial_leads_skipped_total", "Leads that the gate passed over for good.", NULL, 1);
static struct metric open_calls = METRIC(GAUGE, "outdial_attempts_open", "Attempts that are not over, in all tenants.", label_state, 3);
static struct metric oldest = METRIC(GAUGE, "outdial_attempts_unknown_oldest_seconds", "Age of the oldest attempt whose outcome is unknown.", NULL, 1);
static struct metric silent = METRIC(GAUGE, "outdial_calls_silent", "Open calls of which nothing was heard for five minutes.", NULL, 1);
static struct metric campaigns = METRIC(GAUGE, "outdial_campaigns_running", "Campaigns that are running.", NULL, 1);
static struct metric blocked = METRIC(GAUGE, "outdial_accounts_blocked", "Provider accounts that refused our credentials or have no funds.", NULL, 1);
static struct metric dialers = METRIC(GAUGE, "outdial_dialers", "Dialers that reported within 30 seconds.", NULL, 1);
static struct metric cost = METRIC(COUNTER, "outdial_call_cost_micros_total", "What carriers charged for calls, in millionths of the currency.", label_currency, 5);
static struct metric unpriced = METRIC(GAUGE, "outdial_prices_missing", "Ended calls whose price the carrier has not told within an hour, and is still asked for.", NULL, 1);
static struct metric asked_at = METRIC(GAUGE, "outdial_installation_seen_timestamp_seconds", "When a dialer last asked the database for these gauges.", NULL, 1);

void tally_open(const struct settings *s)
{
    struct metric *const all[] = { &attempts, &answers, &skipped, &open_calls, &oldest, &silent, &campaigns, &blocked, &dialers, &cost, &unpriced, &asked_at };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        metrics_declare(all[i]);
    metrics_open("outdial-dialer", s->metrics);
}

void tally_report(const char *outcome, int64_t took_ms)
{
    unsigned series = 0;
    while (outcomes[series] && !str_equal(outcomes[series], outcome))
        series++;
    metric_add(&attempts, series, 1);
    metric_observe(&answers, 0, (double)took_ms / 1000);
}

void tally_skipped(int64_t count)
{
    metric_add(&skipped, 0, (uint64_t)count);
}

void tally_priced(const char *currency, int64_t micros)
{
    unsigned series = 0;
    while (series < 4 && !str_equal(currencies[series], currency))
        series++;
    metric_add(&cost, series, (uint64_t)micros);
}

void tally_installation(struct dialer *d)
{
    static int64_t next_ms;
    struct rows rows;

    if (boot_now_ms() < next_ms)
        return;
    next_ms = boot_now_ms() + EVERY_MS;
    struct err *err = db_global_rows(dialer_as(d, (struct uuid){ 0 }), SQL_DIALER_METRICS, &rows, NO_PARAMS);
    if (err) {
        dialer_failed(d, "metrics", err);
        return;
    }
    metric_set(&open_calls, 0, (uint64_t)row_int(&rows, 0, "open_permitted"));
    metric_set(&open_calls, 1, (uint64_t)row_int(&rows, 0, "open_unknown"));
    metric_set(&open_calls, 2, (uint64_t)row_int(&rows, 0, "open_accepted"));
    metric_set(&oldest, 0, (uint64_t)row_int(&rows, 0, "oldest_unknown_seconds"));
    metric_set(&silent, 0, (uint64_t)row_int(&rows, 0, "silent_calls"));
    metric_set(&campaigns, 0, (uint64_t)row_int(&rows, 0, "running_campaigns"));
    metric_set(&blocked, 0, (uint64_t)row_int(&rows, 0, "blocked_accounts"));
    metric_set(&dialers, 0, (uint64_t)row_int(&rows, 0, "dialers"));
    metric_set(&unpriced, 0, (uint64_t)row_int(&rows, 0, "prices_missing"));
    metric_set(&asked_at, 0, (uint64_t)utc_seconds(utc_now()));
}
