/*
 * outdial dnc
 */
#include <stdio.h>
#include <time.h>

#include "base/str.h"
#include "command/choose.h"
#include "model/phone.h"
#include "service/dnc.h"
#include "store/leads.h"

#define SETTLE_LOOKS 150
#define LOOK_MS      20

static const char *shown_or(const char *text, const char *otherwise)
{
    return text ? text : otherwise;
}

/* The number as it is, or in the country of the tenant or the installation. */
static fallible read_number(struct invocation *inv, const char *country, struct e164 *out)
{
    const char *text = invocation_word(inv);

    TRY(invocation_done(inv));
    if (!text)
        return invocation_wrong(inv);
    enum phone_verdict verdict = phone_normalize(text, country, out);
    if (verdict != PHONE_OK)
        FAIL(inv->ctx, INVALID, "%s", phone_verdict_message(verdict));
    return NULL;
}

/* Above all tenants. */
static fallible add_platform(struct invocation *inv, const char *reason)
{
    struct ctx *ctx = inv->ctx;
    struct e164 number;
    struct rows rows, settled;

    TRY(read_number(inv, inv->settings->default_country, &number));
    TRY(db_global_rows(ctx, SQL_DNC_PLATFORM_ADD, &rows, P((const char *)number.digits, reason)));
    for (int i = 0; i < SETTLE_LOOKS; i++) {
        TRY(db_global_rows(ctx, SQL_DNC_PLATFORM_SETTLED, &settled, P((const char *)number.digits)));
        if (row_bool(&settled, 0, "settled")) {
            printf("%s %s, for every tenant.\n", number.digits, row_bool(&rows, 0, "is_new") ? "is not called any more" : "was on the list already");
            return NULL;
        }
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
    }
    FAIL(ctx, UNAVAILABLE, "The number is on the list, but a call to it may still begin; ask again.");
}

static fallible add(struct invocation *inv)
{
    struct tenant tenant;
    struct dnc d = { .reason = invocation_option(inv, "--reason") };
    const char *campaign = invocation_option(inv, "--campaign");

    if (invocation_flag(inv, "--platform"))
        return campaign ? invocation_wrong(inv) : add_platform(inv, d.reason);
    TRY(choose_tenant(inv, &tenant));
    d.phone = invocation_word(inv);
    TRY(invocation_done(inv));
    if (!d.phone)
        return invocation_wrong(inv);
    if (campaign && !uuid_parse(campaign, &d.campaign_id))
        FAIL(inv->ctx, BAD_REQUEST, "--campaign is the id of a campaign");
    TRY(svc_dnc_add(inv->ctx, "command", &d));
    printf("%s %s, for %s.\n", d.phone_e164, d.is_new ? "is not called any more" : "was on the list already",
           uuid_is_none(d.campaign_id) ? tenant.name : "that campaign");
    return NULL;
}

static fallible list(struct invocation *inv)
{
    struct tenant tenant;
    struct list rows = { 0 };
    struct uuid after = { 0 };

    TRY(choose_tenant(inv, &tenant));
    TRY(invocation_done(inv));
    do {
        TRY(dnc_list(inv->ctx, NULL, 999, after, &rows));
        for (size_t i = 0; i < rows.count; i++) {
            const struct dnc *d = (const struct dnc *)rows.item + i;
            printf("%-16s %-8s %-8s %s  %s\n", d->phone_e164, d->scope, d->source, utc_text(inv->ctx->arena, d->created_at), shown_or(d->reason, ""));
            after = d->id;
        }
    } while (rows.count == 1000);
    return NULL;
}

static fallible check(struct invocation *inv)
{
    struct tenant tenant;
    struct e164 number;
    struct rows rows;

    TRY(choose_tenant(inv, &tenant));
    TRY(read_number(inv, tenant.default_country, &number));
    TRY(db_rows(inv->ctx, SQL_DNC_CHECK, &rows, P((const char *)number.digits)));
    if (rows.count == 0)
        printf("%s is on no do-not-call list that %s obeys.\n", number.digits, tenant.name);
    for (size_t i = 0; i < rows.count; i++)
        printf("%s: %s list, by %s, %s. %s\n", number.digits, row_text(&rows, i, "scope"), row_text(&rows, i, "source"),
               row_text(&rows, i, "created_at"), shown_or(row_text(&rows, i, "reason"), ""));
    return NULL;
}

fallible command_dnc(struct invocation *inv)
{
    const char *verb = invocation_word(inv);

    if (str_equal(verb, "add"))
        return add(inv);
    if (str_equal(verb, "list"))
        return list(inv);
    return str_equal(verb, "check") ? check(inv) : invocation_wrong(inv);
}
