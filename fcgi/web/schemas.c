/*
 * web/schemas.c - the bodies, by name.  See web/schemas.h for the notation.
 */
#include "web/schemas.h"

#include <string.h>

#include "model/account.h"
#include "model/call.h"
#include "model/campaign.h"
#include "model/cost.h"
#include "model/dnc.h"
#include "model/identity_provider.h"
#include "model/lead.h"
#include "model/login.h"
#include "model/number.h"
#include "model/tenant.h"
#include "model/user.h"
#include "model/webhook.h"
#include "service/imports.h"
#include "store/lists.h"

const struct schema schemas[] = {
    { "Health",           .members = "status: 'ok'" },
    { "OpenApi",          .members = "openapi: text, info: object, servers: [object], tags: [object], paths: object, components: object", .tagged = true },
    { "Problem",          .members = "type: uri, title: text, status: integer, detail: text, code: text, instance: text, request_id: text, errors: [WrongField]",
                          .about = "RFC 9457. code is stable; title and detail are sentences for people" },
    { "WrongField",       .members = "field: text|null, code: text, detail: text, clears_at?: instant" },

    { "Login",            .shape = &credentials_shape, .example = "{\"email\": \"ann@example.com\", \"password\": \"correct horse battery\"}" },
    { "Refresh",          .shape = &refresh_shape },
    { "Setup",            .shape = &setup_shape },
    { "Logout",           .shape = &logout_shape },
    { "Session",          .members = "access_token: text, refresh_token: text, token_type: 'Bearer', expires_in: integer, user: User, tenant: Tenant" },
    { "Me",               .members = "user: User|null, tenant: Tenant, role: text" },
    { "OwnProfile",       .shape = &user_self_shape },
    { "TotpOffer",        .members = "secret: text, uri: text, qr_svg: text|null", .about = "What an authenticator application reads." },
    { "TotpCode",         .shape = &totp_code_shape },
    { "RecoveryCodes",    .members = "recovery_codes: [text]", .about = "Shown this once; each stands in for one code." },
    { "LoginSession",     .shape = &login_shape },

    { "Tenant",           .shape = &tenant_shape },
    { "TenantRequest",    .shape = &tenant_request_shape },
    { "User",             .shape = &user_shape },
    { "ApiKey",           .shape = &api_key_shape },
    { "ApiKeyWithSecret", .members = "...ApiKey, secret: text|null", .about = "The secret is shown once: a replay has null." },
    { "IdentityProvider", .shape = &identity_provider_shape },
    { "ProviderAccount",  .shape = &provider_account_shape },
    { "Rate",             .members = "prefix: text, per_minute_micros: integer, per_call_micros: integer",
      .about = "Millionths of the currency for a begun minute, and for a call that is answered. prefix is + and digits, or * for all others" },
    { "Rates",            .shape = &account_rates_shape },
    { "RatesChange",      .members = "currency: text, rates: [RateChange]",
      .example = R"({"currency": "USD", "rates": [{"prefix": "+1", "per_minute_micros": 14000}, {"prefix": "*", "per_minute_micros": 200000}]})" },
    { "RateChange",       .members = "prefix: text, per_minute_micros: integer, per_call_micros?: integer" },
    { "AccountTest",      .members = "ok: boolean, detail: text" },
    { "Trunk",            .shape = &trunk_shape },
    { "AuditLine",        .shape = &audit_line_shape },
    { "WebhookEndpoint",  .shape = &webhook_endpoint_shape },
    { "WebhookEndpointWithSecret", .members = "...WebhookEndpoint, secret: text|null", .about = "The secret is shown once: a replay has null." },
    { "WebhookEvent",     .shape = &webhook_event_shape },
    { "WebhookDelivery",  .shape = &webhook_delivery_shape },
    { "WebhookDeliveryState", .among = webhook_states },

    { "NumberType",       .among = number_types },
    { "PhoneNumber",      .shape = &number_shape },
    { "NumberImport",     .shape = &import_wish_shape },
    { "NumberOrder",      .shape = &number_order_shape },
    { "NumberForSale",    .members = "number: text, type: NumberType, country: text|null, region: text|null, locality: text|null, "
                                     "addressRequirements: text|null, capabilities: {voice: boolean, sms: boolean, mms: boolean}" },
    { "NumbersForSale",   .members = "data: [NumberForSale], next_cursor: text|null" },
    { "NumbersImported",  .members = "imported: integer, updated: integer, total: integer, data: [PhoneNumber]" },

    { "Campaign",         .shape = &campaign_shape,
      .example = "{\"name\": \"Bakeries in spring\", \"agentKind\": \"keypad\", \"intervalMinutes\": 0.5, \"maxConcurrentCalls\": 3}" },
    { "LinkedNumber",     .members = "id: uuid, number: text, type: NumberType, provider: text, providerSid: text|null, isActive: boolean" },
    { "Progress",         .shape = &progress_shape },
    { "Pacing",           .shape = &pacing_shape },
    { "CampaignCost",     .shape = &campaign_cost_shape },
    { "CostTotal",        .members = "currency: text, total: text, settled: text, estimated: text, calls: integer, unsettledCalls: integer, "
                                     "answeredCalls: integer, leads: integer, minutes: integer, perAnsweredCall: text|null, perLead: text|null",
      .about = "Decimal amounts. settled is what the carrier charged, estimated what the account's rates say of calls that it has not priced yet" },
    { "Forecast",         .members = "currency: text|null, leads: integer, low: text|null, high: text|null, answeredPercent: [number], "
                                     "minutesPerAnswer: [number], knownCalls: integer",
      .about = "Every lead called once: between low and high. knownCalls ended calls of the campaign tell how many are answered, and for how long; 0: assumed" },
    { "RunWish",          .shape = &run_wish_shape, .example = R"({"phones": ["+12125550123"], "leads": 1})" },
    { "CostReport",       .members = "data: [CostLine]" },
    { "CostLine",         .shape = &cost_line_shape },
    { "Recycle",          .shape = &recycle_shape },
    { "LeadsRecycled",    .members = "recycled: integer" },
    { "Scripts",          .members = "en: ScriptTexts, tr: ScriptTexts" },
    { "ScriptTexts",      .members = "greeting: text, connecting: text, opted_out: text, no_input: text, voicemail: text" },
    { "ScriptsChange",    .members = "en?: ScriptTextsChange, tr?: ScriptTextsChange" },
    { "ScriptTextsChange", .members = "greeting?: text|null, connecting?: text|null, opted_out?: text|null, no_input?: text|null, voicemail?: text|null",
      .about = "Parts that are missing stay; null brings the default text back" },
    { "CampaignLeadState", .among = campaign_lead_states },
    { "CampaignLead",     .shape = &campaign_lead_shape },
    { "LeadIds",          .shape = &lead_ids_shape },
    { "LeadsOrList",    .shape = &campaign_leads_shape },
    { "NamedList",        .shape = &lead_list_shape },
    { "LeadsAdded",       .members = "added: integer, already_there: integer" },

    { "LeadPhone",        .members = "phone: text, phone_e164?: text, label?: text|null" },
    { "Lead",             .shape = &lead_shape,
      .example = "{\"name\": \"Ann's Bakery\", \"phone\": \"(212) 555-0123\", \"category\": \"Bakery\", \"external_id\": \"crm-17\", \"custom\": {\"street\": \"Main\"}}" },
    { "Import",           .shape = &import_shape },
    { "ImportPreview",    .members = "encoding: text, delimiter: text, header: boolean, country: text|null, whole: boolean, columns: [ImportColumn], rows: [ImportRow]" },
    { "ImportColumn",     .members = "position: integer, heading: text, field: text" },
    { "ImportRow",        .members = "line: integer, verdict: 'ok'|'duplicate'|'refused', field: text|null, code: text|null, reason: text|null, "
                                     "phone_e164: text|null, cells: [text]" },
    { "DoNotCall",        .shape = &dnc_shape, .example = "{\"phone\": \"+12125550123\", \"reason\": \"asked by mail\"}" },

    { "Call",             .shape = &call_shape },
    { "CallEvent",        .shape = &call_event_shape },
    { "CallRequest",      .shape = &call_body_shape, .example = "{\"mode\": \"direct\", \"phone\": \"+12125550123\"}" },
    { "CallStatus",       .among = call_status_names },


    { "OutboundCall",     .members = "phone: text, leadData?: {name?: text|null, category?: text|null}|null, campaign_id?: uuid|null",
      .example = "{\"phone\": \"+12125550123\", \"leadData\": {\"name\": \"Ann\", \"category\": \"Bakery\"}}" },
    { "OutboundCallPlaced", .members = "success: boolean, callSid: text|null, callId: uuid, phone: text, status?: 'failed'|'unknown'" },
    { "OutboundStart",    .members = "leads?: [OutboundLead]|null, intervalMinutes?: number|null, campaign_id?: uuid|null",
      .example = "{\"intervalMinutes\": 2, \"leads\": [{\"business_name\": \"Ann's Bakery\", \"phone\": \"+12125550123\", \"category\": \"Bakery\"}]}" },
    { "OutboundLead",     .members = "business_name?: text|null, phone?: text|null, category?: text|null" },
    { "OutboundStarted",  .members = "success: boolean, status: 'started', totalLeads: integer, skipped: [SkippedLead], intervalMinutes: number" },
    { "SkippedLead",      .members = "index: integer, phone: text|null, reason: text" },
    { "OutboundStop",     .members = "campaign_id?: uuid|null" },
    { "OutboundStopped",  .members = "success: boolean, status: 'stopped', callsMade: integer, totalLeads: integer" },
    { "OutboundStatus",   .members = "success: boolean, ...Progress" },
    { "OutboundLogs",     .members = "success: boolean, logs: [OutboundLogLine], next_cursor: text|null" },
    { "OutboundLogLine",  .members = "callSid: text|null, phone: text, leadData: {name: text|null, category: text|null}, status: text, "
                                     "answeredBy: text|null, timestamp: instant" },

    { "TwilioRequest",    .members = "AccountSid: text, CallSid: text", .about = "What Twilio sends, signed; further members are welcome." },
};

const unsigned schema_count = sizeof schemas / sizeof *schemas;

const struct schema *schema_find(const char *name, size_t length)
{
    for (unsigned i = 0; i < schema_count; i++)
        if (strlen(schemas[i].name) == length && memcmp(schemas[i].name, name, length) == 0)
            return &schemas[i];
    return NULL;
}
