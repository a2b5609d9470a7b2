/*
 * dialer/loop.c - what is due now, and sleeping until something is.  See dialer/loop.h.
 */
#include "dialer/loop.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "courier.h"
#include "flight.h"
#include "tally.h"

#define ARENA_CEILING    (32 << 20)
#define ACCOUNT_CEILING  (64 << 10)
#define ACCOUNT_MS       30000
#define CAMPAIGNS_MS     250                                    /* how soon a started campaign is noticed */
#define LOOKS_MS         500
#define ORPHANS_MS       1000
#define ORDERS_MS        1000
#define PERMIT_MS        2000
#define MOST_PERMITS     200                                    /* of one campaign's turn: the gate locks the account meanwhile */
#define MOST_LOOKS       100
#define MOST_IN_FLIGHT   2000
#define STATEMENT_MS     5000
#define LAST_WAIT_MS     8000
#define LAST_STATEMENT_MS 500

struct dialer *dialer_create(const struct settings *settings, const char *name)
{
    struct dialer *d = calloc(1, sizeof *d);

    if (!d)
        abort();
    d->settings = settings;
    d->name = name;
    d->unreported_end = &d->unreported;
    d->arena = arena_create(ARENA_CEILING);
    d->http = http_loop_create(0);
    tally_open(settings);
    d->courier = courier_create(d);
    d->ctx = (struct ctx){ .arena = d->arena, .db = db_create(settings->database_url, name, true), .principal = "dialer" };
    return d;
}

void dialer_destroy(struct dialer *d)
{
    if (!d)
        return;
    http_loop_destroy(d->http);
    db_destroy(d->ctx.db);
    for (size_t i = 0; i < ACCOUNTS_KEPT; i++)
        arena_destroy(d->account[i].arena);
    while (d->unreported) {
        struct unreported *first = d->unreported;
        d->unreported = first->next;
        free(first);
    }
    courier_destroy(d->courier);
    free(d->turn);
    arena_destroy(d->arena);
    free(d);
}

void dialer_stop(struct dialer *d)
{
    d->leave_at_ms = boot_now_ms() + LAST_WAIT_MS;
    http_loop_wake(d->http);
}

bool dialer_leaving(const struct dialer *d)
{
    return d->leave_at_ms != 0;
}

struct ctx *dialer_as(struct dialer *d, struct uuid tenant)
{
    d->ctx.tenant = tenant;
    int64_t now_ms = boot_now_ms(), leave_at_ms = d->leave_at_ms;

    d->ctx.deadline_ms = now_ms + STATEMENT_MS;
    if (leave_at_ms && d->ctx.deadline_ms > leave_at_ms)
        d->ctx.deadline_ms = leave_at_ms > now_ms + LAST_STATEMENT_MS ? leave_at_ms : now_ms + LAST_STATEMENT_MS;
    return &d->ctx;
}

void dialer_failed(struct dialer *d, const char *doing, struct err *err)
{
    if (err->kind != ERR_UNAVAILABLE || !d->database_away)
        log_error(&d->ctx, "dialer.failed", KV("doing", doing), KV("why", err_chain(d->arena, err)));
    d->database_away = d->database_away || err->kind == ERR_UNAVAILABLE;
}

/* ---- accounts ---- */

const struct account *dialer_account(struct dialer *d, struct uuid id)
{
    struct kept_account *place = &d->account[0];
    struct rows rows;

    for (size_t i = 0; i < ACCOUNTS_KEPT; i++) {
        struct kept_account *kept = &d->account[i];
        if (kept->arena && uuid_equal(kept->id, id)) {
            place = kept;
            break;
        }
        if (kept->read_at_ms < place->read_at_ms)
            place = kept;
    }
    bool hit = place->arena && uuid_equal(place->id, id);
    if (hit && boot_now_ms() - place->read_at_ms < ACCOUNT_MS)
        return &place->account;

    struct ctx *ctx = dialer_as(d, (struct uuid){ 0 });
    struct err *err = db_global_rows(ctx, SQL_DIALER_ACCOUNT, &rows, P(id));
    if (err || rows.count == 0) {
        if (err)
            dialer_failed(d, "account", err);
        return hit ? &place->account : NULL;
    }
    if (!place->arena)
        place->arena = arena_create(ACCOUNT_CEILING);
    arena_reset(place->arena);
    struct account opened;
    account_open(ctx, d->settings, &rows, 0, &opened);
    /* into the account's own arena, because it outlives the tick */
    place->account = (struct account){
        .id = opened.id, .tenant = opened.tenant, .screens_numbers = opened.screens_numbers,
        .provider = arena_text(place->arena, opened.provider), .account_sid = arena_text(place->arena, opened.account_sid),
        .auth_token = arena_text(place->arena, opened.auth_token), .api_key = arena_text(place->arena, opened.api_key),
        .api_secret = arena_text(place->arena, opened.api_secret), .base_url = arena_text(place->arena, opened.base_url),
    };
    place->id = id;
    place->read_at_ms = boot_now_ms();
    return &place->account;
}

