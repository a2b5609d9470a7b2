#include "model/role.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"

const char *const role_list[] = {
#define X(name, about) #name,
    ROLES(X)
#undef X
    NULL
};
const char *const role_list_of_keys[] = { "viewer", "agent", "manager", "admin", NULL };

static const struct { const char *resource, *verb, *role; } scopes[] = {
#define X(resource, verb, role) { resource, verb, #role },
    SCOPES(X)
#undef X
};

int role_rank_of(const char *role)
{
    for (int i = 0; role && role_list[i]; i++) {
        if (str_equal(role, role_list[i]))
            return i;
    }
    return -1;
}

bool role_at_least(const char *role, const char *needed)
{
    int rank = role_rank_of(needed);
    return rank >= 0 && role_rank_of(role) >= rank;
}

/* Whether the first length bytes of text are one of the words in list. */
static bool is_listed(const char *list, const char *text, size_t length)
{
    for (const char *at = list; *at; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        if (word == length && strncmp(at, text, length) == 0)
            return true;
        at += word;
    }
    return false;
}

const char *scope_role(const char *scope)
{
    int rank = role_rank_of(scope);
    if (rank >= 0)
        return str_equal(scope, "owner") ? NULL : role_list[rank];
    const char *colon = scope ? strchr(scope, ':') : NULL;
    if (!colon || !is_listed(SCOPE_RESOURCES, scope, (size_t)(colon - scope)))
        return NULL;
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++) {
        size_t length = strlen(scopes[i].resource);
        bool named = length == (size_t)(colon - scope) && strncmp(scope, scopes[i].resource, length) == 0;
        if ((named || str_equal(scopes[i].resource, "*")) && str_equal(colon + 1, scopes[i].verb))
            return scopes[i].role;
    }
    return NULL;
}

fallible scopes_role(struct ctx *ctx, const char *text, const char **role)
{
    const struct json *list = NULL;
    bool roles = false, pairs = false;

    *role = role_list[0];
    if (!text)
        return NULL;
    TRY(json_read(ctx->arena, text, strlen(text), &list));
    for (size_t i = 0; i < json_length(list); i++) {
        const char *scope = json_string(json_at(list, i));
        const char *needs = scope_role(scope);
        if (!needs)
            FAIL_FIELD(ctx, arena_printf(ctx->arena, "scopes[%zu]", i), "not_one_of",
                       "A scope is viewer, agent, manager or admin, or a resource and a verb such as leads:read or leads:write.");
        roles = roles || role_rank_of(scope) >= 0;
        pairs = pairs || role_rank_of(scope) < 0;
        if (role_rank_of(needs) > role_rank_of(*role))
            *role = needs;
    }
    if (roles && pairs)
        FAIL_FIELD(ctx, "scopes", "mixed", "Name either roles or pairs of resource and verb, not both.");
    return NULL;
}
