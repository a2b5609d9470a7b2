/*
 * service/number_orders.h - finding numbers for sale, buying them, giving them back.
 *
 * An order goes row -> one request -> report: the wish is committed before the carrier is asked, no transaction is open while it is,
 * and what became of it is written down.  An answer that was lost is looked for in the carrier's own list at once; whatever stays
 * unclear, and whatever a process that died leaves behind, is settled by the dialers (dialer/orders.c).  So a number is never bought
 * twice for one wish, and none that was paid for is forgotten.
 */
#pragma once

#include "base/settings.h"
#include "model/number.h"
#include "provider/twilio_numbers.h"

/* INVALID on country, type, area_code, contains; UPSTREAM.  country NULL: the tenant's. */
fallible svc_numbers_search(struct ctx *, const struct settings *, struct number_search *, struct offered_number **out, size_t *count);

struct number_wish {
    const char *number;                                         /* as written; becomes E.164 */
    struct uuid campaign;                                       /* to be linked to; none = none */
    const char *key_principal, *key_route, *key, *key_hash;     /* the request's Idempotency-Key, or NULLs */
};

/*
 * *out is the row: "owned", or "buying" when the outcome was not known in time.  CONFLICT already_exists for a number that the tenant
 * has, number_unavailable when the carrier does not sell it; UPSTREAM or UNAVAILABLE when provably nothing was bought.
 */
fallible svc_number_buy(struct ctx *, const struct settings *, const struct number_wish *, struct number *out);
/* Writes down what the carrier said of an order. */
fallible svc_number_report(struct ctx *, struct uuid id, const struct number_answer *);
/* The order that an Idempotency-Key is bound to, as it stands now; CONFLICT not_bought when it came to nothing. */
fallible svc_number_stand(struct ctx *, struct uuid id, struct number *out);
/* *gone: the carrier has taken it back; otherwise it is still being asked.  CONFLICT in_use, purchase_in_progress. */
fallible svc_number_release(struct ctx *, const struct settings *, struct uuid id, bool *gone);
