#include "store/identity_providers.h"

fallible identity_providers_list(struct ctx *ctx, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_IDENTITY_PROVIDER_LIST, &identity_provider_shape, out, P(limit, after));
}

fallible identity_providers_get(struct ctx *ctx, struct uuid id, struct identity_provider *out)
{
    return db_find(ctx, SQL_IDENTITY_PROVIDER_GET, &identity_provider_shape, out, P(id));
}

fallible identity_providers_add(struct ctx *ctx, struct identity_provider *p)
{
    bool added;
    TRY(db_maybe(ctx, SQL_IDENTITY_PROVIDER_ADD, &identity_provider_shape, p, &added,
                 P(p->name, p->issuer, p->audience, p->algorithm, p->public_key, p->keys, p->jwks_url, p->user_claim, p->role_claim, p->role_map,
                   p->default_role, p->creates_users, p->is_active)));
    if (!added)
        FAIL_CODE(ctx, CONFLICT, "too_many", "A tenant has at most twenty identity providers. Remove one first.");
    return NULL;
}

fallible identity_providers_save(struct ctx *ctx, struct identity_provider *p)
{
    bool found;
    TRY(db_maybe(ctx, SQL_IDENTITY_PROVIDER_SAVE, &identity_provider_shape, p, &found,
                 P(p->id, p->updated_at, p->name, p->issuer, p->audience, p->algorithm, p->public_key, p->keys, p->jwks_url, p->user_claim, p->role_claim,
                   p->role_map, p->default_role, p->creates_users, p->is_active)));
    if (!found)
        FAIL_CODE(ctx, CONFLICT, "changed_meanwhile", "Somebody changed it at the same moment. Read it again and repeat.");
    return NULL;
}

fallible identity_providers_remove(struct ctx *ctx, struct uuid id)
{
    return db_run(ctx, SQL_IDENTITY_PROVIDER_REMOVE, NULL, P(id));
}

fallible identity_providers_of(struct ctx *ctx, const char *issuer, const char *const *audiences, size_t count, struct uuid preferred, struct list *out)
{
    struct rows rows;
    TRY(db_global_rows(ctx, SQL_SESSION_PROVIDERS, &rows, P(issuer, param_array(audiences, count), preferred)));
    struct identity_provider *list = arena_array(ctx->arena, rows.count, sizeof *list);
    for (size_t i = 0; i < rows.count; i++)
        for (size_t f = 0; f < identity_provider_shape.count; f++)
            shape_set_column(ctx->arena, &identity_provider_shape.field[f], row_text(&rows, i, identity_provider_shape.field[f].column), &list[i]);
    *out = (struct list){ .item = list, .count = rows.count, .size = sizeof *list };
    return NULL;
}
