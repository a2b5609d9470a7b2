/*
 * outdial numbers
 */
#include <stdio.h>

#include "base/str.h"
#include "command/choose.h"
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
    printf("%ld imported, %ld updated, %ld at the provider.\n", (long)stored.imported, (long)stored.updated, (long)stored.total);
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
        printf("%-16s %-9s %-8s %-8s %s\n", n->number, n->type, n->provider, n->is_active ? "active" : "inactive", campaign ? campaign : "-");
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

fallible command_numbers(struct invocation *inv)
{
    const char *verb = invocation_word(inv);
    if (str_equal(verb, "import"))
        return import(inv);
    if (str_equal(verb, "list"))
        return list(inv);
    return str_equal(verb, "link") ? link_number(inv) : invocation_wrong(inv);
}
