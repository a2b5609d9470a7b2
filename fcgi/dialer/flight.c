/*
 * dialer/flight.c - requests under way, and what their answers mean.
 *
 * Answers are written down at the beginning of the next tick, those of accepted calls together: the more there are, the less
 * each costs.  If the database is away they wait in memory; if this process dies first, the attempt is unknown and the
 * reconciler of another dialer settles it.
 */
#include "flight.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "tally.h"

#define MOST_TOGETHER 500

/* The carrier's clock and ours may differ by seconds, and its dates have no fractions. */
#define CREATED_BEFORE_US (5 * 1000000LL)
#define CREATED_AFTER_US  (120 * 1000000LL)

static void keep_text(char *to, size_t size, const char *from)
{
    to[0] = '\0';
    if (from)
        strncat(to, from, size - 1);
}

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

/* ---- answers to "place this call" ---- */

static fallible report(struct dialer *d, const struct unreported *what)
{
    struct rows rows;
    struct ctx *ctx = dialer_as(d, what->tenant);

    return db_rows(ctx, SQL_CALL_REPORT, &rows, P(what->attempt, what->outcome, or_null(what->sid), what->http_status, or_null(what->code),
                                                  or_null(what->detail), what->retry_ms));
}

static void dialed(struct flight *flight, const struct http_answer *answer)
{
    struct dialer *d = flight->dialer;
    const struct account *account = dialer_account(d, flight->account);
    struct account nobody = { 0 };
    struct dial_result result;
    struct unreported what = { .tenant = flight->tenant, .attempt = flight->attempt };

    provider_twilio.call_answer(d->arena, account ? account : &nobody, answer, &result);
    keep_text(what.outcome, sizeof what.outcome, result.outcome);
    keep_text(what.sid, sizeof what.sid, result.sid);
    keep_text(what.code, sizeof what.code, result.code);
    keep_text(what.detail, sizeof what.detail, result.detail);
    what.http_status = result.http_status;
    what.retry_ms = result.retry_ms;
    tally_report(what.outcome, answer->took_ms);
    log_info(dialer_as(d, flight->tenant), "call.placed", KV("attempt", uuid_text(d->arena, flight->attempt)), KV("outcome", what.outcome),
             KV("status", what.http_status), KV("took_ms", answer->took_ms));

    struct unreported *answered = malloc(sizeof *answered);
    if (!answered)
        abort();
    *answered = what;
    *d->unreported_end = answered;
    d->unreported_end = &answered->next;
}

static bool together(const struct unreported *one)
{
    return !one->alone && str_equal(one->outcome, "accepted");
}

static void forget(struct dialer *d, struct unreported **place)
{
    struct unreported *one = *place;

    *place = one->next;
    if (!one->next)
        d->unreported_end = place;
    free(one);
}

/* Up to MOST_TOGETHER accepted calls of the tenant.  Those that are not written then, for whatever reason but an absent
 * database, are reported alone. */
static fallible report_together(struct dialer *d, struct uuid tenant)
{
    const char **attempts = arena_array(d->arena, MOST_TOGETHER, sizeof *attempts), **sids = arena_array(d->arena, MOST_TOGETHER, sizeof *sids);
    const char **statuses = arena_array(d->arena, MOST_TOGETHER, sizeof *statuses);
    struct rows rows = { 0 };
    size_t count = 0;

    for (struct unreported *one = d->unreported; one && count < MOST_TOGETHER; one = one->next) {
        if (!together(one) || !uuid_equal(one->tenant, tenant))
            continue;
        attempts[count] = uuid_text(d->arena, one->attempt);
        sids[count] = one->sid;
        statuses[count++] = arena_printf(d->arena, "%d", one->http_status);
        one->alone = true;
    }
    struct err *err = db_rows(dialer_as(d, tenant), SQL_CALL_ACCEPTED, &rows, P(param_array(attempts, count), param_array(sids, count), param_array(statuses, count)));
    if (err && err->kind == ERR_UNAVAILABLE) {
        for (struct unreported *one = d->unreported; one; one = one->next)
            one->alone = false;
        return err;
    }
    for (size_t i = 0; !err && i < rows.count; i++) {
        struct uuid written = row_uuid(&rows, i, "id");
        for (struct unreported **place = &d->unreported; *place; place = &(*place)->next) {
            if (uuid_equal((*place)->attempt, written)) {
                forget(d, place);
                break;
            }
        }
    }
    return NULL;
}

bool flight_report(struct dialer *d)
{
    for (struct unreported *one = d->unreported; one;) {
        if (together(one)) {
            struct err *err = report_together(d, one->tenant);
            if (err) {
                dialer_failed(d, "report", err);
                return false;
            }
            one = d->unreported;
        } else {
            one = one->next;
        }
    }
    while (d->unreported) {
        struct err *err = report(d, d->unreported);
        if (err && err->kind != ERR_NOT_FOUND) {
            dialer_failed(d, "report", err);
            return false;
        }
        forget(d, &d->unreported);
    }
    return true;
}

/* ---- looks ---- */

static bool fits(const struct flight *flight, const struct call_state *call)
{
    return call->sid && call->by_api && call->created_at.us >= flight->permitted_at.us - CREATED_BEFORE_US
           && call->created_at.us <= flight->permitted_at.us + CREATED_AFTER_US;
}

