/*
 * base/settings.h - one table of everything that can be configured.
 *
 * A setting is a row: name, other names it may come under, default, kind, and the sentence that the docs and
 * `outdial doctor` print.  Values come from the process environment first, then from the settings file
 * (OUTDIAL_SETTINGS, default /etc/outdial/outdial.env, lines NAME=VALUE, # comments); NAME_FILE reads a
 * secret from a file; an unknown name in the file is an error, with the nearest known name.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define SETTINGS(X)  /* field, name, other names, default, kind, what it is */                                              \
    X(database_url,          "DATABASE_URL",          "",  NULL, SECRET, "PostgreSQL connection string")                    \
    X(public_base_url,       "PUBLIC_BASE_URL",       "BASE_URL NEXT_PUBLIC_APP_URL", "http://127.0.0.1:8080", URL, "What providers call and signatures are over") \
    X(jwt_secret,            "JWT_SECRET",            "",  NULL, SECRET, "Secret of our own access tokens, at least 32 characters") \
    X(jwt_algorithm,         "JWT_ALG",               "",  "HS256", TEXT, "Algorithm of our own access tokens")              \
    X(jwt_issuer,            "JWT_ISSUER",            "",  "outdial", TEXT, "Issuer of our own access tokens")               \
    X(jwt_audience,          "JWT_AUDIENCE",          "",  "outdial", TEXT, "Audience of our own access tokens")             \
    X(jwt_public_key,        "JWT_PUBLIC_KEY",        "",  NULL, TEXT, "PEM of an identity provider's RS256 or ES256 key")    \
    X(jwt_public_key_issuer, "JWT_PUBLIC_KEY_ISSUER", "",  NULL, TEXT, "iss of that provider's tokens")                     \
    X(jwt_public_key_audience, "JWT_PUBLIC_KEY_AUDIENCE", "", NULL, TEXT, "aud of that provider's tokens; without it JWT_AUDIENCE") \
    X(master_key,            "OUTDIAL_MASTER_KEY",    "",  NULL, SECRET, "32 bytes, hex or base64: seals the accounts' secrets") \
    X(twilio_account_sid,    "TWILIO_ACCOUNT_SID",    "",  NULL, TEXT, "Platform's default Twilio account")                   \
    X(twilio_auth_token,     "TWILIO_AUTH_TOKEN",     "",  NULL, SECRET, "Its primary auth token")                            \
    X(twilio_api_key,        "TWILIO_API_KEY",        "",  NULL, TEXT, "API key (SK...) for REST and softphone tokens")       \
    X(twilio_api_secret,     "TWILIO_API_SECRET",     "",  NULL, SECRET, "Secret of that key")                                \
    X(twilio_phone_number,   "TWILIO_PHONE_NUMBER",   "",  NULL, TEXT, "Default caller ID of that account")                   \
    X(twilio_twiml_app_sid,  "TWILIO_TWIML_APP_SID",  "",  NULL, TEXT, "TwiML application of the softphone")                  \
    X(vapi_api_key,          "VAPI_API_KEY",          "",  NULL, SECRET, "Platform's default Vapi key")                       \
    X(vapi_assistant_id,     "VAPI_ASSISTANT_ID",     "",  NULL, TEXT, "Default assistant")                                   \
    X(vapi_phone_number_id,  "VAPI_PHONE_NUMBER_ID",  "",  NULL, TEXT, "Default Vapi phone number")                           \
    X(vapi_webhook_secret,   "VAPI_WEBHOOK_SECRET",   "",  NULL, SECRET, "Secret that Vapi's webhooks carry")                 \
    X(livekit_url,           "LIVEKIT_URL",           "",  NULL, TEXT, "LiveKit server")                                      \
    X(livekit_api_key,       "LIVEKIT_API_KEY",       "",  NULL, TEXT, "LiveKit API key")                                     \
    X(livekit_api_secret,    "LIVEKIT_API_SECRET",    "",  NULL, SECRET, "LiveKit API secret")                                \
    X(livekit_sip_trunk_id,  "LIVEKIT_SIP_TRUNK_ID",  "",  NULL, TEXT, "Platform's outbound SIP trunk (ST_...)")              \
    X(livekit_agent_name,    "LIVEKIT_AGENT_NAME",    "",  "telephony-agent", TEXT, "Default LiveKit agent")                  \
    X(agent_phone_number,    "AGENT_PHONE_NUMBER",    "USER_PHONE_NUMBER", NULL, TEXT, "Default agent phone")                 \
    X(default_caller_id,     "DEFAULT_CALLER_ID",     "",  NULL, TEXT, "Caller ID when nothing nearer names one")             \
    X(default_country,       "DEFAULT_COUNTRY",       "",  "US", TEXT, "Country of numbers written without one")              \
    X(twilio_api_base_url,   "TWILIO_API_BASE_URL",   "",  "https://api.twilio.com", URL, "Twilio's REST API")                \
    X(vapi_api_base_url,     "VAPI_API_BASE_URL",     "",  "https://api.vapi.ai", URL, "Vapi's REST API")                     \
    X(metrics,               "OUTDIAL_METRICS",       "",  "", TEXT, "Folder of the counters that all programs share and /metrics shows") \
    X(webhook_allow,         "OUTDIAL_WEBHOOK_ALLOW", "",  "", NETWORKS, "More address ranges that tenants' webhooks may reach, also by http") \
    X(webhook_percent,       "OUTDIAL_WEBHOOK_PERCENT", "", "100", NUMBER, "Of the usual waiting between a webhook's tries; less is for rehearsals") \
    X(webhook_queue,         "OUTDIAL_WEBHOOK_QUEUE", "",  "100000", NUMBER, "Deliveries that may wait for one tenant's webhook endpoints") \
    X(trusted_proxies,       "OUTDIAL_TRUSTED_PROXIES", "", "", TEXT, "Networks of proxies in front of nginx whose X-Forwarded-For is believed") \
    X(tenant_id,             "OUTDIAL_TENANT_ID",     "",  NULL, TEXT, "Tenant of commands that name none")                   \
    X(import_folder,         "OUTDIAL_IMPORT_FOLDER", "",  "/var/lib/outdial/imports", TEXT, "Where files wait that are being imported") \
    X(threads,               "OUTDIAL_THREADS",       "",  "40", NUMBER, "Threads of one worker process: requests it serves at once") \
    X(log_level,             "OUTDIAL_LOG_LEVEL",     "",  "info", TEXT, "debug, info, warning or error")

struct settings {
#define X(field, name, others, preset, kind, about) const char *field;
    SETTINGS(X)
#undef X
};

/* Reads environment and file once, before threads; values live as long as the process. The error names every wrong setting. */
fallible settings_load(struct arena *, struct settings *out);
/* Rows of the table with present values, secrets as "(set)" or "(not set)": for docs and doctor. */
void settings_print(const struct settings *, void (*line)(void *, const char *name, const char *value, const char *about), void *);
int64_t settings_number(const char *value);                     /* of a NUMBER setting, checked at load */
