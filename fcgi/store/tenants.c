#include "store/tenants.h"

fallible tenants_get(struct ctx *ctx, struct tenant *out)
{
    return db_find(ctx, SQL_TENANT_GET, &tenant_shape, out, NO_PARAMS);
}

fallible tenants_save(struct ctx *ctx, struct tenant *t, const char *detail)
{
    bool found;
    TRY(db_maybe(ctx, SQL_TENANT_SAVE, &tenant_shape, t, &found,
                 P(t->updated_at, t->name, t->company, t->persona, t->default_country, t->locale, t->timezone, t->agent_phone,
                   t->default_caller_id, t->accept_key, t->countries, t->require_totp, t->allowed_networks, detail)));
    if (!found)
        FAIL_CODE(ctx, CONFLICT, "changed_meanwhile", "Somebody changed it at the same moment. Read it again and repeat.");
    return NULL;
}

fallible tenants_places(struct ctx *ctx, const char *zone, const char *const *countries, size_t count, bool *zone_known, const char **unknown_country)
{
    struct rows rows;
    TRY(db_rows(ctx, SQL_TENANT_PLACES, &rows, P(zone, param_array(countries, count))));
    *zone_known = row_bool(&rows, 0, "zone_known");
    *unknown_country = row_text(&rows, 0, "unknown_country");
    return NULL;
}

struct list tenants_of_rows(struct arena *arena, const struct rows *rows)
{
    struct tenant *list = arena_array(arena, rows->count, sizeof *list);
    for (size_t i = 0; i < rows->count; i++) {
        for (size_t f = 0; f < tenant_shape.count; f++)
            if (tenant_shape.field[f].flags & OUT)
                shape_set_column(arena, &tenant_shape.field[f], row_text(rows, i, tenant_shape.field[f].column), &list[i]);
    }
    return (struct list){ .item = list, .count = rows->count, .size = sizeof *list };
}

fallible platform_tenants_list(struct ctx *ctx, int64_t limit, struct uuid after, struct list *out)
{
    struct rows rows;
    TRY(db_global_rows(ctx, SQL_PLATFORM_TENANTS, &rows, P(limit, after)));
    *out = tenants_of_rows(ctx->arena, &rows);
    return NULL;
}

fallible platform_tenants_add(struct ctx *ctx, const struct tenant_request *t, const char *owner_hash, struct tenant *out)
{
    return db_global_one(ctx, SQL_PLATFORM_TENANT_CREATE, &tenant_shape, out,
                         P(t->name, t->slug, t->default_country, t->locale, t->owner_email, owner_hash));
}

fallible platform_tenants_status(struct ctx *ctx, struct uuid tenant, const char *status, struct tenant *out)
{
    return db_global_one(ctx, SQL_PLATFORM_TENANT_STATUS, &tenant_shape, out, P(tenant, status));
}