/* ---- dialing ---- */

static void send_permit(struct dialer *d, struct uuid tenant, const struct rows *rows, size_t i, int64_t asked_at_ms)
{
    struct flight flight = { .kind = FLIGHT_DIAL, .tenant = tenant, .attempt = row_uuid(rows, i, "attempt_id"), .account = row_uuid(rows, i, "account_id") };
    const struct account *account = dialer_account(d, flight.account);
    struct http_request request;

    /* Without the account nothing is sent; the permit runs out and the lead returns to its queue. */
    if (!account)
        return;
    struct dial dial = {
        .attempt = flight.attempt, .tenant = tenant, .to = row_text(rows, i, "phone"), .from = row_text(rows, i, "caller_id"),
        .public_base_url = d->settings->public_base_url, .ring_seconds = (int)row_int(rows, i, "ring_seconds"),
        .machine_detection = row_bool(rows, i, "machine_detection"), .wait_for_beep = row_bool(rows, i, "wait_for_beep"),
        .async_machine_detection = row_bool(rows, i, "async_machine_detection"),
        .machine_detection_timeout_ms = (int)row_int(rows, i, "machine_detection_timeout_ms"),
        .send_before_ms = asked_at_ms + PERMIT_MS,
    };
    struct err *err = provider_twilio.call_request(d->arena, account, &dial, &request);
    if (err)
        dialer_failed(d, "request", err);
    else
        flight_start(d, &flight, &request);
}

static void dial_turn(struct dialer *d, struct turn *turn)
{
    struct ctx *ctx = dialer_as(d, turn->tenant);
    struct rows rows;
    int64_t asked_at_ms = boot_now_ms();
    const char *fallback = d->settings->default_caller_id ? d->settings->default_caller_id : d->settings->twilio_phone_number;

    struct err *err = db_rows(ctx, SQL_DIALER_DIAL, &rows, P(turn->campaign, db_holder(ctx), MOST_PERMITS, fallback));
    if (err) {
        dialer_failed(d, "dial", err);
        turn->at_ms = asked_at_ms + 1000;
        return;
    }
    d->database_away = false;
    for (size_t i = 0; i < rows.count; i++) {
        if (row_text(&rows, i, "attempt_id")) {
            send_permit(d, turn->tenant, &rows, i, asked_at_ms);
            continue;
        }
        turn->at_ms = asked_at_ms + row_int(&rows, i, "wait_ms");
        tally_skipped(row_int(&rows, i, "skipped"));
        if (row_int(&rows, i, "skipped") > 0)
            log_info(dialer_as(d, turn->tenant), "leads.skipped", KV("campaign", uuid_text(d->arena, turn->campaign)), KV("count", row_int(&rows, i, "skipped")));
    }
}

static struct turn *turn_of(struct dialer *d, struct uuid tenant, struct uuid campaign)
{
    for (size_t i = 0; i < d->turn_count; i++)
        if (uuid_equal(d->turn[i].campaign, campaign))
            return &d->turn[i];
    if (d->turn_count == d->turn_space) {
        d->turn_space = d->turn_space ? d->turn_space * 2 : 16;
        d->turn = reallocarray(d->turn, d->turn_space, sizeof *d->turn);
        if (!d->turn)
            abort();
    }
    d->turn[d->turn_count] = (struct turn){ .tenant = tenant, .campaign = campaign };
    return &d->turn[d->turn_count++];
}

static void find_campaigns(struct dialer *d)
{
    struct rows rows;
    size_t kept = 0;

    struct err *err = db_global_rows(dialer_as(d, (struct uuid){ 0 }), SQL_DIALER_CAMPAIGNS, &rows, NO_PARAMS);
    if (err) {
        dialer_failed(d, "campaigns", err);
        return;
    }
    if (d->database_away)
        log_info(&d->ctx, "dialer.database_back");
    d->database_away = false;
    for (size_t i = 0; i < d->turn_count; i++)
        d->turn[i].running = false;
    for (size_t i = 0; i < rows.count; i++)
        turn_of(d, row_uuid(&rows, i, "tenant_id"), row_uuid(&rows, i, "campaign_id"))->running = true;
    for (size_t i = 0; i < d->turn_count; i++)
        if (d->turn[i].running)
            d->turn[kept++] = d->turn[i];
    d->turn_count = kept;
}

/* ---- looking ---- */

