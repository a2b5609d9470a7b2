/*
 * service/runs.c - see service/runs.h.
 */
#include "service/runs.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "model/phone.h"

#define SETTLE_MS 3000

fallible svc_run_campaign(struct ctx *ctx, struct uuid given, struct uuid *out)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_RUN_CAMPAIGN, &rows, P(given)));
    *out = row_uuid(&rows, 0, "campaign_id");
    return NULL;
}

fallible svc_run_ready(struct ctx *ctx, const struct settings *settings, struct uuid campaign, const char **country, bool *screens_numbers)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_RUN_SETTINGS, &rows, P(campaign, settings->default_caller_id ? settings->default_caller_id : settings->twilio_phone_number)));
    bool has_sid = row_bool(&rows, 0, "has_sid"), has_token = row_bool(&rows, 0, "has_token"), has_number = row_bool(&rows, 0, "has_number");
    if (!has_sid || !has_token || !has_number)
        FAIL_CODE(ctx, UNAVAILABLE, "not_configured", "Failed to start calling: Twilio not configured. Missing:%s%s%s.",
                  has_sid ? "" : " TWILIO_ACCOUNT_SID", has_token ? "" : " TWILIO_AUTH_TOKEN", has_number ? "" : " TWILIO_PHONE_NUMBER");
    if (!str_equal(row_text(&rows, 0, "agent_kind"), "keypad"))
        FAIL_CODE(ctx, INVALID, "unsupported_agent_kind", "Campaigns of agent kind \"%s\" cannot be started yet; use \"keypad\".", row_text(&rows, 0, "agent_kind"));
    *country = row_text(&rows, 0, "default_country");
    *screens_numbers = row_bool(&rows, 0, "screens_numbers");
    return NULL;
}

/* ---- screening a list ---- */

/* Columns of the leads that stay, in parallel. */
struct screened {
    struct e164 *number;
    const char **index, **name, **phone, **original, **category, **custom;
    size_t       count;
};

struct custom_writer { struct json_out out; bool any; struct arena *arena; };

static fallible keep_extra(void *data, const char *name, const struct json *value)
{
    struct custom_writer *writer = data;

    if (str_equal(name, "business_name") || str_equal(name, "name") || str_equal(name, "phone") || str_equal(name, "category"))
        return NULL;
    json_name(&writer->out, name);
    json_put_raw(&writer->out, json_text(writer->arena, value));
    writer->any = true;
    return NULL;
}

static const char *extras(struct ctx *ctx, const struct json *lead)
{
    struct custom_writer writer = { .out = json_out_make(ctx->arena, 64 << 10), .arena = ctx->arena };

    json_open_object(&writer.out);
    struct err *err = json_each(lead, keep_extra, &writer);
    json_close_object(&writer.out);
    return !err && writer.any && !str_broken(&writer.out.str) ? writer.out.str.text : NULL;
}

static int by_digits_then_index(const void *left, const void *right)
{
    const struct e164 *const *a = left, *const *b = right;
    int order = strcmp((*a)->digits, (*b)->digits);

    return order ? order : (*a > *b) - (*a < *b);               /* both point into one array */
}

/* Marks every number that an earlier one equals. */
static bool *find_repeats(struct ctx *ctx, const struct e164 *number, size_t count)
{
    bool *repeated = arena_array(ctx->arena, count + 1, sizeof *repeated);
    const struct e164 **sorted = arena_array(ctx->arena, count + 1, sizeof *sorted);

    for (size_t i = 0; i < count; i++)
        sorted[i] = &number[i];
    qsort(sorted, count, sizeof *sorted, by_digits_then_index);
    for (size_t i = 1; i < count; i++)
        if (*sorted[i]->digits && str_equal(sorted[i]->digits, sorted[i - 1]->digits))
            repeated[sorted[i] - number] = true;
    return repeated;
}

static void skip(struct ctx *ctx, struct run_started *out, size_t index, const char *phone, const char *reason, const char *told)
{
    out->skip[out->skip_count++] = (struct run_skip){ .index = (int64_t)index, .phone = phone, .reason = reason };
    log_info(ctx, "lead.skipped", KV("message", arena_printf(ctx->arena, "Lead #%zu has invalid phone: %s", index + 1, told)), KV("reason", reason));
    log_info(ctx, "lead.skipped", KV("message", "Skipping to next lead..."));
}

static const char *text_of(const struct json *lead, const char *name)
{
    return json_string(json_get(lead, name));
}

