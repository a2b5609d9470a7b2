/*
 * provider/account.h - a provider account, opened: whose it is, where its API lives, and its secrets in the clear.
 *
 * Rows of provider_accounts carry secrets sealed under the master key with the tenant and the column's name as associated
 * data; account_open is the one place that opens them.  An opened account lives in an arena and is not logged, ever.
 */
#pragma once

#include "base/ctx.h"
#include "base/err.h"
#include "base/settings.h"
#include "db/db.h"

/* Column names, which are also the associated data that the secrets are sealed with. */
#define ACCOUNT_AUTH_TOKEN     "auth_token_sealed"
#define ACCOUNT_API_SECRET     "api_secret_sealed"
#define ACCOUNT_WEBHOOK_SECRET "webhook_secret_sealed"

struct account {
    struct uuid id;
    struct uuid tenant;                                         /* none = the platform's */
    const char *provider;                                       /* "twilio" ... */
    const char *account_sid;
    const char *auth_token;                                     /* NULL = none, or it does not open under this master key */
    const char *api_key, *api_secret;                           /* NULL = none */
    const char *webhook_secret;
    const char *app_sid;
    const char *default_number;
    const char *base_url;                                       /* the row's own, else the installation's; no trailing slash */
    const char *status;                                         /* "active", "blocked" */
    bool        screens_numbers;
};

/* Opens one row of "SELECT * FROM provider_accounts" or of the account_for and dialer_account functions. */
void account_open(struct ctx *, const struct settings *, const struct rows *, size_t row, struct account *out);
