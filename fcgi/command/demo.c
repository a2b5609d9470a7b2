/*
 * command/demo.c - the demo's tenant, its rival, and what they own.  See command/demo.h.
 */
#include "command/demo.h"

#include <assert.h>

#include "base/secret.h"
#include "base/str.h"
#include "db/db.h"
#include "provider/account.h"

/* The demo's agent has a telephone of the sandbox's kind. */
#define DEMO_AGENT_PHONE "+14155550199"

static struct uuid id_of(const char *text)
{
    struct uuid id = { 0 };

    uuid_parse(text, &id);
    return id;
}

static const char *sealed(struct ctx *ctx, const char *tenant, const char *column, const char *plain)
{
    char *text = secret_seal(ctx->arena, id_of(tenant), column, plain);

    assert(text);                                               /* the caller has set the master key */
    return text;
}

static fallible add_user(struct ctx *ctx, const char *tenant, const char *id, const char *email, const char *name, const char *role, const char *password, bool platform)
{
    return db_global_run(ctx, SQL_DEMO_USER, NULL, P(id, tenant, email, name, role, password_hash(ctx->arena, password), platform));
}

static fallible add_twilio(struct ctx *ctx, const char *tenant, const char *sandbox, const struct demo_twilio *t)
{
    return db_global_run(ctx, SQL_DEMO_ACCOUNT, NULL,
                         P(t->account_row, tenant, "twilio", "Sandbox Twilio", t->account_sid, t->api_key, t->twiml_app_sid,
                           sealed(ctx, tenant, ACCOUNT_AUTH_TOKEN, t->auth_token), sealed(ctx, tenant, ACCOUNT_API_SECRET, t->api_secret), param_text(NULL),
                           t->phone_number, arena_printf(ctx->arena, "%s/twilio", sandbox)));
}

static fallible add_tenant(struct ctx *ctx, const char *id, const char *name, const char *slug)
{
    return db_global_run(ctx, SQL_DEMO_TENANT, NULL, P(id, name, slug, DEMO_AGENT_PHONE));
}

static fallible add_own(struct ctx *ctx, const struct demo *d)
{
    TRY(add_tenant(ctx, d->tenant_id, d->tenant_name, "demo"));
    TRY(add_user(ctx, d->tenant_id, d->admin_id, d->admin_email, "Demo Admin", "owner", d->admin_password, true));
    TRY(add_user(ctx, d->tenant_id, d->agent_id, d->agent_email, "Demo Agent", "agent", d->agent_password, false));
    TRY(add_twilio(ctx, d->tenant_id, d->sandbox_url, &d->twilio));
    TRY(db_global_run(ctx, SQL_DEMO_ACCOUNT, NULL,
                      P(d->vapi_account_id, d->tenant_id, "vapi", "Sandbox Vapi", param_text(NULL), param_text(NULL), param_text(NULL),
                        sealed(ctx, d->tenant_id, ACCOUNT_AUTH_TOKEN, d->vapi_api_key), param_text(NULL),
                        sealed(ctx, d->tenant_id, ACCOUNT_WEBHOOK_SECRET, d->vapi_webhook_secret), param_text(NULL),
                        arena_printf(ctx->arena, "%s/vapi", d->sandbox_url))));
    TRY(db_global_run(ctx, SQL_DEMO_ACCOUNT, NULL,
                      P(d->livekit_account_id, d->tenant_id, "livekit", "Sandbox LiveKit", d->livekit_api_key, d->livekit_api_key, param_text(NULL),
                        param_text(NULL), sealed(ctx, d->tenant_id, ACCOUNT_API_SECRET, d->livekit_api_secret), param_text(NULL), param_text(NULL),
                        arena_printf(ctx->arena, "%s/livekit", d->sandbox_url))));
    TRY(db_global_run(ctx, SQL_DEMO_CAMPAIGN, NULL, P(d->campaign_twilio_id, d->tenant_id, "Auto-dialer", "keypad", true, param_text(NULL))));
    TRY(db_global_run(ctx, SQL_DEMO_CAMPAIGN, NULL, P(d->campaign_vapi_id, d->tenant_id, "Vapi assistant", "vapi", false, param_text(NULL))));
    return db_global_run(ctx, SQL_DEMO_CAMPAIGN, NULL, P(d->campaign_livekit_id, d->tenant_id, "LiveKit agent", "livekit", false, "telephony-agent"));
}

static fallible add_rival(struct ctx *ctx, const struct demo *d)
{
    TRY(add_tenant(ctx, d->other_tenant_id, d->other_tenant_name, "rival"));
    TRY(add_user(ctx, d->other_tenant_id, d->other_admin_id, d->other_admin_email, "Rival Admin", "owner", d->other_admin_password, false));
    return add_twilio(ctx, d->other_tenant_id, d->sandbox_url, &d->other_twilio);
}

fallible demo_create(struct ctx *ctx, const struct demo *d)
{
    TX tx = { 0 };
    struct rows rows;

    TRY(db_global_rows(ctx, SQL_DEMO_KNOWN, &rows, P(d->tenant_id)));
    if (row_bool(&rows, 0, "known"))
        return NULL;
    TRY(tx_begin(ctx, &tx));
    TRY(add_own(ctx, d));
    TRY(add_rival(ctx, d));
    return tx_commit(&tx);
}
