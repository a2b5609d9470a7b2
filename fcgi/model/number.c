#include "model/number.h"

#include <stdio.h>
#include <strings.h>

#include "base/str.h"
#include "model/phone.h"

const char *const number_types[] = { "LOCAL", "TOLL_FREE", "MOBILE", NULL };

const struct shape number_shape = SHAPE(struct number, "phone number",
    FIELD(struct number, id, OUT | ALWAYS),
    FIELD(struct number, number, OUT | ALWAYS),
    FIELD(struct number, type, OUT | ALWAYS, .among = number_types),
    FIELD(struct number, provider, OUT | ALWAYS),
    FIELD_NAMED(struct number, provider_sid, "providerSid", OUT),
    FIELD_NAMED(struct number, tenant_id, "tenantId", OUT | ALWAYS),
    FIELD_NAMED(struct number, campaign_id, "campaignId", IN | OUT),
    FIELD_NAMED(struct number, livekit_trunk_id, "livekitTrunkId", IN | OUT, .longest = 64),
    FIELD_NAMED(struct number, is_active, "isActive", IN | OUT),
    FIELD(struct number, state, OUT, .about = "owned; or buying, releasing: the carrier has not confirmed it yet"),
    FIELD_NAMED(struct number, daily_cap, "dailyCap", IN | OUT, .lowest = 0, .highest = 1000000,
                .about = "calls per day that may show it; 0 = what its campaign says"),
    FIELD_NAMED(struct number, calls_today, "callsToday", OUT),
    FIELD_NAMED(struct number, purchased_at, "purchasedAt", OUT),
    FIELD_JSON(struct number, metadata, OUT | ALWAYS),
    FIELD(struct number, updated_at, 0));

const char *number_type(const char *e164, const char *provider_type)
{
    static const char *const toll_free[] = { "800", "833", "844", "855", "866", "877", "888" };
    struct e164 number;

    snprintf(number.digits, sizeof number.digits, "%s", e164);
    if (str_starts(e164, "+1")) {
        for (size_t i = 0; i < sizeof toll_free / sizeof *toll_free; i++) {
            if (str_starts(e164 + 2, toll_free[i]))
                return "TOLL_FREE";
        }
        return "LOCAL";
    }
    if (phone_kind(&number) == PHONE_KIND_TOLL_FREE)
        return "TOLL_FREE";
    return provider_type && strcasecmp(provider_type, "mobile") == 0 ? "MOBILE" : "LOCAL";
}
