/*
 * model/role.h - who outranks whom, and what an API key's scopes amount to.
 *
 * Roles are a ladder: each one may do what the ones before it may.  SQL has the same ladder in outdial.role_rank().  What
 * each role opens stands in the route table; here are only the names and their order.
 *
 * A scope of an API key is the name of a role, or a resource and a verb ("leads:write").  Each stands for the lowest role
 * that suffices, and a key gets the highest of them: scopes never widen what that role may do.
 */
#pragma once

#include <stdbool.h>

#include "base/ctx.h"
#include "base/err.h"

#define ROLES(X) /* name, what it adds */                                                                    \
    X(viewer,  "reads")                                                                                      \
    X(agent,   "places single calls, disposes of them, adds do-not-call entries")                            \
    X(manager, "leads, campaigns, scripts, starting and stopping, number links")                             \
    X(admin,   "users, keys, accounts, number import, tenant settings")                                      \
    X(owner,   "makes and unmakes owners")

/* A word that is no role's name; resource "*" is any resource of scope_resources. */
#define SCOPES(X) /* resource, verb, role */                                                                 \
    X("*",                 "read",   viewer)                                                                 \
    X("calls",             "write",  agent)                                                                  \
    X("calls",             "place",  agent)                                                                  \
    X("dnc",               "write",  agent)                                                                  \
    X("leads",             "write",  manager)                                                                \
    X("campaigns",         "write",  manager)                                                                \
    X("campaigns",         "start",  manager)                                                                \
    X("scripts",           "write",  manager)                                                                \
    X("phone-numbers",     "write",  manager)                                                                \
    X("phone-numbers",     "import", admin)                                                                  \
    X("users",             "write",  admin)                                                                  \
    X("provider-accounts", "write",  admin)                                                                  \
    X("trunks",            "write",  admin)                                                                  \
    X("tenant",            "write",  admin)

#define SCOPE_RESOURCES "calls dnc leads campaigns scripts phone-numbers users provider-accounts trunks tenant audit-log"

extern const char *const role_list[];                           /* lowest first, NULL-terminated */
extern const char *const role_list_of_keys[];                   /* the same without owner */

int  role_rank_of(const char *role);                            /* from 0; -1 = no such role, NULL included */
bool role_at_least(const char *role, const char *needed);       /* false for unknown ones */

/* The role that one scope stands for; NULL when there is no such scope. "owner" is none. */
const char *scope_role(const char *scope);
/* The role of a key with these scopes, a JSON array of texts or NULL (then "viewer").  INVALID names the wrong one.  Names
 * of roles and pairs of resource and verb are not mixed in one key. */
fallible scopes_role(struct ctx *, const char *scopes, const char **role);
