/*
 * outdial init - from an empty database to somebody who can sign in.  There is no default password: the first owner gets a link.
 */
#include <stdio.h>

#include "base/str.h"
#include "command/choose.h"
#include "db/migrate.h"
#include "model/user.h"
#include "service/session.h"
#include "service/users.h"
#include "store/tenants.h"
#include "store/users.h"

static void say(const char *sentence)
{
    printf("    %s\n", sentence);
}

/* The tenant comes before the transaction, which is entered once, as of that tenant.  One without people is taken up again. */
static fallible make_tenant(struct ctx *ctx, const char *name, struct tenant *out)
{
    struct rows rows;

    TRY(db_global_rows(ctx, SQL_OPERATOR_TENANTS, &rows, P(param_text(NULL))));
    struct list tenants = tenants_of_rows(ctx->arena, &rows);
    if (tenants.count > 0)
        *out = *(const struct tenant *)tenants.item;
    else
        TRY(db_global_one(ctx, SQL_OPERATOR_TENANT_ADD, &tenant_shape, out, P(name, tenant_slug(ctx->arena, name), "US", "en")));
    ctx->tenant = out->id;
    ctx->role = "owner";
    return NULL;
}

/* Owner and link are made together or not at all. */
static fallible make_owner(struct ctx *ctx, struct user *owner, const char **token)
{
    TX tx = { 0 };
    TRY(tx_begin(ctx, &tx));
    TRY(svc_user_add(ctx, owner));
    TRY(db_global_run(ctx, SQL_OPERATOR_USER_PLATFORM, NULL, P(owner->id, true)));
    TRY(svc_session_setup_link(ctx, owner->id, token));
    return tx_commit(&tx);
}

fallible command_init(struct invocation *inv)
{
    struct ctx *ctx = inv->ctx;
    const char *name = invocation_option(inv, "--name"), *email = invocation_option(inv, "--email"), *token;
    struct user owner = { .email = email, .role = "owner" };
    struct tenant tenant = { 0 };
    struct list users;

    TRY(invocation_done(inv));
    if (!email || !email_plausible(email))
        FAIL(ctx, BAD_REQUEST, "say who will own this installation: outdial init --email you@example.com --name \"Your company\"");
    if (!inv->settings->database_url)
        FAIL(ctx, INVALID, "DATABASE_URL is not set: an empty database, as a role that may create roles");
    printf("Bringing the database up to date ...\n");
    TRY(migrate(ctx->arena, inv->settings->database_url, installed_path(ctx->arena, "sql"), false, say));
    ctx->db = db_create(inv->settings->database_url, "outdial", false);
    TRY(db_ready(ctx));
    TRY(make_tenant(ctx, name ? name : "Main", &tenant));
    TRY(users_list(ctx, 1, (struct uuid){ 0 }, &users));
    if (users.count > 0) {
        printf("There are people already. Another link for somebody: outdial user password EMAIL\n");
        return NULL;
    }
    TRY(make_owner(ctx, &owner, &token));
    printf("The tenant \"%s\" is made, and %s is its owner.\nSet the password here, once, within 24 hours:\n    %s/#/setup/%s\n", tenant.name,
           owner.email, inv->settings->public_base_url, token);
    return NULL;
}
