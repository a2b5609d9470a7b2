/*
 * model/account.h - provider accounts and trunks as people manage them.
 *
 * Secrets come in by a body and go nowhere else: the struct's *_sealed members are what rows hold, and answers only tell
 * whether there is one.  How calls open an account is provider/account.h.
 */
#pragma once

#include "base/shape.h"

struct provider_account {
    struct uuid id;
    const char *provider;                                       /* twilio, vapi, livekit */
    const char *label;
    const char *account_sid;                                    /* AC + 32 hex at Twilio */
    const char *api_key, *app_sid, *assistant_id, *phone_number_id, *sip_trunk_id;
    const char *default_number;                                 /* E.164 */
    double      calls_per_second;
    int32_t     max_open_calls;
    bool        screens_numbers;
    const char *status, *status_reason;
    const char *auth_token, *api_secret, *webhook_secret;       /* from a body only */
    const char *auth_token_sealed, *api_secret_sealed, *webhook_secret_sealed;
    bool        auth_token_set, api_secret_set, webhook_secret_set;
    struct utc  created_at, updated_at;
};
extern const struct shape provider_account_shape;

struct trunk {
    struct uuid id, account_id;
    const char *provider;                                       /* by the sid's beginning: livekit, twilio */
    const char *trunk_sid;                                      /* ST_..., TK... */
    const char *name;
    struct utc  created_at, updated_at;
};
extern const struct shape trunk_shape;

/* The public ids' forms, by provider.  INVALID with every wrong field. */
fallible provider_account_check(struct ctx *, const struct provider_account *);
/* "livekit" for ST_ and letters or digits, "twilio" for TK and 32 hex digits, NULL for anything else. */
const char *trunk_provider(const char *trunk_sid);
