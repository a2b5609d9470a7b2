/*
 * store/leads.c - see store/leads.h.
 */
#include "store/leads.h"

fallible leads_country(struct ctx *ctx, const char **out)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_LEAD_COUNTRY, &rows, NO_PARAMS));
    *out = rows.count ? row_text(&rows, 0, "country") : NULL;
    return NULL;
}

fallible leads_list(struct ctx *ctx, const struct lead_filter *filter, int64_t limit, struct uuid after, struct list *out)
{
    if (filter->search)
        return db_list(ctx, SQL_LEAD_SEARCH, &lead_shape, out, P(limit + 1, after, filter->search));
    if (filter->phone_e164)
        return db_list(ctx, SQL_LEAD_LIST_BY_PHONE, &lead_shape, out, P(limit + 1, after, filter->phone_e164));
    if (!uuid_is_none(filter->campaign))
        return db_list(ctx, SQL_LEAD_LIST_BY_CAMPAIGN, &lead_shape, out, P(limit + 1, after, filter->campaign));
    if (!uuid_is_none(filter->list))
        return db_list(ctx, SQL_LEAD_LIST_BY_LIST, &lead_shape, out, P(limit + 1, after, filter->list));
    return db_list(ctx, SQL_LEAD_LIST, &lead_shape, out, P(limit + 1, after));
}

fallible leads_find(struct ctx *ctx, const char *id, struct lead *out)
{
    struct uuid uuid;
    bool found = false;

    *out = (struct lead){ 0 };
    if (uuid_parse(id, &uuid))
        TRY(db_maybe(ctx, SQL_LEAD_FIND, &lead_shape, out, &found, P(uuid)));
    return found ? NULL : db_find(ctx, SQL_LEAD_FIND_EXTERNAL, &lead_shape, out, P(id));
}

fallible leads_lock(struct ctx *ctx, struct uuid id)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_LEAD_LOCK, &rows, P(id)));
    if (rows.count == 0)
        FAIL(ctx, NOT_FOUND, "There is nothing at this address.");
    return NULL;
}

fallible leads_insert(struct ctx *ctx, struct lead *l)
{
    l->id = uuid_make();
    return db_one(ctx, SQL_LEAD_INSERT, &lead_shape, l, P(l->id, l->external_id, l->name, l->category, l->phone_e164, l->original_phone, l->custom, l->phones, l->priority));
}

fallible leads_update(struct ctx *ctx, struct lead *l)
{
    return db_one(ctx, SQL_LEAD_UPDATE, &lead_shape, l, P(l->id, l->external_id, l->name, l->category, l->phone_e164, l->original_phone, l->custom,
                  l->phones_stay ? NULL : l->phones, l->priority));
}

fallible leads_delete(struct ctx *ctx, struct uuid id)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_LEAD_DELETE, &rows, P(id)));
    if (!row_bool(&rows, 0, "deleted"))
        FAIL(ctx, NOT_FOUND, "There is nothing at this address.");
    return NULL;
}

fallible leads_resolve_one(struct ctx *ctx, const char *field, const char *written, struct uuid *out)
{
    const char *id = NULL;

    TRY(leads_resolve(ctx, &written, 1, &id));
    if (id ? uuid_parse(id, out) : uuid_parse(written, out))
        return NULL;
    FAIL_FIELD(ctx, field, "not_found", "There is no lead with this id or external_id.");
}

fallible leads_resolve(struct ctx *ctx, const char *const *written, size_t count, const char **ids)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_LEAD_RESOLVE, &rows, P(param_array(written, count))));
    for (size_t i = 0; i < rows.count && i < count; i++)
        ids[i] = row_text(&rows, i, "id");
    return NULL;
}
