/*
 * dialer/orders.c - numbers that somebody began to buy or to give back, and nobody has said how it ended.
 *
 * A purchase is looked for in the carrier's own list; it is never made again.  Giving back is asked for again: a number that is
 * not there is given back.
 */
#include "flight.h"

#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "service/number_orders.h"

#define MOST_ORDERS 20

static fallible report(struct flight *flight, const struct number_answer *what)
{
    struct ctx *ctx = dialer_as(flight->dialer, flight->tenant);

    TRY(svc_number_report(ctx, flight->attempt, what));
    log_info(ctx, "number.looked_up", KV("number_id", uuid_text(ctx->arena, flight->attempt)), KV("outcome", what->outcome));
    return NULL;
}

fallible order_found(struct flight *flight, const struct http_answer *answer)
{
    struct number_answer what = { .outcome = "unreachable" };
    struct provider_numbers list;

    if (twilio_numbers_answer(flight->dialer->arena, answer, &list) == NULL) {
        what.outcome = "empty";
        for (size_t i = 0; i < list.count; i++)
            if (str_equal(list.item[i].number, flight->sid))
                what = (struct number_answer){ .outcome = "bought", .number = list.item[i] };
    }
    return report(flight, &what);
}

fallible order_given_back(struct flight *flight, const struct http_answer *answer)
{
    struct number_answer what;

    twilio_release_answer(flight->dialer->arena, answer, &what);
    /* credentials that are refused today may be right again tomorrow: only a reason about the number ends it */
    if (str_equal(what.outcome, "unknown") || !str_equal(what.code, "provider_refused"))
        what.outcome = str_equal(what.outcome, "released") ? "released" : "unreachable";
    return report(flight, &what);
}

void orders_look(struct dialer *d)
{
    struct rows rows;
    struct err *err = db_global_rows(dialer_as(d, (struct uuid){ 0 }), SQL_NUMBER_ORDERS, &rows, P(MOST_ORDERS));

    if (err) {
        dialer_failed(d, "orders", err);
        return;
    }
    for (size_t i = 0; i < rows.count; i++) {
        struct flight flight = { .tenant = row_uuid(&rows, i, "tenant_id"), .attempt = row_uuid(&rows, i, "number_id"),
                                 .account = row_uuid(&rows, i, "account_id") };
        const struct account *account = dialer_account(d, flight.account);
        const char *number = row_text(&rows, i, "number"), *sid = row_text(&rows, i, "provider_sid");
        struct http_request request;

        if (!account)
            continue;
        if (str_equal(row_text(&rows, i, "state"), "buying")) {
            flight.kind = FLIGHT_NUMBER_FIND;
            strncat(flight.sid, number, sizeof flight.sid - 1);
            twilio_number_find_request(d->arena, account, number, &request);
        } else {
            flight.kind = FLIGHT_NUMBER_BACK;
            twilio_release_request(d->arena, account, sid ? sid : "", &request);
        }
        flight_start(d, &flight, &request);
    }
}
