/*
 * store/tenants.h - rows of tenants.  tenants_get and tenants_save concern ctx's tenant; the platform's functions want a
 * ctx without one, entered by a platform administrator.
 */
#pragma once

#include "db/db.h"
#include "model/tenant.h"

fallible tenants_get(struct ctx *, struct tenant *out);
/* Writes what people may change, with an audit line; detail is its JSON.  CONFLICT "changed_meanwhile" when the row is newer
 * than t->updated_at.  *t becomes the row. */
fallible tenants_save(struct ctx *, struct tenant *t, const char *detail);
/* Whether there is such a zone, and the first of the countries that nobody can be called in (NULL = all are fine). */
fallible tenants_places(struct ctx *, const char *zone, const char *const *countries, size_t count, bool *zone_known, const char **unknown_country);

/* Rows that have every column of tenant_shape, as structs. */
struct list tenants_of_rows(struct arena *, const struct rows *);
fallible platform_tenants_list(struct ctx *, int64_t limit, struct uuid after, struct list *out);
fallible platform_tenants_add(struct ctx *, const struct tenant_request *, const char *owner_hash, struct tenant *out);
/* NOT_FOUND when there is no such tenant. */
fallible platform_tenants_status(struct ctx *, struct uuid tenant, const char *status, struct tenant *out);
