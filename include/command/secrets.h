/*
 * command/secrets.h - what is made up once for a stack and kept: ids, keys, passwords.
 *
 * The table is the file $STATE/secrets.env (mode 0600): a name that is missing is made up and added, so a state of an
 * older version gets what it lacks; names that nobody knows stay.  Values look like the real thing.
 */
#pragma once

#include "base/ctx.h"
#include "base/err.h"

#define SECRETS(X) /* field, name in the file, kind, beginning */                       \
    X(master_key,           "OUTDIAL_MASTER_KEY",               HEX64,    "")           \
    X(jwt_secret,           "JWT_SECRET",                       TOKEN,    "")           \
    X(sandbox_token,        "OUTDIAL_SANDBOX_TOKEN",            TOKEN,    "")           \
    X(tenant_id,            "OUTDIAL_TENANT_ID",                UUID,     "")           \
    X(admin_id,             "OUTDIAL_ADMIN_ID",                 UUID,     "")           \
    X(admin_password,       "OUTDIAL_ADMIN_PASSWORD",           PASSWORD, "")           \
    X(agent_id,             "OUTDIAL_AGENT_ID",                 UUID,     "")           \
    X(agent_password,       "OUTDIAL_AGENT_PASSWORD",           PASSWORD, "")           \
    X(twilio_row,           "OUTDIAL_TWILIO_ACCOUNT_ID",        UUID,     "")           \
    X(twilio_sid,           "TWILIO_ACCOUNT_SID",               HEX32,    "AC")         \
    X(twilio_token,         "TWILIO_AUTH_TOKEN",                HEX32,    "")           \
    X(twilio_key,           "TWILIO_API_KEY",                   HEX32,    "SK")         \
    X(twilio_secret,        "TWILIO_API_SECRET",                HEX32,    "")           \
    X(twilio_app,           "TWILIO_TWIML_APP_SID",             HEX32,    "AP")         \
    X(twilio_number,        "TWILIO_PHONE_NUMBER",              PHONE,    "+1415")      \
    X(vapi_row,             "OUTDIAL_VAPI_ACCOUNT_ID",          UUID,     "")           \
    X(vapi_key,             "VAPI_API_KEY",                     RANDOM_ID, "")          \
    X(vapi_secret,          "VAPI_WEBHOOK_SECRET",              TOKEN,    "")           \
    X(livekit_row,          "OUTDIAL_LIVEKIT_ACCOUNT_ID",       UUID,     "")           \
    X(livekit_key,          "LIVEKIT_API_KEY",                  HEX12,    "API")        \
    X(livekit_secret,       "LIVEKIT_API_SECRET",               TOKEN,    "")           \
    X(campaign_twilio,      "OUTDIAL_CAMPAIGN_TWILIO_ID",       UUID,     "")           \
    X(campaign_vapi,        "OUTDIAL_CAMPAIGN_VAPI_ID",         UUID,     "")           \
    X(campaign_livekit,     "OUTDIAL_CAMPAIGN_LIVEKIT_ID",      UUID,     "")           \
    X(other_tenant_id,      "OUTDIAL_OTHER_TENANT_ID",          UUID,     "")           \
    X(other_admin_id,       "OUTDIAL_OTHER_ADMIN_ID",           UUID,     "")           \
    X(other_admin_password, "OUTDIAL_OTHER_ADMIN_PASSWORD",     PASSWORD, "")           \
    X(other_row,            "OUTDIAL_OTHER_TWILIO_ACCOUNT_ID",  UUID,     "")           \
    X(other_sid,            "OUTDIAL_OTHER_TWILIO_ACCOUNT_SID", HEX32,    "AC")         \
    X(other_token,          "OUTDIAL_OTHER_TWILIO_AUTH_TOKEN",  HEX32,    "")           \
    X(other_key,            "OUTDIAL_OTHER_TWILIO_API_KEY",     HEX32,    "SK")         \
    X(other_secret,         "OUTDIAL_OTHER_TWILIO_API_SECRET",  HEX32,    "")           \
    X(other_app,            "OUTDIAL_OTHER_TWILIO_TWIML_APP_SID", HEX32,  "AP")         \
    X(other_number,         "OUTDIAL_OTHER_TWILIO_PHONE_NUMBER", PHONE,   "+1206")      \
    X(other_number_2,       "OUTDIAL_OTHER_TWILIO_PHONE_NUMBER_2", PHONE, "+1206")      \
    X(other_number_3,       "OUTDIAL_OTHER_TWILIO_PHONE_NUMBER_3", PHONE, "+1206")

struct secrets {
#define X(field, name, kind, beginning) const char *field;
    SECRETS(X)
#undef X
};

/* Reads the file, makes up what is missing and writes it back when something was. */
fallible secrets_keep(struct ctx *, const char *path, struct secrets *out);
