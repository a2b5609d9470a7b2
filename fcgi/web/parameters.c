/*
 * web/parameters.c - the query members that routes know, by name.
 *
 * Where one name means two things the row is called NAME:WHAT, and so is the word in the route's line.
 */
#include <string.h>

#include "web/schemas.h"

const struct parameter parameters[] = {
    { "limit",       "integer",             "How many, 1 to 1000; 50 when it is not given" },
    { "cursor",      "text",                "next_cursor of the page before" },
    { "action",      "text",                "Only lines of this action" },
    { "agent_id",    "uuid",                "Only calls of this user" },
    { "campaign_id", "uuid",                "Which campaign" },
    { "campaignId",  "uuid",                "Only numbers that are linked to this campaign" },
    { "country",     "text",                "Where national numbers are: an ISO 3166 code of two capital letters" },
    { "from",        "instant",             "Created at this instant or later" },
    { "isActive",    "'true'|'false'",      "Only numbers that are (not) in use" },
    { "lead_id",     "uuid",                "Only calls to this lead" },
    { "number",      "text",                "Only numbers that contain this" },
    { "object_id",   "uuid",                "Only lines about this object" },
    { "phone",       "text",                "Only this number, in any usual notation" },
    { "search",      "text",                "Words of name, category or number" },
    { "state",       "CampaignLeadState",   "Only leads in this state" },
    { "state:delivery", "WebhookDeliveryState", "Only deliveries in this state" },
    { "status",      "CallStatus",          "Only calls of this status" },
    { "to",          "instant",             "Created before this instant" },
    { "type",        "NumberType",          "Only numbers of this type" },
};

const unsigned parameter_count = sizeof parameters / sizeof *parameters;

const struct parameter *parameter_find(const char *name, size_t length)
{
    for (unsigned i = 0; i < parameter_count; i++)
        if (strlen(parameters[i].name) == length && memcmp(parameters[i].name, name, length) == 0)
            return &parameters[i];
    return NULL;
}
