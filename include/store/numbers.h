/*
 * store/numbers.h - rows of phone numbers.
 */
#pragma once

#include "db/db.h"
#include "model/number.h"

struct number_filter {
    struct uuid campaign;                                       /* none = any */
    const char *type, *number;                                  /* NULL = any */
    const char *active;                                         /* "true", "false", NULL = any */
};

fallible numbers_list(struct ctx *, const struct number_filter *, int64_t limit, struct uuid after, struct list *out);
fallible numbers_of_account(struct ctx *, struct uuid account, struct list *out);       /* active ones, at most 10,000 */
fallible numbers_get(struct ctx *, struct uuid id, struct number *out);
/* Links, trunk and activity, with an audit line.  CONFLICT "changed_meanwhile" when the row is newer; INVALID on campaignId. */
fallible numbers_save(struct ctx *, struct number *);

struct numbers_stored { int64_t imported, updated, total; };
/* rows_json: [{sid, number, type, purchased_at, capabilities, trunk_sid}]. whole: it is all that the provider has, so what is
 * missing there is no longer active here, but for what came within seconds, while it was being read. */
fallible numbers_store(struct ctx *, struct uuid account, const char *rows_json, bool whole, double seconds, struct numbers_stored *out);
