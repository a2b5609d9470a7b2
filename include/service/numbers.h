/*
 * service/numbers.h - fetching a tenant's numbers from its provider, and linking them.
 *
 * An import reads every page of the provider's list before it says what is gone.  When a page cannot be had, or the list
 * leads in a circle or to another server, what was read is kept and nothing is deactivated; the answer is UPSTREAM.
 */
#pragma once

#include "base/settings.h"
#include "store/numbers.h"

/* account none = the one that calls go through.  data: the account's numbers afterwards.  No transaction may be open. */
fallible svc_numbers_import(struct ctx *, const struct settings *, struct uuid account, struct numbers_stored *out, struct list *data);
/* campaign_id, livekit_trunk_id and is_active as they shall be; *number becomes the row. */
fallible svc_number_change(struct ctx *, struct number *number);
