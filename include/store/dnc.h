/*
 * store/dnc.h - the do-not-call rows that a tenant sees: its own, not the platform's.
 */
#pragma once

#include "db/db.h"
#include "model/dnc.h"

/* limit + 1 rows, newest first; struct dnc.  phone_e164 NULL: any. */
fallible dnc_list(struct ctx *, const char *phone_e164, int64_t limit, struct uuid after, struct list *out);
fallible dnc_find(struct ctx *, struct uuid, struct dnc *out);
/* The row as it stands now, made or found. */
fallible dnc_insert(struct ctx *, const char *source, struct dnc *);
/* No request to the number can begin any more. */
fallible dnc_is_settled(struct ctx *, const char *phone_e164, bool *out);
fallible dnc_remove(struct ctx *, struct uuid);
