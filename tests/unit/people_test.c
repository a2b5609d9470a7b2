/* Roles, scopes, and who may change whom. */
#include "test.h"

#include "base/str.h"
#include "model/role.h"
#include "model/user.h"

static struct ctx ctx;

static const char *role_of(const char *scopes)
{
    const char *role;
    ctx = (struct ctx){ .arena = arena };
    return scopes_role(&ctx, scopes, &role) ? NULL : role;
}

TEST("roles are a ladder, and strangers are below it")
{
    for (int i = 0; role_list[i]; i++)
        EQUAL_INT(role_rank_of(role_list[i]), i);
    OK(role_at_least("owner", "viewer"));
    OK(role_at_least("agent", "agent"));
    OK(!role_at_least("viewer", "agent"));
    OK(!role_at_least("emperor", "viewer"));
    OK(!role_at_least(NULL, "viewer"));
    OK(!role_at_least("owner", "emperor"));
}

TEST("a key gets the highest role that its scopes need, and viewer without any")
{
    EQUAL_TEXT(role_of(NULL), "viewer");
    EQUAL_TEXT(role_of("[]"), "viewer");
    EQUAL_TEXT(role_of("[\"leads:read\"]"), "viewer");
    EQUAL_TEXT(role_of("[\"calls:place\",\"leads:read\"]"), "agent");
    EQUAL_TEXT(role_of("[\"leads:write\",\"calls:place\"]"), "manager");
    EQUAL_TEXT(role_of("[\"phone-numbers:import\"]"), "admin");
    EQUAL_TEXT(role_of("[\"viewer\",\"manager\"]"), "manager");
}

TEST("no scope makes an owner, and unknown ones are refused")
{
    EQUAL_TEXT(role_of("[\"owner\"]"), NULL);
    EQUAL_TEXT(role_of("[\"leads:fly\"]"), NULL);
    EQUAL_TEXT(role_of("[\"lead:read\"]"), NULL);
    EQUAL_TEXT(role_of("[\"leads\"]"), NULL);
    EQUAL_TEXT(role_of("[\":read\"]"), NULL);
    EQUAL_TEXT(role_of("[\"\"]"), NULL);
    EQUAL_TEXT(role_of("[7]"), NULL);
    EQUAL_TEXT(role_of("[\"viewer\",\"leads:write\"]"), NULL);
}

TEST("every scope of the table names a resource of the list and a role below owner")
{
#define X(resource, verb, role)                                                                                  \
    OK(str_equal(resource, "*") || str_equal(scope_role(resource ":" verb), #role));                             \
    OK(role_rank_of(#role) >= 0 && !str_equal(#role, "owner"));
    SCOPES(X)
#undef X
}

static const char *refusal(const char *actor_role, bool own, const char *from, const char *to)
{
    struct uuid actor = uuid_make();
    struct user before = { .id = own ? actor : uuid_make(), .role = from, .status = "active" };
    struct user after = before;

    ctx = (struct ctx){ .arena = arena };
    after.role = to;
    struct err *err = user_may_change(&ctx, actor, actor_role, &before, to ? &after : NULL);
    return err ? err->code : NULL;
}

TEST("only an owner makes, changes or removes an owner")
{
    EQUAL_TEXT(refusal("admin", false, "owner", "owner"), "forbidden");
    EQUAL_TEXT(refusal("admin", false, "owner", "viewer"), "forbidden");
    EQUAL_TEXT(refusal("admin", false, "owner", NULL), "forbidden");
    EQUAL_TEXT(refusal("admin", false, "viewer", "owner"), "forbidden");
    EQUAL_TEXT(refusal("admin", false, "viewer", "admin"), NULL);
    EQUAL_TEXT(refusal("admin", false, "admin", NULL), NULL);
    EQUAL_TEXT(refusal("owner", false, "owner", "viewer"), NULL);
    EQUAL_TEXT(refusal("owner", false, "viewer", "owner"), NULL);
    EQUAL_TEXT(refusal("owner", false, "owner", NULL), NULL);
}

TEST("nobody changes their own role, not even downwards")
{
    for (int from = 0; role_list[from]; from++) {
        for (int to = 0; role_list[to]; to++)
            EQUAL_TEXT(refusal(role_list[from], true, role_list[from], role_list[to]),
                       from == to ? NULL : "own_role");
    }
}

TEST("nobody disables themselves")
{
    struct user before = { .id = uuid_make(), .role = "owner", .status = "active" }, after = before;
    ctx = (struct ctx){ .arena = arena };
    after.status = "disabled";
    struct err *err = user_may_change(&ctx, before.id, "owner", &before, &after);
    OK(err && str_equal(err->code, "own_status"));
    err = user_may_change(&ctx, uuid_make(), "owner", &before, &after);
    OK(!err);
}

TEST("an e-mail address has one @ with something on both sides and no odd characters")
{
    static const char *const good[] = { "a@b", "maria.lopez+x@example.co.uk", "ayşe@örnek.example" };
    static const char *const bad[] = { "", "a", "@b", "a@", "a@b@c", "a b@c", "a@b\n", "a@.b", "a@b.", "<a@b>", "a@b,c@d", "\x7f@b" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        OK(email_plausible(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        OK(!email_plausible(bad[i]));
    OK(!email_plausible(NULL));
    EQUAL_TEXT(email_canonical(arena, "Maria@EXAMPLE.com"), "maria@example.com");
    EQUAL_TEXT(email_canonical(arena, NULL), NULL);
}
