/*
 * dialer/flight.h - inside dialer/ only: a request to a carrier that is under way, and what its answer will mean.
 */
#pragma once

#include <stdatomic.h>

#include "base/http.h"
#include "db/db.h"
#include "dialer/loop.h"
#include "provider/provider.h"
#include "provider/twilio_prices.h"

#define ACCOUNTS_KEPT 64

enum flight_kind { FLIGHT_DIAL, FLIGHT_LIST, FLIGHT_FETCH, FLIGHT_STOP, FLIGHT_STOP_FETCH,
                   FLIGHT_NUMBER_FIND, FLIGHT_NUMBER_BACK, FLIGHT_PRICE, FLIGHT_PRICE_LINES };

struct flight {
    struct dialer   *dialer;
    enum flight_kind kind;
    struct uuid      tenant, attempt, account;                  /* FLIGHT_NUMBER_...: attempt is the number's row */
    struct utc       permitted_at;
    char             sid[64];                                   /* FLIGHT_NUMBER_FIND: the number itself */
    char             mode[16];                                  /* FLIGHT_STOP: queued, ringing, live */
    bool             lines;                                     /* FLIGHT_PRICE: ask for the lines it dialed as well */
    struct call_price price;                                    /* what is known so far */
};

/* An answer that is not written down yet. */
struct unreported {
    struct uuid        tenant, attempt;
    bool               alone;                                   /* not to be written together with others */
    char               outcome[16], sid[64], code[16], detail[160];
    int                http_status;
    int64_t            retry_ms;
    struct unreported *next;
};

/* An opened account, kept for half a minute. */
struct kept_account {
    struct uuid    id;
    struct account account;
    struct arena  *arena;
    int64_t        read_at_ms;
};

/* When a campaign is to be brought before the gate next. */
struct turn { struct uuid tenant, campaign; int64_t at_ms; bool running; };

struct dialer {
    const struct settings *settings;
    const char            *name;
    struct arena          *arena;                               /* of one tick */
    struct ctx             ctx;
    struct http_loop      *http;
    struct kept_account    account[ACCOUNTS_KEPT];
    struct turn           *turn;
    size_t                 turn_count, turn_space;
    struct unreported     *unreported, **unreported_end;        /* oldest first; the end is where the next one is hung */
    struct courier        *courier;
    int64_t                campaigns_at_ms, looks_at_ms, orphans_at_ms, orders_at_ms, prices_at_ms;
    unsigned               dialing;                             /* FLIGHT_DIAL under way */
    bool                   database_away;
    atomic_llong           leave_at_ms;                         /* on boot_now_ms(): when it is gone at the latest; 0 = it stays */
};

/* It has been told to stop: nothing new is begun. */
bool dialer_leaving(const struct dialer *);
/* The context for work on behalf of one tenant. */
struct ctx *dialer_as(struct dialer *, struct uuid tenant);
/* NULL: no such account, or the database is away. */
const struct account *dialer_account(struct dialer *, struct uuid id);
/* Logs a database error once per outage. */
void dialer_failed(struct dialer *, const char *doing, struct err *);

/* orders.c: asks the carrier about orders of numbers that nobody has reported on. */
void orders_look(struct dialer *);
fallible order_found(struct flight *, const struct http_answer *);
fallible order_given_back(struct flight *, const struct http_answer *);

/* prices.c: asks the carrier what calls that are over cost; at most every second. */
void prices_look(struct dialer *);
fallible price_found(struct flight *, const struct http_answer *);

/* flight.c: begins a request; its answer is handled by kind. */
void flight_start(struct dialer *, const struct flight *, const struct http_request *);
/* Writes down what has been answered since the last time, and what waited for the database; true when nothing is left. */
bool flight_report(struct dialer *);