static void look(struct dialer *d, const struct rows *rows, size_t i)
{
    const char *kind = row_text(rows, i, "kind"), *sid = row_text(rows, i, "provider_sid"), *mode = row_text(rows, i, "mode");
    struct flight flight = { .tenant = row_uuid(rows, i, "tenant_id"), .attempt = row_uuid(rows, i, "attempt_id"), .account = row_uuid(rows, i, "account_id") };
    const struct account *account = dialer_account(d, flight.account);
    struct http_request request;

    if (!account)
        return;
    flight.permitted_at.us = row_int(rows, i, "permitted_us");
    strncat(flight.sid, sid ? sid : "", sizeof flight.sid - 1);
    strncat(flight.mode, mode ? mode : "", sizeof flight.mode - 1);
    if (str_equal(kind, "list")) {
        flight.kind = FLIGHT_LIST;
        provider_twilio.find_request(d->arena, account, row_text(rows, i, "phone"), row_text(rows, i, "caller_id"), &request);
    } else if (str_equal(kind, "fetch") && sid) {
        flight.kind = FLIGHT_FETCH;
        provider_twilio.fetch_request(d->arena, account, sid, &request);
    } else if (sid) {
        flight.kind = FLIGHT_STOP;
        provider_twilio.stop_request(d->arena, account, sid, mode, &request);
    } else {
        return;
    }
    flight_start(d, &flight, &request);
}

static void look_around(struct dialer *d)
{
    struct rows rows;
    struct err *err = db_global_rows(dialer_as(d, (struct uuid){ 0 }), SQL_DIALER_LOOKS, &rows, P(MOST_LOOKS));

    if (err) {
        dialer_failed(d, "looks", err);
        return;
    }
    for (size_t i = 0; i < rows.count; i++)
        look(d, &rows, i);
}

static void adopt_orphans(struct dialer *d)
{
    struct rows rows;
    struct ctx *ctx = dialer_as(d, (struct uuid){ 0 });
    struct err *err = db_ready(ctx);

    if (!err)
        err = db_global_rows(ctx, SQL_DIALER_ORPHANS, &rows, P(d->name, db_holder(ctx)));
    if (err)
        dialer_failed(d, "orphans", err);
    else if (row_int(&rows, 0, "count") > 0)
        log_warning(&d->ctx, "attempts.orphaned", KV("count", row_int(&rows, 0, "count")));
}

/* ---- the loop ---- */

static bool due(const struct dialer *d, int64_t *next_ms, int64_t now_ms, int64_t every_ms)
{
    if (now_ms < *next_ms || dialer_leaving(d))
        return false;
    *next_ms = now_ms + every_ms;
    return true;
}

static void tick(struct dialer *d)
{
    int64_t now_ms = boot_now_ms();

    arena_reset(d->arena);
    flight_report(d);
    if (due(d, &d->orphans_at_ms, now_ms, ORPHANS_MS))
        adopt_orphans(d);
    if (due(d, &d->campaigns_at_ms, now_ms, CAMPAIGNS_MS))
        find_campaigns(d);
    if (due(d, &d->looks_at_ms, now_ms, LOOKS_MS))
        look_around(d);
    tally_installation(d);
    if (due(d, &d->orders_at_ms, now_ms, ORDERS_MS))
        orders_look(d);
    for (size_t i = 0; i < d->turn_count && !dialer_leaving(d); i++) {
        if (d->turn[i].at_ms > boot_now_ms() || http_loop_running(d->http) >= MOST_IN_FLIGHT)
            continue;
        dial_turn(d, &d->turn[i]);
        http_loop_run(d->http, 0, -1);                          /* permits are short-lived: sent before the next campaign asks */
        flight_report(d);
    }
    if (!dialer_leaving(d))
        prices_look(d);
    if (!dialer_leaving(d))
        courier_turn(d->courier);
}

static int until_next(const struct dialer *d)
{
    int64_t next_ms = d->campaigns_at_ms < d->looks_at_ms ? d->campaigns_at_ms : d->looks_at_ms;

    if (courier_next_ms(d->courier) < next_ms)
        next_ms = courier_next_ms(d->courier);

    for (size_t i = 0; i < d->turn_count; i++)
        if (d->turn[i].at_ms < next_ms)
            next_ms = d->turn[i].at_ms;
    int64_t wait_ms = next_ms - boot_now_ms();
    return wait_ms < 0 ? 0 : (int)wait_ms;
}

void dialer_run(struct dialer *d)
{
    while (!dialer_leaving(d)) {
        tick(d);
        http_loop_run(d->http, until_next(d), -1);
    }
    while ((d->dialing || d->unreported) && boot_now_ms() < d->leave_at_ms) {
        arena_reset(d->arena);
        http_loop_run(d->http, 100, -1);
        flight_report(d);
        courier_record_again(d->courier);
    }
    arena_reset(d->arena);
    unsigned dialing = d->dialing, given_up = http_loop_running(d->http) - dialing;
    http_loop_give_up(d->http);
    flight_report(d);                                           /* unknown, which another dialer looks into at once */
    courier_return(d->courier);
    log_info(&d->ctx, "dialer.stopped", KV("in_flight", dialing), KV("given_up", given_up));
}
