/*
 * provider/account.c - opens the sealed secrets of an account row.
 */
#include "provider/account.h"

#include "base/secret.h"
#include "base/str.h"

static const char *opened(struct ctx *ctx, const struct rows *rows, size_t row, struct uuid tenant, const char *column)
{
    const char *sealed = row_text(rows, row, column);

    return sealed ? secret_unseal(ctx->arena, tenant, column, sealed) : NULL;
}

void account_open(struct ctx *ctx, const struct settings *settings, const struct rows *rows, size_t row, struct account *out)
{
    *out = (struct account){
        .id = row_uuid(rows, row, "id"),
        .tenant = row_uuid(rows, row, "tenant_id"),
        .provider = row_text(rows, row, "provider"),
        .account_sid = row_text(rows, row, "account_sid"),
        .api_key = row_text(rows, row, "api_key"),
        .app_sid = row_text(rows, row, "app_sid"),
        .default_number = row_text(rows, row, "default_number"),
        .base_url = row_text(rows, row, "base_url"),
        .status = row_text(rows, row, "status"),
        .screens_numbers = row_bool(rows, row, "screens_numbers"),
    };
    out->auth_token = opened(ctx, rows, row, out->tenant, ACCOUNT_AUTH_TOKEN);
    out->api_secret = opened(ctx, rows, row, out->tenant, ACCOUNT_API_SECRET);
    out->webhook_secret = opened(ctx, rows, row, out->tenant, ACCOUNT_WEBHOOK_SECRET);
    if (!out->base_url)
        out->base_url = str_equal(out->provider, "vapi") ? settings->vapi_api_base_url : settings->twilio_api_base_url;
}
