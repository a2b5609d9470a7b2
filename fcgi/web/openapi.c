/*
 * web/openapi.c - the document: what it is about, its tags and its paths.  See web/openapi.h.
 */
#include "web/openapi.h"

#include <string.h>

#include "base/str.h"
#include "web/openapi_parts.h"
#include "web/route.h"

#define CEILING ((size_t)4 << 20)

static const struct { const char *segment, *name, *about; } tags[] = {
    { "healthz",           "Health",              "For load balancers and for Prometheus" },
    { "readyz",            "Health",              NULL },
    { "metrics",           "Health",              NULL },
    { "openapi.json",      "API",                 "This document" },
    { "auth",              "Signing in",          "Access tokens live for a quarter of an hour; refreshing replaces both tokens" },
    { "me",                "Signing in",          NULL },
    { "tenants",           "Tenants",             "A tenant's settings, and the platform's view of its tenants" },
    { "users",             "People and keys",     "Who may do what: a ladder of roles, each of which may do what the ones before it may" },
    { "api-keys",          "People and keys",     NULL },
    { "audit-log",         "Audit log",           "Who changed what" },
    { "identity-providers", "Identity providers", "Other issuers whose tokens sign people in" },
    { "provider-accounts", "Carriers",            "Accounts at carriers and their SIP trunks" },
    { "trunks",            "Carriers",            NULL },
    { "phone-numbers",     "Phone numbers",       "Numbers to call from" },
    { "analytics",         "Analytics",           "Sums over the whole tenant" },
    { "campaigns",         "Campaigns",           "How a list of leads is called" },
    { "leads",             "Leads",               "Who is called; an external_id is accepted wherever a lead's id is" },
    { "lead-lists",        "Leads",               NULL },
    { "imports",           "Leads",               NULL },
    { "dnc",               "Do not call",         "Numbers that are not called. An entry is answered when no call to the number can still begin" },
    { "calls",             "Calls",               "What happened on the telephone, and placing single calls" },
    { "outbound-caller",   "Auto-dialer",         "One list per campaign: start, stop, status, log; and what the carrier asks meanwhile" },
    { "webhook-endpoints", "Webhooks",            "Where news is sent to, signed, and what became of each delivery" },
    { "twilio",            "Carrier's callbacks", "Requests that Twilio signs" },
};

static const char intro[] =
    "Outdial calls people from a list, carefully.\n\n"
    "Ids are UUIDs, instants RFC 3339 in UTC, telephone numbers E.164. Lists come newest first, in pages: pass `next_cursor` of one page "
    "as `cursor` to get the next. Send `If-Match` with an object's `ETag` to change only what you have read, and an `Idempotency-Key` with "
    "whatever creates something: a repetition gets the first answer again and creates nothing.\n\n"
    "Refusals are problem documents (RFC 9457) with a stable `code`. When several apply, the first in this order is told: unknown path 404, "
    "wrong method 405, no or dead credential 401, foreign or absent object 404, role too low 403, content type 415, size 413, unreadable "
    "body or query 400, wrong content 422, state 409.";

/* The first segment that tells what it is about. */
const char *openapi_subject(const char *pattern)
{
    static const char *const before[] = { "/api/v1/tenants/:tenant/", "/api/v1/", "/api/", "/" };

    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        if (str_starts(pattern, before[i]))
            return pattern + strlen(before[i]);
    return pattern;
}

const char *openapi_tag(struct arena *arena, const struct route *route)
{
    const char *segment = openapi_subject(route->pattern);
    const char *name = arena_copy(arena, segment, strcspn(segment, "/"));

    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (str_equal(tags[i].segment, name))
            return tags[i].name;
    return name;
}

/* :name becomes {name}. */
static const char *path_of(struct arena *arena, const char *pattern)
{
    struct str s = str_make(arena, 2048);

    while (*pattern) {
        size_t literal = strcspn(pattern, ":");
        str_add_bytes(&s, pattern, literal);
        pattern += literal;
        if (!*pattern)
            break;
        size_t name = strcspn(++pattern, "/");
        str_addf(&s, "{%.*s}", (int)name, pattern);
        pattern += name;
    }
    return s.text;
}

static bool seen_before(unsigned i)
{
    for (unsigned k = 0; k < i; k++)
        if (str_equal(routes[k].pattern, routes[i].pattern))
            return true;
    return false;
}

static void put_paths(struct json_out *out)
{
    json_open_member(out, "paths");
    for (unsigned i = 0; i < route_count; i++) {
        if (seen_before(i))
            continue;
        json_open_member(out, path_of(out->str.arena, routes[i].pattern));
        for (unsigned k = i; k < route_count; k++)
            if (str_equal(routes[k].pattern, routes[i].pattern))
                openapi_put_operation(out, &routes[k]);
        json_close_object(out);
    }
    json_close_object(out);
}

static void put_info(struct json_out *out)
{
    json_open_member(out, "info");
    json_put_member(out, "title", "Outdial");
    json_put_member(out, "version", "1");
    json_put_member(out, "description", intro);
    json_open_member(out, "license");
    json_put_member(out, "name", "Apache-2.0");
    json_put_member(out, "identifier", "Apache-2.0");
    json_close_object(out);
    json_close_object(out);
    json_name(out, "servers");
    json_open_array(out);
    json_open_object(out);
    json_put_member(out, "url", "/");
    json_put_member(out, "description", "This installation");
    json_close_object(out);
    json_close_array(out);
}

static bool is_subject(const char *segment)
{
    size_t length = strlen(segment);

    for (unsigned i = 0; i < route_count; i++) {
        const char *subject = openapi_subject(routes[i].pattern);
        if (strcspn(subject, "/") == length && memcmp(subject, segment, length) == 0)
            return true;
    }
    return false;
}

static void put_tags(struct json_out *out)
{
    json_name(out, "tags");
    json_open_array(out);
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        if (!tags[i].about || !is_subject(tags[i].segment))
            continue;
        json_open_object(out);
        json_put_member(out, "name", tags[i].name);
        json_put_member(out, "description", tags[i].about);
        json_close_object(out);
    }
    json_close_array(out);
}

const char *openapi_write(struct arena *arena)
{
    struct json_out out = json_out_make(arena, CEILING);

    json_open_object(&out);
    json_put_member(&out, "openapi", "3.1.0");
    put_info(&out);
    put_tags(&out);
    put_paths(&out);
    openapi_put_components(&out);
    json_close_object(&out);
    return str_broken(&out.str) ? NULL : out.str.text;
}