static fallible screen(struct ctx *ctx, const struct json *leads, const char *country, bool policy, struct screened *keep, struct run_started *out)
{
    size_t count = json_length(leads);
    struct e164 *number = arena_array(ctx->arena, count + 1, sizeof *number);
    enum dial_policy_verdict *verdict = arena_array(ctx->arena, count + 1, sizeof *verdict);
    const char ***columns[] = { &keep->index, &keep->name, &keep->phone, &keep->original, &keep->category, &keep->custom };

    for (size_t i = 0; i < count; i++) {
        if (json_type_of(json_at(leads, i)) != JSON_OBJECT)
            FAIL_FIELD(ctx, arena_printf(ctx->arena, "leads[%zu]", i), "wrong_type", "Each lead is an object with business_name, phone and category.");
        verdict[i] = dial_policy_check(text_of(json_at(leads, i), "phone"), country, policy, &number[i]);
    }
    const bool *repeated = find_repeats(ctx, number, count);
    for (size_t c = 0; c < sizeof columns / sizeof *columns; c++)
        *columns[c] = arena_array(ctx->arena, count + 1, sizeof(const char *));
    keep->number = number;
    out->skip = arena_array(ctx->arena, count + 1, sizeof *out->skip);
    out->total = (int64_t)count;
    for (size_t i = 0; i < count; i++) {
        const struct json *lead = json_at(leads, i);
        const char *phone = text_of(lead, "phone");
        if (verdict[i] != DIAL_POLICY_OK) {
            skip(ctx, out, i, phone, dial_policy_reason(verdict[i]), dial_policy_message(verdict[i]));
        } else if (repeated[i]) {
            skip(ctx, out, i, phone, "duplicate", "Duplicate");
        } else {
            size_t n = keep->count++;
            const char *name = text_of(lead, "business_name");
            keep->index[n] = arena_printf(ctx->arena, "%zu", i);
            keep->name[n] = name ? name : text_of(lead, "name");
            keep->phone[n] = number[i].digits;
            keep->original[n] = phone;
            keep->category[n] = text_of(lead, "category");
            keep->custom[n] = extras(ctx, lead);
        }
    }
    return NULL;
}

/* ---- starting ---- */

static int by_index(const void *left, const void *right)
{
    const struct run_skip *a = left, *b = right;

    return (a->index > b->index) - (a->index < b->index);
}

/* The database told which of them are on a do-not-call list: indexes, separated by commas. */
static void skip_opted_out(struct ctx *ctx, const char *indexes, const struct json *leads, struct run_started *out)
{
    for (char *rest = arena_text(ctx->arena, indexes), *one; (one = strsep(&rest, ","));) {
        int64_t index;
        if (!str_to_long(one, 0, (int64_t)json_length(leads) - 1, &index))
            continue;
        skip(ctx, out, (size_t)index, text_of(json_at(leads, (size_t)index), "phone"), "do_not_call", "Do not call");
    }
    qsort(out->skip, out->skip_count, sizeof *out->skip, by_index);
}

static struct err *nobody(struct ctx *ctx)
{
    return ERR_CODE(ctx, INVALID, "no_phone_numbers", "No phone numbers found in collected leads. Please collect businesses with phone numbers first.");
}

static struct err *running_already(struct ctx *ctx)
{
    return ERR_CODE(ctx, CONFLICT, "already_running", "Calling is running already; stop it before starting another list.");
}

fallible svc_run_start(struct ctx *ctx, const struct settings *settings, struct uuid campaign, const struct json *leads, int64_t interval_ms, struct run_started *out)
{
    struct screened keep = { 0 };
    struct rows rows;
    const char *country;
    bool policy;

    *out = (struct run_started){ .campaign = campaign };
    TRY(svc_run_ready(ctx, settings, campaign, &country, &policy));
    TRY(screen(ctx, leads, country, policy, &keep, out));
    if (keep.count == 0)
        return nobody(ctx);
    TRY(db_rows(ctx, SQL_RUN_START, &rows,
                P(campaign, interval_ms < 0 ? param_text(NULL) : param_int(interval_ms), param_array(keep.index, keep.count), param_array(keep.name, keep.count),
                  param_array(keep.phone, keep.count), param_array(keep.original, keep.count), param_array(keep.category, keep.count),
                  param_array(keep.custom, keep.count), out->total, out->skip_count)));
    const char *status = row_text(&rows, 0, "status");
    if (str_equal(status, "already_running"))
        return running_already(ctx);
    skip_opted_out(ctx, row_text(&rows, 0, "dnc"), leads, out);
    if (str_equal(status, "nobody"))
        return nobody(ctx);
    out->interval_ms = row_int(&rows, 0, "interval_ms");
    log_info(ctx, "campaign.started", KV("campaign", uuid_text(ctx->arena, campaign)), KV("leads", out->total), KV("skipped", out->skip_count));
    return NULL;
}

fallible svc_run_resume(struct ctx *ctx, const struct settings *settings, struct uuid campaign, int64_t interval_ms)
{
    struct rows rows;
    const char *country;
    bool policy;

    TRY(svc_run_ready(ctx, settings, campaign, &country, &policy));
    TRY(db_rows(ctx, SQL_RUN_SET_STATE, &rows, P(campaign, "running", interval_ms < 0 ? param_text(NULL) : param_int(interval_ms))));
    const char *status = row_text(&rows, 0, "status");
    if (str_equal(status, "already_running"))
        return running_already(ctx);
    return str_equal(status, "nobody") ? nobody(ctx) : NULL;
}

fallible svc_run_hold(struct ctx *ctx, struct uuid campaign, const char *state)
{
    struct rows rows;
    int64_t until = boot_now_ms() + SETTLE_MS;

    TRY(db_rows(ctx, SQL_RUN_SET_STATE, &rows, P(campaign, state, param_text(NULL))));
    for (;;) {
        TRY(db_rows(ctx, SQL_RUN_SETTLED, &rows, P(campaign)));
        if (row_bool(&rows, 0, "settled"))
            return NULL;
        if (boot_now_ms() > until)
            FAIL(ctx, UNAVAILABLE, "The campaign is stopped, but a request that was permitted before has not been confirmed yet. Ask again.");
        nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000000 }, NULL);
    }
}
