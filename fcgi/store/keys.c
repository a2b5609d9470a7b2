#include "store/keys.h"

fallible keys_list(struct ctx *ctx, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_KEY_LIST, &api_key_shape, out, P(limit, after));
}

fallible keys_get(struct ctx *ctx, struct uuid id, struct api_key *out)
{
    return db_find(ctx, SQL_KEY_GET, &api_key_shape, out, P(id));
}

fallible keys_add(struct ctx *ctx, struct api_key *k, const char *hash)
{
    return db_one(ctx, SQL_KEY_ADD, &api_key_shape, k, P(k->name, k->scopes, k->role, hash, k->key_hint, k->created_by));
}

fallible keys_revoke(struct ctx *ctx, struct uuid id)
{
    return db_run(ctx, SQL_KEY_REVOKE, NULL, P(id));
}
