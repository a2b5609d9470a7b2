/*
 * store/users.h - rows of users, and what a login needs to know of them.
 *
 * Writers add their audit line in the same statement.
 */
#pragma once

#include "db/db.h"
#include "model/user.h"

fallible users_list(struct ctx *, int64_t limit, struct uuid after, struct list *out);
fallible users_get(struct ctx *, struct uuid id, struct user *out);     /* with password_hash and epoch */
fallible users_add(struct ctx *, struct user *);                /* *user becomes the row */
/* CONFLICT "changed_meanwhile" when the row is newer than user->updated_at.  password_hash NULL keeps the password;
 * end_sessions raises the epoch; detail is the audit line's JSON.  *user becomes the row. */
fallible users_save(struct ctx *, struct user *, bool end_sessions, const char *detail);
fallible users_remove(struct ctx *, const struct user *);       /* CONFLICT as above */
/* Keeps everybody else from changing who is owner until the transaction ends, then counts the other active owners. */
fallible users_other_owners(struct ctx *, struct uuid id, int64_t *out);

/* Sessions of a user that can be continued, the last begun first (model/login.h). */
fallible sessions_list(struct ctx *, struct uuid user, int64_t limit, struct uuid after, struct list *out);
/* NOT_FOUND when this user has no such session. */
fallible sessions_end(struct ctx *, struct uuid user, struct uuid session);
/* All but the one that asks. */
fallible sessions_end_others(struct ctx *, struct uuid user);
