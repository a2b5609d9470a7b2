/*
 * service/campaigns.h - campaigns are made, changed, given leads and words.
 *
 * Every use case is one transaction with one line in the audit.  Pausing and stopping come back only when no request of the campaign
 * can begin any more (see service/runs.h).
 */
#pragma once

#include "base/settings.h"
#include "store/campaigns.h"

/* c: a preset (campaign_preset) with the request laid over it.  INVALID. */
fallible svc_campaign_create(struct ctx *, const struct campaign_house *, struct campaign *c);
/* Saves c, a changed copy of before.  INVALID; CONFLICT changed_meanwhile when somebody else has changed it since it was read. */
fallible svc_campaign_save(struct ctx *, const struct campaign_house *, const struct campaign *before, struct campaign *c);
/* CONFLICT while it runs or one of its calls is open. */
fallible svc_campaign_delete(struct ctx *, struct uuid);

/* INVALID unsupported_agent_kind or no_phone_numbers; CONFLICT already_running; UNAVAILABLE not_configured. */
fallible svc_campaign_start(struct ctx *, const struct settings *, struct uuid, struct campaign *out);
/* state: "paused" or "stopped".  CONFLICT for a campaign that was never started or is done. */
fallible svc_campaign_hold(struct ctx *, struct uuid, const char *state, struct campaign *out);

/* lead_ids: ids and external ids as written.  INVALID names those that do not exist. */
/* Leads that ended in one of these ways wait again as if new; outcome NULL: everybody who is not being called. */
fallible svc_campaign_recycle(struct ctx *, struct uuid, const char *const *outcome, size_t count, int64_t *recycled);
fallible svc_campaign_add_leads(struct ctx *, struct uuid, const char *const *lead_ids, size_t count, int64_t *added);

/* texts: {"en":{"greeting":"..."},"tr":{...}}; absent parts stay, null goes back to the default text. */
fallible svc_campaign_put_texts(struct ctx *, struct uuid, const struct json *texts);
