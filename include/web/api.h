/*
 * web/api.h - every handler, one prototype each, so that routes.c can name them.
 *
 * A handler reads the request, calls one use case and writes the reply.  Who may call it stands in routes.c; tenant, clock
 * and memory come with r->ctx; errors, status codes and the access log are dispatch.c's.
 */
#pragma once

#include "web/req.h"

/* health.c */
fallible api_healthz(struct req *);
fallible api_readyz(struct req *);
fallible api_metrics(struct req *);

/* api_openapi.c */
fallible api_openapi(struct req *);

/* api_auth.c */
fallible api_login(struct req *);
fallible api_refresh(struct req *);
fallible api_setup(struct req *);
fallible api_logout(struct req *);
fallible api_me(struct req *);
fallible api_me_update(struct req *);

/* api_me.c */
fallible api_totp_begin(struct req *);
fallible api_totp_confirm(struct req *);
fallible api_totp_remove(struct req *);
fallible api_user_totp_reset(struct req *);
fallible api_session_list(struct req *);
fallible api_session_end(struct req *);
fallible api_session_end_others(struct req *);
fallible api_user_session_list(struct req *);
fallible api_user_session_end(struct req *);

/* api_tenants.c */
fallible api_platform_tenants(struct req *);
fallible api_platform_tenant_create(struct req *);
fallible api_platform_tenant_suspend(struct req *);
fallible api_platform_tenant_resume(struct req *);
fallible api_tenant(struct req *);
fallible api_tenant_update(struct req *);

/* api_users.c */
fallible api_user_list(struct req *);
fallible api_user_create(struct req *);
fallible api_user_get(struct req *);
fallible api_user_update(struct req *);
fallible api_user_delete(struct req *);

/* api_keys.c */
fallible api_key_list(struct req *);
fallible api_key_create(struct req *);
fallible api_key_get(struct req *);
fallible api_key_delete(struct req *);

/* api_identity_providers.c */
fallible api_identity_provider_list(struct req *);
fallible api_identity_provider_create(struct req *);
fallible api_identity_provider_get(struct req *);
fallible api_identity_provider_update(struct req *);
fallible api_identity_provider_delete(struct req *);

/* api_accounts.c */
fallible api_account_list(struct req *);
fallible api_account_create(struct req *);
fallible api_account_get(struct req *);
fallible api_account_update(struct req *);
fallible api_account_delete(struct req *);
fallible api_account_test(struct req *);
fallible api_rates_get(struct req *);
fallible api_rates_put(struct req *);

/* api_trunks.c */
fallible api_trunk_list(struct req *);
fallible api_trunk_create(struct req *);
fallible api_trunk_get(struct req *);
fallible api_trunk_update(struct req *);
fallible api_trunk_delete(struct req *);

/* api_numbers.c */
fallible api_number_list(struct req *);
fallible api_number_import(struct req *);
fallible api_number_search(struct req *);
fallible api_number_buy(struct req *);
fallible api_number_release(struct req *);
fallible api_number_get(struct req *);
fallible api_number_update(struct req *);

/* api_webhooks.c */
fallible api_webhook_list(struct req *);
fallible api_webhook_events(struct req *);
fallible api_webhook_create(struct req *);
fallible api_webhook_get(struct req *);
fallible api_webhook_update(struct req *);
fallible api_webhook_delete(struct req *);
fallible api_webhook_rotate(struct req *);
fallible api_webhook_test(struct req *);
fallible api_webhook_deliveries(struct req *);
fallible api_webhook_redeliver(struct req *);

/* api_audit.c */
fallible api_audit_list(struct req *);

/* api_outbound.c: the auto-dialer's paths */
fallible api_outbound_call(struct req *);
fallible api_outbound_start(struct req *);
fallible api_outbound_stop(struct req *);
fallible api_outbound_status(struct req *);
fallible api_outbound_logs(struct req *);

/* api_calls.c: single calls */
fallible api_call_create(struct req *);
fallible api_call_hangup(struct req *);

/* hook_calls.c: what carriers call */
fallible hook_voice(struct req *);
fallible hook_gather(struct req *);
fallible hook_call_status(struct req *);
fallible hook_amd(struct req *);
fallible hook_inbound(struct req *);
fallible hook_keep(struct req *);

/* api_campaigns.c */
fallible api_campaign_list(struct req *);
fallible api_campaign_create(struct req *);
fallible api_campaign_get(struct req *);
fallible api_campaign_update(struct req *);
fallible api_campaign_delete(struct req *);
fallible api_campaign_start(struct req *);
fallible api_campaign_pause(struct req *);
fallible api_campaign_stop(struct req *);
fallible api_campaign_pacing(struct req *);
fallible api_campaign_cost(struct req *);
fallible api_campaign_forecast(struct req *);
fallible api_tenant_cost(struct req *);
fallible api_campaign_recycle(struct req *);
fallible api_campaign_progress(struct req *);
fallible api_campaign_leads(struct req *);
fallible api_campaign_add_leads(struct req *);

/* api_scripts.c */
fallible api_scripts_get(struct req *);
fallible api_scripts_put(struct req *);

/* api_leads.c */
fallible api_lead_list(struct req *);
fallible api_lead_create(struct req *);
fallible api_lead_get(struct req *);
fallible api_lead_update(struct req *);
fallible api_lead_delete(struct req *);
fallible api_lead_history(struct req *);
fallible api_lead_export(struct req *);

/* api_calls_read.c */
fallible api_call_list(struct req *);
fallible api_call_get(struct req *);
fallible api_call_events(struct req *);

/* api_lists.c */
fallible api_list_list(struct req *);
fallible api_list_create(struct req *);
fallible api_list_get(struct req *);
fallible api_list_update(struct req *);
fallible api_list_delete(struct req *);
fallible api_list_add_leads(struct req *);

/* api_imports.c */
fallible api_lead_import(struct req *);
fallible api_import_preview(struct req *);
fallible api_import_list(struct req *);
fallible api_import_get(struct req *);
fallible api_import_refused(struct req *);

/* api_dnc.c */
fallible api_dnc_list(struct req *);
fallible api_dnc_add(struct req *);
fallible api_dnc_get(struct req *);
fallible api_dnc_remove(struct req *);
