/*
 * store/lists.c - see store/lists.h.
 */
#include "store/lists.h"

#define GIVEN_AT_ONCE 20000

const struct shape lead_list_shape = SHAPE(struct lead_list, "lead list",
    FIELD(struct lead_list, id, OUT),
    FIELD(struct lead_list, name, IN | OUT | REQUIRED, .longest = 200),
    FIELD(struct lead_list, leads_count, OUT),
    FIELD(struct lead_list, created_at, OUT),
    FIELD(struct lead_list, updated_at, OUT));

fallible lists_list(struct ctx *ctx, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_LIST_LIST, &lead_list_shape, out, P(limit + 1, after));
}

fallible lists_find(struct ctx *ctx, struct uuid id, struct lead_list *out)
{
    return db_find(ctx, SQL_LIST_FIND, &lead_list_shape, out, P(id));
}

fallible lists_resolve(struct ctx *ctx, const char *written, struct uuid *out)
{
    struct rows rows;
    struct uuid id = { 0 };

    uuid_parse(written, &id);
    TRY(db_rows(ctx, SQL_LIST_RESOLVE, &rows, P(id, written)));
    if (rows.count == 0)
        FAIL_FIELD(ctx, "list", "not_found", "There is no list of this name or id");
    *out = row_uuid(&rows, 0, "id");
    return NULL;
}

fallible lists_named(struct ctx *ctx, const char *name, struct uuid *out)
{
    struct uuid none = { 0 };
    struct rows rows;

    TRY(db_run(ctx, SQL_LIST_MAKE, NULL, P(name)));
    TRY(db_rows(ctx, SQL_LIST_RESOLVE, &rows, P(none, name)));
    if (rows.count == 0)
        FAIL(ctx, CONFLICT, "The list was removed at this moment.");
    *out = row_uuid(&rows, 0, "id");
    return NULL;
}

fallible lists_insert(struct ctx *ctx, struct lead_list *l)
{
    l->id = uuid_make();
    return db_one(ctx, SQL_LIST_INSERT, &lead_list_shape, l, P(l->id, l->name));
}

fallible lists_update(struct ctx *ctx, struct lead_list *l)
{
    return db_one(ctx, SQL_LIST_UPDATE, &lead_list_shape, l, P(l->id, l->name));
}

fallible lists_delete(struct ctx *ctx, struct uuid id)
{
    return db_run(ctx, SQL_LIST_DELETE, NULL, P(id));
}

fallible lists_add(struct ctx *ctx, struct uuid id, const char *const *lead_ids, size_t count, int64_t *added)
{
    struct rows rows;

    TRY(db_rows(ctx, SQL_LIST_ADD_LEADS, &rows, P(id, param_array(lead_ids, count))));
    *added = row_int(&rows, 0, "added");
    return NULL;
}

fallible lists_give(struct ctx *ctx, struct uuid list, struct uuid campaign, int64_t *added, int64_t *leads)
{
    struct uuid after = { 0 };
    struct rows rows;
    int64_t seen = GIVEN_AT_ONCE;

    *added = *leads = 0;
    while (seen == GIVEN_AT_ONCE) {
        TRY(db_rows(ctx, SQL_LIST_ADD_MEMBERS, &rows, P(campaign, list, after, GIVEN_AT_ONCE)));
        seen = row_int(&rows, 0, "seen");
        after = row_uuid(&rows, 0, "last");
        *leads += seen;
        *added += row_int(&rows, 0, "added");
    }
    return NULL;
}
