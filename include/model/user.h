/*
 * model/user.h - people who sign in, and the keys of programs that do.
 *
 * The password is read from a body and never kept: service/users.c turns it into password_hash.  What may be done to
 * whom is user_may_change(), a pure rule, so that it can be tested without a database.
 */
#pragma once

#include "base/shape.h"

struct user {
    struct uuid id;
    const char *email;                                          /* lower case */
    const char *name;
    const char *role, *status;                                  /* model/role.h; active, disabled */
    const char *phone_e164;                                     /* "phone": rung when this person is the agent; or NULL */
    const char *caller_id;                                      /* number of the tenant that calls of this person show; or NULL */
    const char *locale;                                         /* NULL = the tenant's */
    bool        is_platform;
    bool        totp_enabled;                                   /* signs in with a second factor */
    int64_t     epoch;                                          /* not shown */
    const char *password_hash;                                  /* not shown */
    const char *password;                                       /* from a body */
    struct utc  created_at, updated_at;
};
extern const struct shape user_shape;

/* What people may change about themselves. */
struct user_self {
    const char *name, *phone, *locale, *password, *current_password;
};
extern const struct shape user_self_shape;

struct api_key {
    struct uuid id;
    const char *name;
    const char *scopes;                                         /* JSON array */
    const char *role;                                           /* what the scopes amount to */
    const char *key_hint;                                       /* "hint": how the secret ends */
    struct uuid created_by;
    struct utc  created_at, last_used_at, revoked_at;
};
extern const struct shape api_key_shape;

enum { PASSWORD_SHORTEST = 8, PASSWORD_LONGEST = 256 };

bool email_plausible(const char *);
/* Lower-case copy. */
const char *email_canonical(struct arena *, const char *);
/* FORBIDDEN, or NULL: may somebody with actor_role (who is actor; none for keys) turn before into after?  after NULL = remove. */
fallible user_may_change(struct ctx *, struct uuid actor, const char *actor_role, const struct user *before, const struct user *after);
