#include "store/accounts.h"

fallible accounts_list(struct ctx *ctx, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_ACCOUNT_LIST, &provider_account_shape, out, P(limit, after));
}

fallible accounts_get(struct ctx *ctx, struct uuid id, struct provider_account *out)
{
    return db_find(ctx, SQL_ACCOUNT_GET, &provider_account_shape, out, P(id));
}

fallible accounts_whole(struct ctx *ctx, struct uuid id, struct rows *out)
{
    TRY(db_rows(ctx, SQL_ACCOUNT_WHOLE, out, P(id)));
    if (out->count == 0)
        FAIL(ctx, NOT_FOUND, "There is nothing at this address.");
    return NULL;
}

fallible accounts_add(struct ctx *ctx, struct provider_account *a)
{
    return db_one(ctx, SQL_ACCOUNT_ADD, &provider_account_shape, a,
                  P(a->provider, a->label, a->account_sid, a->api_key, a->app_sid, a->assistant_id, a->phone_number_id, a->sip_trunk_id,
                    a->default_number, a->calls_per_second, a->max_open_calls, a->screens_numbers, a->auth_token_sealed,
                    a->api_secret_sealed, a->webhook_secret_sealed));
}

fallible accounts_save(struct ctx *ctx, struct provider_account *a, const char *detail)
{
    bool found;
    TRY(db_maybe(ctx, SQL_ACCOUNT_SAVE, &provider_account_shape, a, &found,
                 P(a->id, a->updated_at, a->label, a->account_sid, a->api_key, a->app_sid, a->assistant_id, a->phone_number_id,
                   a->sip_trunk_id, a->default_number, a->calls_per_second, a->max_open_calls, a->screens_numbers,
                   a->auth_token_sealed, a->api_secret_sealed, a->webhook_secret_sealed, detail)));
    if (!found)
        FAIL_CODE(ctx, CONFLICT, "changed_meanwhile", "Somebody changed this account at the same moment. Read it again and repeat.");
    return NULL;
}

fallible accounts_remove(struct ctx *ctx, struct uuid id)
{
    int64_t gone;
    TRY(db_run(ctx, SQL_ACCOUNT_REMOVE, &gone, P(id)));
    if (!gone)
        FAIL(ctx, NOT_FOUND, "There is nothing at this address.");
    return NULL;
}

fallible trunks_list(struct ctx *ctx, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_TRUNK_LIST, &trunk_shape, out, P(limit, after));
}

fallible trunks_get(struct ctx *ctx, struct uuid id, struct trunk *out)
{
    return db_find(ctx, SQL_TRUNK_GET, &trunk_shape, out, P(id));
}

fallible trunks_add(struct ctx *ctx, struct trunk *t)
{
    return db_one(ctx, SQL_TRUNK_ADD, &trunk_shape, t, P(t->account_id, t->provider, t->trunk_sid, t->name));
}

static struct err *trunk_changed_meanwhile(struct ctx *ctx)
{
    return ERR_CODE(ctx, CONFLICT, "changed_meanwhile", "Somebody changed this trunk at the same moment. Read it again and repeat.");
}

fallible trunks_save(struct ctx *ctx, struct trunk *t)
{
    bool found;
    TRY(db_maybe(ctx, SQL_TRUNK_SAVE, &trunk_shape, t, &found, P(t->id, t->updated_at, t->account_id, t->name)));
    return found ? NULL : trunk_changed_meanwhile(ctx);
}

fallible trunks_remove(struct ctx *ctx, const struct trunk *t)
{
    int64_t gone;
    TRY(db_run(ctx, SQL_TRUNK_REMOVE, &gone, P(t->id, t->updated_at)));
    return gone ? NULL : trunk_changed_meanwhile(ctx);
}
