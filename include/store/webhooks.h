/*
 * store/webhooks.h - rows of webhook endpoints and of what was sent to them.
 *
 * Secrets pass through here sealed.  Writers add their audit line in the same statement.
 */
#pragma once

#include "db/db.h"
#include "model/webhook.h"

fallible webhooks_list(struct ctx *, int64_t limit, struct uuid after, struct list *out);
fallible webhooks_find(struct ctx *, struct uuid id, struct webhook_endpoint *out);
/* *e becomes the row; CONFLICT "too_many" when the tenant has as many as it may. */
fallible webhooks_add(struct ctx *, struct webhook_endpoint *e, const char *secret_sealed);
fallible webhooks_save(struct ctx *, struct webhook_endpoint *e);
/* The present secret becomes the old one for a day. */
fallible webhooks_rotate(struct ctx *, struct webhook_endpoint *e, const char *secret_sealed);
fallible webhooks_remove(struct ctx *, struct uuid id);

/* Newest first; state may be NULL. */
fallible webhooks_deliveries(struct ctx *, struct uuid endpoint, const char *state, int64_t limit, struct uuid after, struct list *out);
fallible webhooks_delivery(struct ctx *, struct uuid endpoint, struct uuid id, struct webhook_delivery *out);
/* CONFLICT "endpoint_inactive". */
fallible webhooks_test(struct ctx *, struct uuid endpoint, struct uuid *delivery);
fallible webhooks_redeliver(struct ctx *, struct uuid endpoint, struct uuid delivery);