static bool owned(const struct rows *rows, const char *sid)
{
    for (size_t i = 0; i < rows->count; i++)
        if (str_equal(row_text(rows, i, "sid"), sid))
            return true;
    return false;
}

/* Which of the listed calls is the attempt's?  found, empty, or unreachable when the list cannot tell. */
static fallible search(struct flight *flight, const struct call_state *call, size_t count, const char **found, const char **sid)
{
    struct dialer *d = flight->dialer;
    const char **sids = arena_array(d->arena, count + 1, sizeof *sids);
    size_t candidates = 0;
    struct rows rows;

    for (size_t i = 0; i < count; i++)
        if (fits(flight, &call[i]))
            sids[candidates++] = call[i].sid;
    *found = "empty";
    *sid = NULL;
    if (candidates == 0)
        return NULL;
    TRY(db_global_rows(dialer_as(d, flight->tenant), SQL_DIALER_OWNED, &rows, P(flight->account, param_array(sids, candidates))));
    for (size_t i = 0; i < candidates; i++) {
        if (owned(&rows, sids[i]))
            continue;
        *found = *sid ? "unreachable" : "found";
        *sid = sids[i];
    }
    if (str_equal(*found, "unreachable"))
        *sid = NULL;
    return NULL;
}

static fallible listed(struct flight *flight, const struct http_answer *answer)
{
    struct dialer *d = flight->dialer;
    struct call_state *call = NULL;
    size_t count = 0;
    const char *found = "unreachable", *sid = NULL;
    struct rows rows;

    if (provider_twilio.find_answer(d->arena, answer, &call, &count))
        TRY(search(flight, call, count, &found, &sid));
    TRY(db_rows(dialer_as(d, flight->tenant), SQL_DIALER_SETTLE, &rows, P(flight->attempt, found, sid)));
    log_info(&d->ctx, "attempt.looked_up", KV("attempt", uuid_text(d->arena, flight->attempt)), KV("found", found), KV("state", row_text(&rows, 0, "state")));
    return NULL;
}

static fallible fetched(struct flight *flight, const struct http_answer *answer)
{
    struct dialer *d = flight->dialer;
    struct call_state state;
    struct rows rows;

    if (!provider_twilio.fetch_answer(d->arena, answer, &state))
        return NULL;                                            /* asked again when the loan of this look has run out */
    struct ctx *ctx = dialer_as(d, flight->tenant);
    if (flight->kind == FLIGHT_STOP_FETCH)
        return db_rows(ctx, SQL_DIALER_CANCELLED, &rows, P(flight->attempt, flight->sid, state.status ? state.status : "unknown"));
    return db_rows(ctx, SQL_CALL_NEWS, &rows, P(flight->attempt, flight->sid, state.status, state.ended_at,
                                                state.duration >= 0 ? param_int(state.duration) : param_text(NULL), state.answered_by));
}

static fallible stopped(struct flight *flight, const struct http_answer *answer)
{
    struct dialer *d = flight->dialer;
    struct call_state state;
    struct rows rows;

    if (provider_twilio.stop_answer(d->arena, answer, &state) && state.status)
        return db_rows(dialer_as(d, flight->tenant), SQL_DIALER_CANCELLED, &rows, P(flight->attempt, flight->sid, state.status));
    const struct account *account = dialer_account(d, flight->account);
    if (answer->outcome == HTTP_ANSWERED && answer->status / 100 == 4 && account) {
        struct flight ask = *flight;
        struct http_request request;
        ask.kind = FLIGHT_STOP_FETCH;
        provider_twilio.fetch_request(d->arena, account, flight->sid, &request);
        flight_start(d, &ask, &request);
    }
    return NULL;
}

/* ---- both ends ---- */

static void landed(void *data, const struct http_answer *answer)
{
    struct flight *flight = data;
    struct err *err = NULL;

    flight->dialer->dialing -= flight->kind == FLIGHT_DIAL;
    if (answer->outcome != HTTP_ANSWERED && flight->kind != FLIGHT_DIAL && dialer_leaving(flight->dialer)) {
        free(flight);                                           /* asked again, by whoever is there when the loan has run out */
        return;
    }
    switch (flight->kind) {
    case FLIGHT_DIAL:
        dialed(flight, answer);
        break;
    case FLIGHT_LIST:
        err = listed(flight, answer);
        break;
    case FLIGHT_FETCH:
    case FLIGHT_STOP_FETCH:
        err = fetched(flight, answer);
        break;
    case FLIGHT_STOP:
        err = stopped(flight, answer);
        break;
    case FLIGHT_NUMBER_FIND:
        err = order_found(flight, answer);
        break;
    case FLIGHT_NUMBER_BACK:
        err = order_given_back(flight, answer);
        break;
    case FLIGHT_PRICE:
    case FLIGHT_PRICE_LINES:
        err = price_found(flight, answer);
        break;
    }
    if (err)
        dialer_failed(flight->dialer, "look", err);
    free(flight);
}

void flight_start(struct dialer *d, const struct flight *flight, const struct http_request *request)
{
    struct flight *copy = malloc(sizeof *copy);

    if (!copy)
        abort();
    *copy = *flight;
    copy->dialer = d;
    d->dialing += flight->kind == FLIGHT_DIAL;
    http_loop_start(d->http, request, landed, copy);
}
