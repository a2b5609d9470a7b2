/*
 * service/webhooks.h - endpoints with sealed secrets, and the message that an event becomes.
 *
 * A secret is made here and handed out once; what is stored is sealed with tenant and field as associated data.
 */
#pragma once

#include "base/settings.h"
#include "model/webhook.h"

/* *e becomes the row; *secret is for the one answer that shows it. */
fallible svc_webhook_add(struct ctx *, const struct settings *, struct webhook_endpoint *e, const char **secret);
fallible svc_webhook_change(struct ctx *, const struct settings *, struct webhook_endpoint *e);
fallible svc_webhook_rotate(struct ctx *, struct webhook_endpoint *e, const char **secret);

/* The addresses that the operator added (settings->webhook_allow, which was checked when it was read). */
struct networks webhook_beyond(struct arena *, const struct settings *);
/* The message that receivers get.  row: the object's row as JSON, by column names. */
fallible webhook_message(struct ctx *, const char *type, struct utc at, int64_t sequence, const char *row, const char **out);
