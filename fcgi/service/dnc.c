/*
 * service/dnc.c - see service/dnc.h.
 */
#include "service/dnc.h"

#include <assert.h>
#include <time.h>

#include "base/log.h"
#include "model/phone.h"
#include "store/leads.h"

#define SETTLE_MS 3000
#define LOOK_MS   20

static fallible wait_until_settled(struct ctx *ctx, const char *phone_e164)
{
    int64_t until = boot_now_ms() + SETTLE_MS;
    bool settled;

    for (;;) {
        TRY(dnc_is_settled(ctx, phone_e164, &settled));
        if (settled)
            return NULL;
        if (boot_now_ms() >= until)
            FAIL(ctx, UNAVAILABLE, "The number is on the list, but a call to it may still begin. Ask again.");
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
    }
}

fallible svc_dnc_add(struct ctx *ctx, const char *source, struct dnc *d)
{
    const char *country;
    char masked[24];
    struct e164 number;

    assert(!db_in_transaction(ctx));
    TRY(leads_country(ctx, &country));
    TRY(dnc_check(ctx, country, d));
    TRY(dnc_insert(ctx, source, d));
    TRY(wait_until_settled(ctx, d->phone_e164));
    if (d->is_new && phone_to_e164(d->phone_e164, NULL, &number))
        log_info(ctx, "dnc.added", KV("phone", phone_mask(&number, masked)), KV("scope", d->scope), KV("source", source));
    return NULL;
}
