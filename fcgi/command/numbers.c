/*
 * outdial numbers
 */
#include <stdio.h>

#include "base/str.h"
#include "command/choose.h"
#include "service/number_orders.h"
#include "service/numbers.h"

static fallible import(struct invocation *inv)
{
    struct tenant tenant;
    struct numbers_stored stored;
    struct list data;
    const char *text = invocation_option(inv, "--account");
    struct uuid account = { 0 };

    TRY(choose_tenant(inv, &tenant));
    TRY(invocation_done(inv));
    if (text && !uuid_parse(text, &account))
        FAIL(inv->ctx, BAD_REQUEST, "--account is the id of a provider account");
    TRY(svc_numbers_import(inv->ctx, inv->settings, account, &stored, &data));
    printf("The provider has %ld numbers: %ld are new, %ld have changed.\n", (long)stored.total, (long)stored.imported, (long)stored.updated);
    return NULL;
}

static fallible list(struct invocation *inv)
{
    struct tenant tenant;
    struct number_filter filter = { .type = NULL };
    struct list rows;

    TRY(choose_tenant(inv, &tenant));
    TRY(invocation_done(inv));
    TRY(numbers_list(inv->ctx, &filter, 10000, (struct uuid){ 0 }, &rows));
    for (size_t i = rows.count; i-- > 0;) {
        const struct number *n = (const struct number *)rows.item + i;
        const char *campaign = uuid_text(inv->ctx->arena, n->campaign_id);
        const char *state = !str_equal(n->state, "owned") ? n->state : n->is_active ? "active" : "inactive";
        printf("%-16s %-9s %-8s %-9s %s\n", n->number, n->type, n->provider, state, campaign ? campaign : "-");
    }
    return NULL;
}

static fallible find_number(struct ctx *ctx, const char *text, struct number *out)
{
    struct number_filter filter = { .number = text };
    struct list rows;

    TRY(numbers_list(ctx, &filter, 1, (struct uuid){ 0 }, &rows));
    if (rows.count == 0)
        FAIL(ctx, NOT_FOUND, "this tenant has no such number; see: outdial numbers list");
    *out = *(const struct number *)rows.item;
    return NULL;
}

static fallible find_campaign(struct ctx *ctx, const char *text, struct uuid *out)
{
    struct rows rows;

    if (str_equal(text, "none")) {
        *out = (struct uuid){ 0 };
        return NULL;
    }
    TRY(db_rows(ctx, SQL_OPERATOR_CAMPAIGN_FIND, &rows, P(text)));
    if (rows.count == 0)
        FAIL(ctx, NOT_FOUND, "this tenant has no campaign %s", text);
    if (rows.count > 1)
        FAIL(ctx, CONFLICT, "several campaigns are called %s; name one by its id", text);
    *out = row_uuid(&rows, 0, "id");
    return NULL;
}

static fallible link_number(struct invocation *inv)
{
    struct tenant tenant;
    struct number number;

    TRY(choose_tenant(inv, &tenant));
    const char *wanted = invocation_word(inv), *campaign = invocation_word(inv);
    TRY(invocation_done(inv));
    if (!wanted || !campaign)
        return invocation_wrong(inv);
    TRY(find_number(inv->ctx, wanted, &number));
    TRY(find_campaign(inv->ctx, campaign, &number.campaign_id));
    TRY(svc_number_change(inv->ctx, &number));
    printf("%s is %s.\n", number.number, uuid_is_none(number.campaign_id) ? "of no campaign" : "linked");
    return NULL;
}

static fallible search(struct invocation *inv)
{
    struct tenant tenant;
    struct number_search wish = { .limit = 20 };
    struct offered_number *offer = NULL;
    size_t count;

    wish.country = invocation_option(inv, "--country");
    wish.type = invocation_option(inv, "--type");
    wish.area_code = invocation_option(inv, "--area-code");
    wish.contains = invocation_option(inv, "--contains");
    TRY(choose_tenant(inv, &tenant));
    TRY(invocation_done(inv));
    TRY(svc_numbers_search(inv->ctx, inv->settings, &wish, &offer, &count));
    for (size_t i = 0; i < count; i++)
        printf("%-16s %-9s %s\n", offer[i].number, offer[i].type, offer[i].locality ? offer[i].locality : "");
    if (count == 0)
        printf("There are none for sale.\n");
    return NULL;
}

static fallible buy(struct invocation *inv)
{
    struct tenant tenant;
    struct number_wish wish = { .number = NULL };
    struct number number;

    const char *campaign = invocation_option(inv, "--campaign");
    TRY(choose_tenant(inv, &tenant));
    wish.number = invocation_word(inv);
    TRY(invocation_done(inv));
    if (!wish.number)
        return invocation_wrong(inv);
    if (campaign)
        TRY(find_campaign(inv->ctx, campaign, &wish.campaign));
    TRY(svc_number_buy(inv->ctx, inv->settings, &wish, &number));
    printf(str_equal(number.state, "owned") ? "%s is bought.\n" : "%s is ordered; the provider has not confirmed it yet. See: outdial numbers list\n", number.number);
    return NULL;
}

static fallible release(struct invocation *inv)
{
    struct tenant tenant;
    struct number number;
    bool gone;

    TRY(choose_tenant(inv, &tenant));
    const char *wanted = invocation_word(inv);
    TRY(invocation_done(inv));
    if (!wanted)
        return invocation_wrong(inv);
    TRY(find_number(inv->ctx, wanted, &number));
    TRY(svc_number_release(inv->ctx, inv->settings, number.id, &gone));
    printf(gone ? "%s is given back.\n" : "%s is being given back; the provider has not confirmed it yet.\n", number.number);
    return NULL;
}

fallible command_numbers(struct invocation *inv)
{
    static const struct { const char *verb; fallible (*run)(struct invocation *); } verbs[] = {
        { "import", import }, { "list", list }, { "link", link_number }, { "search", search }, { "buy", buy }, { "release", release },
    };
    const char *verb = invocation_word(inv);

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (str_equal(verbs[i].verb, verb))
            return verbs[i].run(inv);
    return invocation_wrong(inv);
}
