/*
 * service/accounts.h - provider accounts and trunks: sealing what comes in, asking whether it works.
 *
 * Secrets are sealed here, on their way in, with tenant and column as associated data; nothing here hands one out.
 */
#pragma once

#include "base/json.h"
#include "base/settings.h"
#include "model/account.h"

/* given: the body, which tells an absent secret (keep) from null (forget).  *account becomes the row. */
fallible svc_account_add(struct ctx *, const struct json *given, struct provider_account *account);
fallible svc_account_change(struct ctx *, const struct json *given, struct provider_account *account);
/* Asks the provider about the account.  No transaction may be open. */
fallible svc_account_test(struct ctx *, const struct settings *, struct uuid id, bool *ok, const char **detail);

fallible svc_trunk_add(struct ctx *, struct trunk *);
