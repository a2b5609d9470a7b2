#include "web/route.h"

#include "web/api.h"


const struct route routes[] = {
/*  method  pattern                          who      handler                 flags      object       what it is for */
    { GET,   "/healthz",                     ANYONE,  api_healthz,            0,         NULL,        "Is the worker alive" },
    { GET,   "/readyz",                      ANYONE,  api_readyz,             0,         NULL,        "Can it serve: database, migrations" },

    { POST,  "/api/v1/auth/login",           ANYONE,  api_login,              0,         NULL,        "Sign in" },
    { POST,  "/api/v1/auth/refresh",         ANYONE,  api_refresh,            0,         NULL,        "The next pair of tokens" },
    { POST,  "/api/v1/auth/setup",           ANYONE,  api_setup,              0,         NULL,        "A one-time link becomes a password" },
    { POST,  "/api/v1/auth/logout",          VIEWER,  api_logout,             LENIENT,   NULL,        "End this session" },
    { GET,   "/api/v1/me",                   VIEWER,  api_me,                 0,         NULL,        "Who is asking" },
    { PATCH, "/api/v1/me",                   VIEWER,  api_me_update,          0,         NULL,        "Own name, phone, language, password" },

    { GET,   "/api/v1/tenants",             PLATFORM, api_platform_tenants,    0,         NULL,        "Tenants of this installation" },
    { POST,  "/api/v1/tenants",             PLATFORM, api_platform_tenant_create, CREATES,   NULL,        "A new tenant, with its first owner" },
    { POST,  "/api/v1/tenants/:id/suspend", PLATFORM, api_platform_tenant_suspend, NO_BODY,   NULL,        "Nobody signs in, nothing is called" },
    { POST,  "/api/v1/tenants/:id/resume",  PLATFORM, api_platform_tenant_resume, NO_BODY,   NULL,        "The end of a suspension" },
    { GET,   "/api/v1/tenants/:tenant",     VIEWER,   api_tenant,              0,         NULL,        "The tenant and its settings" },
    { PATCH, "/api/v1/tenants/:tenant",     ADMIN,    api_tenant_update,       0,         NULL,        "Change its settings" },
    { GET,   "/api/v1/tenants/:tenant/users", ADMIN,    api_user_list,           0,         NULL,        "People, newest first" },
    { POST,  "/api/v1/tenants/:tenant/users", ADMIN,    api_user_create,         CREATES,   NULL,        "Somebody new" },
    { GET,   "/api/v1/tenants/:tenant/users/:id", ADMIN,    api_user_get,            0,         "users",     "One of them" },
    { PATCH, "/api/v1/tenants/:tenant/users/:id", ADMIN,    api_user_update,         0,         "users",     "Change name, role, status, password" },
    { DELETE, "/api/v1/tenants/:tenant/users/:id", ADMIN,    api_user_delete,         0,         "users",     "Remove; the last owner stays" },
    { GET,   "/api/v1/tenants/:tenant/api-keys", ADMIN,    api_key_list,            0,         NULL,        "API keys without their secrets" },
    { POST,  "/api/v1/tenants/:tenant/api-keys", ADMIN,    api_key_create,          CREATES,   NULL,        "A new key; its secret is shown once" },
    { GET,   "/api/v1/tenants/:tenant/api-keys/:id", ADMIN,    api_key_get,             0,         "api_keys",  "One of them" },
    { DELETE, "/api/v1/tenants/:tenant/api-keys/:id", ADMIN,    api_key_delete,          0,         "api_keys",  "Revoke it" },
    { GET,   "/api/v1/tenants/:tenant/provider-accounts", ADMIN,    api_account_list,        0,         NULL,        "Accounts at carriers, without secrets" },
    { POST,  "/api/v1/tenants/:tenant/provider-accounts", ADMIN,    api_account_create,      CREATES,   NULL,        "A new account; secrets are write-only" },
    { GET,   "/api/v1/tenants/:tenant/provider-accounts/:id", ADMIN,    api_account_get,         0,         "provider_accounts", "One of them" },
    { PATCH, "/api/v1/tenants/:tenant/provider-accounts/:id", ADMIN,    api_account_update,      0,         "provider_accounts", "Change it; absent secrets stay" },
    { DELETE, "/api/v1/tenants/:tenant/provider-accounts/:id", ADMIN,    api_account_delete,      0,         "provider_accounts", "Remove it, unless it is in use" },
    { POST,  "/api/v1/tenants/:tenant/provider-accounts/:id/test", ADMIN,    api_account_test,        NO_BODY,   "provider_accounts", "Ask the carrier whether it works" },
    { GET,   "/api/v1/tenants/:tenant/trunks", ADMIN,    api_trunk_list,          0,         NULL,        "SIP trunks" },
    { POST,  "/api/v1/tenants/:tenant/trunks", ADMIN,    api_trunk_create,        CREATES,   NULL,        "A new one: ST_... or TK..." },
    { GET,   "/api/v1/tenants/:tenant/trunks/:id", ADMIN,    api_trunk_get,           0,         "trunks",    "One of them" },
    { PATCH, "/api/v1/tenants/:tenant/trunks/:id", ADMIN,    api_trunk_update,        0,         "trunks",    "Change name and account" },
    { DELETE, "/api/v1/tenants/:tenant/trunks/:id", ADMIN,    api_trunk_delete,        0,         "trunks",    "Remove it, unless it is in use" },
    { GET,   "/api/v1/tenants/:tenant/phone-numbers", VIEWER,   api_number_list,         0,         NULL,        "Numbers to call from" },
    { POST,  "/api/v1/tenants/:tenant/phone-numbers/import", ADMIN,    api_number_import,       LENIENT,   NULL,        "Every page of the carrier's list" },
    { GET,   "/api/v1/tenants/:tenant/phone-numbers/:id", VIEWER,   api_number_get,          0,         "phone_numbers", "One of them" },
    { PUT,   "/api/v1/tenants/:tenant/phone-numbers/:id", MANAGER,  api_number_update,       0,         "phone_numbers", "Link to a campaign, set trunk and activity" },
    { PATCH, "/api/v1/tenants/:tenant/phone-numbers/:id", MANAGER,  api_number_update,       0,         "phone_numbers", "The same" },
    { GET,   "/api/v1/tenants/:tenant/audit-log", ADMIN,    api_audit_list,          0,         NULL,        "Who changed what, newest first" },
    { GET,   "/api/v1/tenants/:tenant/campaigns", VIEWER,  api_campaign_list,       0,        NULL, "Campaigns, newest first" },
    { POST,  "/api/v1/tenants/:tenant/campaigns", MANAGER, api_campaign_create,     CREATES,  NULL, "A new campaign" },
    { GET,   "/api/v1/tenants/:tenant/campaigns/:id", VIEWER,  api_campaign_get,        0,        "campaigns", "One of them" },
    { PUT,   "/api/v1/tenants/:tenant/campaigns/:id", MANAGER, api_campaign_update,     0,        "campaigns", "Change it; absent members stay" },
    { PATCH, "/api/v1/tenants/:tenant/campaigns/:id", MANAGER, api_campaign_update,     0,        "campaigns", "The same" },
    { DELETE,"/api/v1/tenants/:tenant/campaigns/:id", MANAGER, api_campaign_delete,     0,        "campaigns", "Remove it, unless it runs" },
    { POST,  "/api/v1/tenants/:tenant/campaigns/:id/start", MANAGER, api_campaign_start,      NO_BODY,  "campaigns", "Call its leads" },
    { POST,  "/api/v1/tenants/:tenant/campaigns/:id/resume", MANAGER, api_campaign_start,      NO_BODY,  "campaigns", "Go on" },
    { POST,  "/api/v1/tenants/:tenant/campaigns/:id/pause", MANAGER, api_campaign_pause,      NO_BODY,  "campaigns", "No new calls for a while" },
    { POST,  "/api/v1/tenants/:tenant/campaigns/:id/stop", MANAGER, api_campaign_stop,       NO_BODY,  "campaigns", "No new calls; keeps its place" },
    { GET,   "/api/v1/tenants/:tenant/campaigns/:id/progress", VIEWER,  api_campaign_progress,   0,        "campaigns", "How far its list is" },
    { GET,   "/api/v1/tenants/:tenant/campaigns/:id/scripts", VIEWER,  api_scripts_get,         0,        "campaigns", "What it says, by language and part" },
    { PUT,   "/api/v1/tenants/:tenant/campaigns/:id/scripts", MANAGER, api_scripts_put,         0,        "campaigns", "Other words; null brings the default back" },
    { GET,   "/api/v1/tenants/:tenant/campaigns/:id/leads", VIEWER,  api_campaign_leads,      0,        "campaigns", "Its present list" },
    { POST,  "/api/v1/tenants/:tenant/campaigns/:id/leads", MANAGER, api_campaign_add_leads,  CREATES,  "campaigns", "Add leads to it" },
    { GET,   "/api/v1/tenants/:tenant/leads", VIEWER,  api_lead_list,           0,        NULL, "Leads, newest first; search, phone, campaign_id" },
    { POST,  "/api/v1/tenants/:tenant/leads", MANAGER, api_lead_create,         CREATES,  NULL, "A new lead" },
    { GET,   "/api/v1/tenants/:tenant/leads/export", VIEWER,  api_lead_export,         0,        NULL, "All of them as CSV" },
    { GET,   "/api/v1/tenants/:tenant/leads/:id", VIEWER,  api_lead_get,            0,        "leads", "One of them, by id or external_id" },
    { PUT,   "/api/v1/tenants/:tenant/leads/:id", MANAGER, api_lead_update,         0,        "leads", "Change it; absent members stay" },
    { PATCH, "/api/v1/tenants/:tenant/leads/:id", MANAGER, api_lead_update,         0,        "leads", "The same" },
    { DELETE,"/api/v1/tenants/:tenant/leads/:id", MANAGER, api_lead_delete,         0,        "leads", "Remove it; its history stays" },
    { GET,   "/api/v1/tenants/:tenant/leads/:id/history", VIEWER,  api_lead_history,        0,        "leads", "Its calls" },
    { GET,   "/api/v1/tenants/:tenant/calls", VIEWER,  api_call_list,           0,        NULL, "Calls, newest first; CSV by Accept: text/csv" },
    { GET,   "/api/v1/tenants/:tenant/calls/:id", VIEWER,  api_call_get,            0,        "conversations", "One of them" },
    { GET,   "/api/v1/tenants/:tenant/calls/:id/events", VIEWER,  api_call_events,         0,        "conversations", "Everything heard about it" },

    { POST,  "/api/outbound-caller/call",        AGENT,   api_outbound_call,    CREATES | CALLS | LENIENT, NULL, "Call one number now" },
    { POST,  "/api/outbound-caller/start",       MANAGER, api_outbound_start,   LENIENT,   NULL,        "Call a list, or go on with it" },
    { POST,  "/api/outbound-caller/stop",        MANAGER, api_outbound_stop,    LENIENT,   NULL,        "Stop calling; keeps its place" },
    { GET,   "/api/outbound-caller/status",      VIEWER,  api_outbound_status,  0,         NULL,        "How far the list is" },
    { GET,   "/api/outbound-caller/logs",        VIEWER,  api_outbound_logs,    0,         NULL,        "Attempts, newest first" },
    { POST,  "/api/outbound-caller/voice",       SIGNED,  hook_voice,           0,         NULL,        "The called line was answered" },
    { GET,   "/api/outbound-caller/voice",       SIGNED,  hook_voice,           0,         NULL,        "The same, asked by GET" },
    { POST,  "/api/outbound-caller/gather",      SIGNED,  hook_gather,          0,         NULL,        "The called person pressed a key" },
    { GET,   "/api/outbound-caller/gather",      SIGNED,  hook_gather,          0,         NULL,        "The same, asked by GET" },
    { POST,  "/api/outbound-caller/call-status", SIGNED,  hook_call_status,     0,         NULL,        "News of a line" },
    { POST,  "/api/twilio/amd",                  SIGNED,  hook_amd,             0,         NULL,        "Late verdict of machine detection" },
    { POST,  "/api/twilio/inbound",              SIGNED,  hook_inbound,         0,         NULL,        "Somebody calls one of our numbers" },
    { GET,   "/api/twilio/inbound",              SIGNED,  hook_inbound,         0,         NULL,        "The same, asked by GET" },
    { POST,  "/api/twilio/recording",            SIGNED,  hook_keep,            0,         NULL,        "News of a recording: kept" },
    { POST,  "/api/twilio/sms-status",           SIGNED,  hook_keep,            0,         NULL,        "News of a message: kept" },
    { POST,  "/api/twilio/conference",           SIGNED,  hook_keep,            0,         NULL,        "News of a conference: kept" },
};

const unsigned route_count = sizeof routes / sizeof routes[0];

const char *method_name(enum method method)
{
    static const char *const names[METHOD_COUNT] = {
        [GET] = "GET", [POST] = "POST", [PUT] = "PUT", [PATCH] = "PATCH", [DELETE] = "DELETE",
    };
    return names[method];
}
