/*
 * store/keys.h - rows of API keys.  Writers add their audit line in the same statement.
 */
#pragma once

#include "db/db.h"
#include "model/user.h"

fallible keys_list(struct ctx *, int64_t limit, struct uuid after, struct list *out);
fallible keys_get(struct ctx *, struct uuid id, struct api_key *out);
fallible keys_add(struct ctx *, struct api_key *, const char *hash);    /* *key becomes the row */
fallible keys_revoke(struct ctx *, struct uuid id);             /* nothing to do for one that is revoked */
