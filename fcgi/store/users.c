#include "store/users.h"

#include "model/login.h"

static struct err *changed_meanwhile(struct ctx *ctx)
{
    return ERR_CODE(ctx, CONFLICT, "changed_meanwhile", "Somebody changed this user at the same moment. Read it again and repeat.");
}

fallible users_list(struct ctx *ctx, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_USER_LIST, &user_shape, out, P(limit, after));
}

fallible users_get(struct ctx *ctx, struct uuid id, struct user *out)
{
    return db_find(ctx, SQL_USER_GET, &user_shape, out, P(id));
}

fallible users_add(struct ctx *ctx, struct user *u)
{
    return db_one(ctx, SQL_USER_ADD, &user_shape, u, P(u->email, u->name, u->role, u->phone_e164, u->locale, u->password_hash, u->caller_id));
}

fallible users_save(struct ctx *ctx, struct user *u, bool end_sessions, const char *detail)
{
    bool found;
    TRY(db_maybe(ctx, SQL_USER_SAVE, &user_shape, u, &found,
                 P(u->id, u->updated_at, u->email, u->name, u->role, u->phone_e164, u->locale, u->status, u->password_hash,
                   end_sessions, detail, u->caller_id)));
    return found ? NULL : changed_meanwhile(ctx);
}

fallible users_remove(struct ctx *ctx, const struct user *u)
{
    int64_t gone;
    TRY(db_run(ctx, SQL_USER_REMOVE, &gone, P(u->id, u->updated_at)));
    return gone ? NULL : changed_meanwhile(ctx);
}

fallible users_other_owners(struct ctx *ctx, struct uuid id, int64_t *out)
{
    struct rows rows;
    TRY(db_run(ctx, SQL_TENANT_LOCK, NULL, NO_PARAMS));
    TRY(db_rows(ctx, SQL_USER_OWNERS_BESIDES, &rows, P(id)));
    *out = row_int(&rows, 0, "others");
    return NULL;
}

fallible sessions_list(struct ctx *ctx, struct uuid user, int64_t limit, struct uuid after, struct list *out)
{
    return db_list(ctx, SQL_SESSION_LIST, &login_shape, out, P(user, ctx->token_id, limit, after));
}

fallible sessions_end(struct ctx *ctx, struct uuid user, struct uuid session)
{
    struct rows rows;
    if (!uuid_is_none(session))                                 /* none would mean all */
        TRY(db_rows(ctx, SQL_SESSION_DROP, &rows, P(user, session, ctx->token_id)));
    if (uuid_is_none(session) || row_int(&rows, 0, "ended") == 0)
        FAIL(ctx, NOT_FOUND, "There is nothing at this address.");
    return NULL;
}

fallible sessions_end_others(struct ctx *ctx, struct uuid user)
{
    const struct uuid none = { 0 };
    return db_run(ctx, SQL_SESSION_DROP, NULL, P(user, none, ctx->token_id));
}
