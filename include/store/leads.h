/*
 * store/leads.h - rows of leads.
 *
 * Everything here concerns ctx's tenant.  A lead is found by its id or by the customer's external_id; a deleted one is found by
 * neither.
 */
#pragma once

#include "db/db.h"
#include "model/lead.h"

/* Which leads; at most one of the four, or none for all. */
struct lead_filter { const char *search; const char *phone_e164; struct uuid campaign, list; };

fallible leads_country(struct ctx *, const char **out);         /* the tenant's default country */
/* limit + 1 rows, newest first; struct lead. */
fallible leads_list(struct ctx *, const struct lead_filter *, int64_t limit, struct uuid after, struct list *out);
/* id as written: a UUID or an external_id.  NOT_FOUND. */
fallible leads_find(struct ctx *, const char *id, struct lead *out);
/* Until the transaction ends nobody else changes it. */
fallible leads_lock(struct ctx *, struct uuid);
fallible leads_insert(struct ctx *, struct lead *);             /* fills the times */
fallible leads_update(struct ctx *, struct lead *);
/* What waits for it in campaigns is withdrawn; its history stays. */
fallible leads_delete(struct ctx *, struct uuid);
/* Ids and external ids, as written, to ids, in the same order; NULL where there is no such lead. */
fallible leads_resolve(struct ctx *, const char *const *written, size_t count, const char **ids);
/* One of them; an id that is none is taken as it stands, for leads that are gone have a history.  INVALID, with that field. */
fallible leads_resolve_one(struct ctx *, const char *field, const char *written, struct uuid *out);
