#include "store/numbers.h"

fallible numbers_list(struct ctx *ctx, const struct number_filter *f, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_NUMBER_LIST, &number_shape, out, P(limit, after, f->campaign, f->type, f->active, f->number));
}

fallible numbers_of_account(struct ctx *ctx, struct uuid account, struct list *out)
{
    return db_list(ctx, SQL_NUMBER_OF_ACCOUNT, &number_shape, out, P(account));
}

fallible numbers_get(struct ctx *ctx, struct uuid id, struct number *out)
{
    return db_find(ctx, SQL_NUMBER_GET, &number_shape, out, P(id));
}

fallible numbers_save(struct ctx *ctx, struct number *n)
{
    bool found;
    TRY(db_maybe(ctx, SQL_NUMBER_SAVE, &number_shape, n, &found, P(n->id, n->updated_at, n->campaign_id, n->livekit_trunk_id, n->is_active,
                 n->daily_cap ? param_int(n->daily_cap) : param_text(NULL))));
    if (!found)
        FAIL_CODE(ctx, CONFLICT, "changed_meanwhile", "Somebody changed this number at the same moment. Read it again and repeat.");
    return NULL;
}

fallible numbers_store(struct ctx *ctx, struct uuid account, const char *rows_json, bool whole, double seconds, struct numbers_stored *out)
{
    struct rows rows;
    TRY(db_rows(ctx, SQL_NUMBERS_STORE, &rows, P(account, rows_json, whole, seconds)));
    *out = (struct numbers_stored){ row_int(&rows, 0, "imported"), row_int(&rows, 0, "updated"), row_int(&rows, 0, "total") };
    return NULL;
}
