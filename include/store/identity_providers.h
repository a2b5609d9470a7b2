/*
 * store/identity_providers.h - rows of identity providers.  Writers add their audit line in the same statement.
 */
#pragma once

#include "db/db.h"
#include "model/identity_provider.h"

fallible identity_providers_list(struct ctx *, int64_t limit, struct uuid after, struct list *out);
fallible identity_providers_get(struct ctx *, struct uuid id, struct identity_provider *out);
/* CONFLICT "too_many" beyond twenty.  *p becomes the row. */
fallible identity_providers_add(struct ctx *, struct identity_provider *p);
/* CONFLICT "changed_meanwhile" when the row is newer than p->updated_at. */
fallible identity_providers_save(struct ctx *, struct identity_provider *p);
fallible identity_providers_remove(struct ctx *, struct uuid id);
/* Of any tenant: active ones of that issuer and audience, those of the preferred tenant first.  They have vouched for nothing yet. */
fallible identity_providers_of(struct ctx *, const char *issuer, const char *const *audiences, size_t count, struct uuid preferred, struct list *out);
