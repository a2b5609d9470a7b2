/*
 * command/demo.h - what a demo stack is made of.
 *
 * `outdial run` makes ids and secrets once per state folder, keeps them in secrets.env, gives the accounts to the sandbox
 * and the whole to demo_create(), which puts the rows in at every start unless they are there.  Text members are never
 * NULL; UUIDs are in their usual form.
 */
#pragma once

#include "base/ctx.h"
#include "base/err.h"

struct demo_twilio {
    const char *account_row;                                    /* UUID of the provider_accounts row */
    const char *account_sid, *auth_token;                       /* AC..., 32 hex digits */
    const char *api_key, *api_secret;                           /* SK..., 32 characters */
    const char *twiml_app_sid;                                  /* AP... */
    const char *phone_number;                                   /* E.164: a number the account owns at the sandbox */
};

struct demo {
    const char *public_url;                                     /* http://127.0.0.1:PORT */
    const char *sandbox_url;                                    /* http://127.0.0.1:PORT+1; providers at /twilio, /vapi, /livekit */

    const char *tenant_id, *tenant_name;
    const char *admin_id, *admin_email, *admin_password;
    const char *agent_id, *agent_email, *agent_password;
    struct demo_twilio twilio;
    const char *vapi_account_id, *vapi_api_key, *vapi_webhook_secret;       /* the id is that of the provider_accounts row */
    const char *livekit_account_id, *livekit_api_key, *livekit_api_secret;
    const char *campaign_twilio_id, *campaign_vapi_id, *campaign_livekit_id;

    const char *other_tenant_id, *other_tenant_name;            /* the rival */
    const char *other_admin_id, *other_admin_email, *other_admin_password;
    struct demo_twilio other_twilio;
    const char *const *other_numbers;                           /* E.164, NULL-terminated; twilio.phone_number is among them */
};

/* owner_ctx is connected as owner.  May be called again at any time. */
fallible demo_create(struct ctx *owner_ctx, const struct demo *);
