/*
 * store/campaigns.h - rows of campaigns, their lists and their scripts.
 *
 * Everything here concerns ctx's tenant; a foreign or absent id is NOT_FOUND.  Starting and stopping is service/runs.h's.
 */
#pragma once

#include "db/db.h"
#include "model/campaign.h"
#include "model/script.h"

fallible campaigns_house(struct ctx *, struct campaign_house *out);
/* limit + 1 rows, newest first; struct campaign. */
fallible campaigns_list(struct ctx *, int64_t limit, struct uuid after, struct list *out);
fallible campaigns_find(struct ctx *, struct uuid, struct campaign *out);
/* By id or name: NOT_FOUND, or CONFLICT when several have that name. */
fallible campaigns_find_named(struct ctx *, const char *id_or_name, struct campaign *out);
/* Until the transaction ends nobody else changes it. */
fallible campaigns_lock(struct ctx *, struct uuid);
fallible campaigns_insert(struct ctx *, const struct campaign *);
fallible campaigns_update(struct ctx *, const struct campaign *);
/* false: it runs, or one of its calls is open. */
fallible campaigns_delete(struct ctx *, struct uuid, bool *gone);

fallible campaigns_progress(struct ctx *, struct uuid campaign, struct progress *out);

/* A page of the present list, newest lead first; struct campaign_lead of model/lead.h.  state NULL: any. */
fallible campaigns_pacing(struct ctx *, struct uuid campaign, struct pacing *out);
/* outcome NULL: everybody who is not being called. */
fallible campaigns_recycle(struct ctx *, struct uuid campaign, const char *const *outcome, size_t count, int64_t *recycled);
fallible campaigns_leads(struct ctx *, struct uuid campaign, int64_t limit, struct uuid after, const char *state, struct list *out);
/* Adds leads to the present list, which is made when there is none; *added counts those that were not in it. */
fallible campaigns_add_leads(struct ctx *, struct uuid campaign, const char *const *lead_ids, size_t count, int64_t *added);

/* Texts a campaign has of its own; NULL = the default one is heard. */
struct campaign_texts { const char *en[SCRIPT_PART_COUNT], *tr[SCRIPT_PART_COUNT]; };
fallible campaigns_texts(struct ctx *, struct uuid campaign, struct campaign_texts *out);
/* Parallel arrays; a NULL text takes the campaign's own away. */
fallible campaigns_put_texts(struct ctx *, struct uuid campaign, const char *const *locale, const char *const *part, const char *const *text, size_t count);
