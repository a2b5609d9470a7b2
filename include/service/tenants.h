/*
 * service/tenants.h - what a tenant may say about itself, and what the platform does with tenants.
 */
#pragma once

#include "model/tenant.h"

/* before as read, after with changes; *after becomes the row.  INVALID with every wrong field. */
fallible svc_tenant_change(struct ctx *, const struct tenant *before, struct tenant *after);

/* For platform administrators; ctx has no tenant. */
fallible svc_platform_tenant_add(struct ctx *, const struct tenant_request *, struct tenant *out);
