/*
 * outdial user
 */
#include <stdio.h>

#include "base/secret.h"
#include "base/str.h"
#include "command/choose.h"
#include "model/role.h"
#include "service/factor.h"
#include "service/session.h"
#include "service/users.h"
#include "store/users.h"

static fallible print_link(struct invocation *inv, struct uuid user, const char *email)
{
    const char *token;
    TRY(svc_session_setup_link(inv->ctx, user, &token));
    printf("%s sets a password here, once, within 24 hours:\n    %s/#/setup/%s\n", email, inv->settings->public_base_url, token);
    return NULL;
}

static fallible add(struct invocation *inv)
{
    struct ctx *ctx = inv->ctx;
    struct tenant tenant;
    struct user user = { .role = invocation_option(inv, "--role"), .name = invocation_option(inv, "--name"),
                         .phone_e164 = invocation_option(inv, "--phone") };
    bool platform = invocation_flag(inv, "--platform"), piped = invocation_flag(inv, "--password-stdin");

    TRY(choose_tenant(inv, &tenant));
    user.email = invocation_word(inv);
    TRY(invocation_done(inv));
    if (!user.email || role_rank_of(user.role) < 0)
        return invocation_wrong(inv);
    if (piped)
        TRY(read_line(inv, "the password", &user.password));
    TRY(svc_user_add(ctx, &user));
    if (platform)
        TRY(db_global_run(ctx, SQL_OPERATOR_USER_PLATFORM, NULL, P(user.id, true)));
    printf("%s  %s  %s of %s\n", uuid_text(ctx->arena, user.id), user.email, user.role, tenant.name);
    return piped ? NULL : print_link(inv, user.id, user.email);
}

static fallible list(struct invocation *inv)
{
    struct tenant tenant;
    struct list users;

    TRY(choose_tenant(inv, &tenant));
    TRY(invocation_done(inv));
    TRY(users_list(inv->ctx, 10000, (struct uuid){ 0 }, &users));
    for (size_t i = users.count; i-- > 0;) {
        const struct user *u = (const struct user *)users.item + i;
        printf("%s  %-8s %-9s %-8s %s\n", uuid_text(inv->ctx->arena, u->id), u->role, u->status, u->is_platform ? "platform" : "", u->email);
    }
    return NULL;
}

/* ctx becomes the operator's in the tenant of whoever signs in with that address. */
static fallible enter_tenant_of(struct ctx *ctx, const char *email, struct uuid *user)
{
    struct rows found;
    TRY(db_global_rows(ctx, SQL_OPERATOR_USER_FIND, &found, P(email)));
    if (found.count == 0)
        FAIL(ctx, NOT_FOUND, "nobody signs in with that e-mail address");
    ctx->tenant = row_uuid(&found, 0, "tenant_id");
    ctx->role = "owner";
    *user = row_uuid(&found, 0, "id");
    return NULL;
}

static fallible totp_reset(struct invocation *inv)
{
    struct ctx *ctx = inv->ctx;
    struct user user = { .email = invocation_word(inv) };

    TRY(invocation_done(inv));
    if (!user.email)
        return invocation_wrong(inv);
    TRY(enter_tenant_of(ctx, user.email, &user.id));
    TRY(users_get(ctx, user.id, &user));
    TRY(svc_factor_reset(ctx, (struct uuid){ 0 }, &user));
    printf("%s signs in with the password alone until a second factor is set up again.\n", user.email);
    return NULL;
}

static fallible password(struct invocation *inv)
{
    struct ctx *ctx = inv->ctx;
    struct user before, after;
    struct uuid user;
    bool piped = invocation_flag(inv, "--password-stdin");
    const char *email = invocation_word(inv);

    TRY(invocation_done(inv));
    if (!email)
        return invocation_wrong(inv);
    TRY(enter_tenant_of(ctx, email, &user));
    if (!piped)
        return print_link(inv, user, email);
    TRY(users_get(ctx, user, &before));
    after = before;
    TRY(read_line(inv, "the password", &after.password));
    TRY(svc_user_change(ctx, (struct uuid){ 0 }, &before, &after));
    printf("The password is set; whoever was signed in as %s is out.\n", email);
    return NULL;
}

fallible command_user(struct invocation *inv)
{
    const char *verb = invocation_word(inv);
    if (str_equal(verb, "add"))
        return add(inv);
    if (str_equal(verb, "list"))
        return list(inv);
    if (str_equal(verb, "totp-reset"))
        return totp_reset(inv);
    return str_equal(verb, "password") ? password(inv) : invocation_wrong(inv);
}
