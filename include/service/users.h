/*
 * service/users.h - people and keys of a tenant: who may do what to whom is decided here, on top of the route's role.
 *
 * Only an owner makes, changes or removes an owner; nobody changes their own role; the last active owner stays.  A change of
 * password, role or status ends everything that the person is signed in with.
 */
#pragma once

#include "model/user.h"

/* INVALID on field: 8 to 256 characters. */
fallible password_check(struct ctx *, const char *field, const char *password);
/* *phone as people wrote it becomes E.164, by ctx's tenant's country; NULL and blank become NULL.  INVALID on field. */
fallible phone_of_tenant(struct ctx *, const char *field, const char **phone);

/* *user becomes the row. */
fallible svc_user_add(struct ctx *, struct user *user);
/* before as read, after with changes; *after becomes the row.  actor: who asks, none for a key. */
fallible svc_user_change(struct ctx *, struct uuid actor, const struct user *before, struct user *after);
fallible svc_user_remove(struct ctx *, struct uuid actor, const struct user *);
/* What somebody changes about themselves; *user is read before and becomes the row. */
fallible svc_user_change_self(struct ctx *, const struct user_self *, struct user *user);

/* secret: "odk_" and 43 characters, to be shown once.  *key becomes the row. */
fallible svc_key_add(struct ctx *, struct uuid actor, struct api_key *key, const char **secret);
fallible svc_key_revoke(struct ctx *, const struct api_key *);  /* one that is revoked already stays so */
