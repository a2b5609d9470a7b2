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
    { "area_code",   "text",                "Three digits of North America" },
    { "agent_id",    "uuid",                "Only calls of this user" },
    { "bom",         "'0'|'1'",             "1: CSV begins with a byte order mark, for spreadsheets that want one" },
    { "campaign_id", "uuid",                "Which campaign" },
    { "campaignId",  "uuid",                "Only numbers that are linked to this campaign" },
    { "contains",    "text",                "Digits that follow each other in the number; * is any digit" },
    { "country:sale", "text",               "Where the number is to be: an ISO 3166 code of two capital letters; the tenant's when it is not given" },
    { "country",     "text",                "Where national numbers are: an ISO 3166 code of two capital letters" },
    { "delimiter",   "'comma'|'semicolon'|'tab'|'bar'", "What stands between cells; found out when it is not given" },
    { "encoding",    "'utf-8'|'utf-16le'|'utf-16be'|'windows-1254'|'windows-1252'", "Characters of the file; found out when it is not given" },
    { "file",        "text",                "What people call the file; shown where imports are listed" },
    { "from",        "instant",             "Created at this instant or later" },
    { "from:cost",   "instant",             "Calls that began at this instant or later; thirty days before the end when it is not given" },
    { "group",       "'day'|'campaign'|'number'", "What a line is about; the day when it is not given" },
    { "header",      "'yes'|'no'",          "Whether the first row names the columns; found out when it is not given" },
    { "isActive",    "'true'|'false'",      "Only numbers that are (not) in use" },
    { "lead_id",     "text",                "Only calls to this lead, by id or external_id" },
    { "list",        "text",                "Name of a list of leads (when leads are read, its id too); an import makes it when there is none" },
    { "map",         "text",                "Which column is what: phone:Telefon,name:Ad Soyad,custom.city:Sehir,ignore:#5" },
    { "number",      "text",                "Only numbers that contain this" },
    { "object_id",   "uuid",                "Only lines about this object" },
    { "phone",       "text",                "Only this number, in any usual notation" },
    { "policy",      "'update'|'skip'|'refuse'", "What becomes of a row whose lead is there already" },
    { "search",      "text",                "Words of name, category or number" },
    { "state",       "CampaignLeadState",   "Only leads in this state" },
    { "state:delivery", "WebhookDeliveryState", "Only deliveries in this state" },
    { "status",      "CallStatus",          "Only calls of this status" },
    { "to",          "instant",             "Created before this instant" },
    { "to:cost",     "instant",             "Calls that began before this instant" },
    { "type:sale",   "'local'|'toll_free'|'mobile'", "Kind of number; local when it is not given" },
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
