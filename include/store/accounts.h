/*
 * store/accounts.h - rows of provider accounts and trunks, as people manage them.
 *
 * Secrets pass through here sealed.  Writers add their audit line in the same statement.
 */
#pragma once

#include "db/db.h"
#include "model/account.h"

fallible accounts_list(struct ctx *, int64_t limit, struct uuid after, struct list *out);
fallible accounts_get(struct ctx *, struct uuid id, struct provider_account *out);      /* with the sealed secrets */
fallible accounts_whole(struct ctx *, struct uuid id, struct rows *out);        /* for account_open(); NOT_FOUND */
fallible accounts_add(struct ctx *, struct provider_account *);         /* *account becomes the row */
/* CONFLICT "changed_meanwhile" when the row is newer than account->updated_at.  detail: the audit line's JSON. */
fallible accounts_save(struct ctx *, struct provider_account *, const char *detail);
fallible accounts_remove(struct ctx *, struct uuid id);         /* CONFLICT "in_use" while something refers to it */

fallible trunks_list(struct ctx *, int64_t limit, struct uuid after, struct list *out);
fallible trunks_get(struct ctx *, struct uuid id, struct trunk *out);
fallible trunks_add(struct ctx *, struct trunk *);              /* INVALID on account_id when it is not this tenant's */
/* CONFLICT "changed_meanwhile" when the row is newer than trunk->updated_at. */
fallible trunks_save(struct ctx *, struct trunk *);             /* INVALID as above */
fallible trunks_remove(struct ctx *, const struct trunk *);     /* CONFLICT "in_use" while a number is reached through it */
