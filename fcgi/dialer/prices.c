/*
 * dialer/prices.c - what calls cost: the carrier is asked after their end (sql/schema/965_cost.sql says when, and how many at once).
 *
 * Nothing depends on an answer that comes: whoever dies in between leaves a loan that runs out, and the call is asked about again.
 */
#include "flight.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "tally.h"

#define EVERY_MS 1000
#define BUSY     200                                            /* with so many requests under way prices wait */

static fallible report(struct flight *flight, enum price_found found)
{
    static const char *const words[] = { [PRICE_LATER] = "later", [PRICE_KNOWN] = "priced", [PRICE_GONE] = "gone" };
    const struct call_price *price = &flight->price;
    struct ctx *ctx = dialer_as(flight->dialer, flight->tenant);
    struct rows rows;

    TRY(db_rows(ctx, SQL_PRICE_REPORT, &rows, P(flight->attempt, words[found], price->micros, price->currency[0] ? price->currency : NULL, price->minutes)));
    if (str_equal(row_text(&rows, 0, "verdict"), "priced"))
        tally_priced(price->currency, price->micros);
    if (str_equal(row_text(&rows, 0, "verdict"), "given_up"))
        log_warning(ctx, "price.given_up", KV("attempt", uuid_text(ctx->arena, flight->attempt)), KV("found", words[found]));
    return NULL;
}

fallible price_found(struct flight *flight, const struct http_answer *answer)
{
    struct dialer *d = flight->dialer;
    enum price_found found = flight->kind == FLIGHT_PRICE ? twilio_price_answer(d->arena, answer, &flight->price)
                                                          : twilio_line_prices_answer(d->arena, answer, &flight->price);

    if (found != PRICE_KNOWN || flight->kind == FLIGHT_PRICE_LINES || !flight->lines)
        return report(flight, found);
    const struct account *account = dialer_account(d, flight->account);
    struct flight next = *flight;
    struct http_request request;
    if (!account)
        return report(flight, PRICE_LATER);
    next.kind = FLIGHT_PRICE_LINES;
    twilio_line_prices_request(d->arena, account, flight->sid, &request);
    flight_start(d, &next, &request);
    return NULL;
}

void prices_look(struct dialer *d)
{
    struct rows rows;
    int64_t now_ms = boot_now_ms();

    if (now_ms < d->prices_at_ms || http_loop_running(d->http) > BUSY)
        return;
    d->prices_at_ms = now_ms + EVERY_MS;
    struct err *err = db_global_rows(dialer_as(d, (struct uuid){ 0 }), SQL_DIALER_PRICES, &rows, NO_PARAMS);
    if (err) {
        dialer_failed(d, "prices", err);
        return;
    }
    for (size_t i = 0; i < rows.count; i++) {
        struct flight flight = { .kind = FLIGHT_PRICE, .tenant = row_uuid(&rows, i, "tenant_id"), .attempt = row_uuid(&rows, i, "attempt_id"),
                                 .account = row_uuid(&rows, i, "account_id"), .lines = row_bool(&rows, i, "lines") };
        const struct account *account = dialer_account(d, flight.account);
        struct http_request request;

        if (!account)
            continue;
        strncat(flight.sid, row_text(&rows, i, "provider_sid"), sizeof flight.sid - 1);
        twilio_price_request(d->arena, account, flight.sid, &request);
        flight_start(d, &flight, &request);
    }
}
