/*
 * web/openapi.c - the document: paths, parameters, answers, refusals.  See web/openapi.h.
 */
#include "web/openapi.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "web/api.h"
#include "web/route.h"

#define CEILING ((size_t)4 << 20)

/* ---- words ---- */

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
    { "provider-accounts", "Carriers",            "Accounts at carriers and their SIP trunks" },
    { "trunks",            "Carriers",            NULL },
    { "phone-numbers",     "Phone numbers",       "Numbers to call from" },
    { "campaigns",         "Campaigns",           "How a list of leads is called" },
    { "leads",             "Leads",               "Who is called; an external_id is accepted wherever a lead's id is" },
    { "imports",           "Leads",               NULL },
    { "dnc",               "Do not call",         "Numbers that are not called. An entry is answered when no call to the number can still begin" },
    { "calls",             "Calls",               "What happened on the telephone, and placing single calls" },
    { "outbound-caller",   "Auto-dialer",         "One list per campaign: start, stop, status, log; and what the carrier asks meanwhile" },
    { "webhook-endpoints", "Webhooks",            "Where news is sent to, signed, and what became of each delivery" },
    { "twilio",            "Carrier's callbacks", "Requests that Twilio signs" },
};

static const char *const roles[] = { [VIEWER] = "viewer", [AGENT] = "agent", [MANAGER] = "manager", [ADMIN] = "admin", [OWNER] = "owner" };

static const char intro[] =
    "Outdial calls people from a list, carefully.\n\n"
    "Ids are UUIDs, instants RFC 3339 in UTC, telephone numbers E.164. Lists come newest first, in pages: pass `next_cursor` of one page "
    "as `cursor` to get the next. Send `If-Match` with an object's `ETag` to change only what you have read, and an `Idempotency-Key` with "
    "whatever creates something: a repetition gets the first answer again and creates nothing.\n\n"
    "Refusals are problem documents (RFC 9457) with a stable `code`. When several apply, the first in this order is told: unknown path 404, "
    "wrong method 405, no or dead credential 401, foreign or absent object 404, role too low 403, content type 415, size 413, unreadable "
    "body or query 400, wrong content 422, state 409.";

static const char conflict[] =
    "Not possible in the present state. When the gate refuses a call, `code` is the first of do_not_call, call_already_open, caller_id, "
    "campaign_state, destination, minimum_gap, outside_hours, concurrency and rate, and `errors` has every reason with the instant when it clears.";

static void put(struct json_out *out, const char *name, const char *value)
{
    json_name(out, name);
    json_put_string(out, value);
}

static void open(struct json_out *out, const char *name)
{
    json_name(out, name);
    json_open_object(out);
}

static void put_reference(struct json_out *out, const char *kind, const char *name)
{
    put(out, "$ref", arena_printf(out->str.arena, "#/components/%s/%s", kind, name));
}

static bool starts_with(const struct route *route, const char *prefix)
{
    return str_starts(route->pattern, prefix);
}

/* ---- what a row says ---- */

/* The first segment that tells what it is about. */
static const char *subject(const char *pattern)
{
    static const char *const before[] = { "/api/v1/tenants/:tenant/", "/api/v1/", "/api/", "/" };

    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        if (str_starts(pattern, before[i]))
            return pattern + strlen(before[i]);
    return pattern;
}

static const char *tag_of(struct arena *arena, const struct route *route)
{
    const char *segment = subject(route->pattern);
    const char *name = arena_copy(arena, segment, strcspn(segment, "/"));

    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (str_equal(tags[i].segment, name))
            return tags[i].name;
    return name;
}

/* GET .../leads/:id/history: getLeadsByIdHistory */
static const char *operation_id(struct arena *arena, const struct route *route)
{
    struct str s = str_make(arena, 1024);
    bool capital = true;

    for (const char *c = method_name(route->method); *c; c++)
        str_add_char(&s, (char)tolower((unsigned char)*c));
    for (const char *c = subject(route->pattern); *c; c++) {
        bool letter = isalnum((unsigned char)*c);
        if (*c == ':')
            str_add(&s, "By");
        if (letter)
            str_add_char(&s, capital ? (char)toupper((unsigned char)*c) : *c);
        capital = !letter;
    }
    return s.text;
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

static bool has_segment(const struct route *route, const char *segment)
{
    size_t length = strlen(segment);

    for (const char *at = route->pattern; (at = strstr(at, segment)); at += length)
        if (at[-1] == '/' && (!at[length] || at[length] == '/'))
            return true;
    return false;
}

static bool writes(const struct route *route)
{
    return route->method != GET;
}

/* Changes one object, or the tenant itself: If-Match is honoured. */
static bool conditional(const struct route *route)
{
    const char *last = strrchr(route->pattern, '/');

    return writes(route) && route->method != POST && (str_equal(last, "/:id") || str_equal(last, "/:tenant"));
}

static bool is_form(const struct route *route)
{
    return route->who == SIGNED && route->takes && str_starts(route->takes, "Twilio");
}

/* ---- answers: "201 Lead | 202 Lead" ---- */

struct given { int status; const char *what; size_t length; bool list; };

static bool next_given(const char **at, struct given *out)
{
    *at += strspn(*at, " |");
    if (!**at)
        return false;
    *out = (struct given){ .status = atoi(*at) };
    const char *end = *at + strcspn(*at, "|");
    *at += strspn(*at, "0123456789 ");
    out->list = **at == '[';
    out->what = *at + out->list;
    out->length = strcspn(out->what, "] |");
    *at = end;
    return true;
}

static bool is_media(const struct given *given)
{
    return memchr(given->what, '/', given->length);
}

static void put_body_reference(struct json_out *out, const struct schema *schema, enum schema_use use)
{
    open(out, "schema");
    put_reference(out, "schemas", openapi_component(out->str.arena, schema, use));
    json_close_object(out);
}

static void put_text_body(struct json_out *out, const char *media)
{
    open(out, media);
    open(out, "schema");
    put(out, "type", "string");
    json_close_object(out);
    json_close_object(out);
}

static void put_content(struct json_out *out, const struct given *given)
{
    const struct schema *schema = schema_find(given->what, given->length);

    if (is_media(given)) {
        put_text_body(out, arena_copy(out->str.arena, given->what, given->length));
        return;
    }
    open(out, "application/json");
    if (schema)
        put_body_reference(out, schema, given->list ? AS_LIST : AS_ANSWER);
    json_close_object(out);
}

static void put_header_reference(struct json_out *out, const char *name)
{
    open(out, name);
    put_reference(out, "headers", name);
    json_close_object(out);
}

/* reply_json() tags what a shape describes. */
static bool is_tagged(const struct given *given)
{
    const struct schema *schema = schema_find(given->what, given->length);

    return schema && (schema->shape || schema->tagged) && !given->list;
}

static void put_success_headers(struct json_out *out, const struct route *route, const struct given *given)
{
    open(out, "headers");
    put_header_reference(out, "X-Request-Id");
    if (is_tagged(given))
        put_header_reference(out, "ETag");
    if (given->status == 201 || route->flags & TAKES_CSV)
        put_header_reference(out, "Location");
    if (route->flags & CREATES)
        put_header_reference(out, "Idempotent-Replayed");
    json_close_object(out);
}

static const char *success_sentence(const struct given *given)
{
    return given->status == 201 ? "It is there now" : given->status == 202 ? "Taken; the outcome is not known yet" : given->status == 204 ? "Done" : "As asked";
}

/* One status; the media types that it may have. */
static void put_success(struct json_out *out, const struct route *route, int status)
{
    struct given given = { 0 };
    bool with_content = false, begun = false;

    open(out, arena_printf(out->str.arena, "%d", status));
    for (const char *at = route->gives; next_given(&at, &given);) {
        if (given.status != status)
            continue;
        if (!begun) {
            put(out, "description", success_sentence(&given));
            put_success_headers(out, route, &given);
            begun = true;
        }
        if (given.length && !with_content) {
            open(out, "content");
            with_content = true;
        }
        if (given.length)
            put_content(out, &given);
    }
    if (with_content)
        json_close_object(out);
    json_close_object(out);
}

static void put_successes(struct json_out *out, const struct route *route)
{
    struct given given;
    int before = 0;

    for (const char *at = route->gives; next_given(&at, &given); before = given.status) {
        if (given.status != before)
            put_success(out, route, given.status);
        if (route->method == GET && given.status == 200 && is_tagged(&given)) {
            open(out, "304");
            put(out, "description", "If-None-Match names what it still is");
            json_close_object(out);
        }
    }
}

/* ---- refusals ---- */

static bool may_answer(const struct route *route, enum err_kind kind)
{
    bool person = route->who >= VIEWER, body = route->takes != NULL;

    switch (kind) {
    case ERR_BAD_REQUEST:
    case ERR_TOO_MANY:
    case ERR_INTERNAL:
    case ERR_UNAVAILABLE:
        return true;
    case ERR_UNAUTHORIZED:
        return person || (route->who == ANYONE && writes(route));
    case ERR_FORBIDDEN:
        return person || route->who == SIGNED || writes(route);
    case ERR_NOT_FOUND:
        return strchr(route->pattern, ':') || (route->query && strstr(route->query, "campaign_id"));
    case ERR_CONFLICT:
        return person && writes(route);
    case ERR_PRECONDITION:
        return conditional(route);
    case ERR_TOO_LARGE:
    case ERR_MEDIA_TYPE:
        return body;
    case ERR_INVALID:
        return writes(route) || route->query;
    case ERR_UPSTREAM:
    case ERR_TIMEOUT:
        return person && route->method == POST;
    default:
        return false;                                           /* of 405 there is no operation */
    }
}

static void put_refusals(struct json_out *out, const struct route *route)
{
    for (int kind = 0; kind < ERR_KIND_COUNT; kind++) {
        if (!may_answer(route, (enum err_kind)kind))
            continue;
        open(out, arena_printf(out->str.arena, "%d", err_http_status((enum err_kind)kind)));
        put_reference(out, "responses", err_default_code((enum err_kind)kind));
        json_close_object(out);
    }
}

/* ---- requests ---- */

static void put_parameter_reference(struct json_out *out, const char *name)
{
    json_open_object(out);
    put_reference(out, "parameters", name);
    json_close_object(out);
}

/* "status:call" is called status-call among the components. */
static const char *parameter_component(struct arena *arena, const char *word, size_t length)
{
    char *name = arena_copy(arena, word, length);
    char *colon = strchr(name, ':');

    if (colon)
        *colon = '-';
    return name;
}

static const char *id_component(const struct route *route)
{
    return str_equal(route->object, "leads") ? "lead-id" : "id";
}

static void put_parameters(struct json_out *out, const struct route *route)
{
    json_name(out, "parameters");
    json_open_array(out);
    if (has_segment(route, ":tenant"))
        put_parameter_reference(out, "tenant");
    if (has_segment(route, ":id"))
        put_parameter_reference(out, id_component(route));
    if (has_segment(route, ":part"))
        put_parameter_reference(out, "part");
    for (const char *at = route->query ? route->query : ""; *(at += strspn(at, " ")); at += strcspn(at, " "))
        put_parameter_reference(out, parameter_component(out->str.arena, at, strcspn(at, " ")));
    if (route->flags & CREATES)
        put_parameter_reference(out, "Idempotency-Key");
    if (conditional(route))
        put_parameter_reference(out, "If-Match");
    if (route->flags & TAKES_CSV)
        put_parameter_reference(out, "Prefer");
    json_close_array(out);
}

static enum schema_use taken_as(const struct route *route)
{
    return route->method == POST ? AS_CREATE : AS_UPDATE;
}

static void put_request(struct json_out *out, const struct route *route)
{
    if (!route->takes)
        return;
    open(out, "requestBody");
    json_name(out, "required");
    json_put_flag(out, !(route->flags & LENIENT));
    open(out, "content");
    const struct schema *schema = schema_find(route->takes, strlen(route->takes));
    if (schema) {
        open(out, is_form(route) ? "application/x-www-form-urlencoded" : "application/json");
        put_body_reference(out, schema, taken_as(route));
        if (schema->example && route->method == POST) {
            json_name(out, "example");
            json_put_raw(out, schema->example);
        }
        json_close_object(out);
    } else {
        put_text_body(out, route->takes);
    }
    json_close_object(out);
    json_close_object(out);
}

/* ---- operations ---- */

static const char *signature_of(const struct route *route)
{
    return starts_with(route, "/api/vapi") ? "vapiSecret" : starts_with(route, "/api/livekit") ? "livekitToken" : "twilioSignature";
}

static void put_scheme(struct json_out *out, const char *name)
{
    json_open_object(out);
    json_name(out, name);
    json_open_array(out);
    json_close_array(out);
    json_close_object(out);
}

static void put_security(struct json_out *out, const struct route *route)
{
    json_name(out, "security");
    json_open_array(out);
    if (route->who == SIGNED)
        put_scheme(out, signature_of(route));
    if (route->who >= VIEWER) {
        put_scheme(out, "accessToken");
        put_scheme(out, "apiKey");
    }
    json_close_array(out);
}

/* Who may: the route's role and the ones above it. */
static void put_roles(struct json_out *out, const struct route *route)
{
    if (route->who < VIEWER)
        return;
    json_name(out, "x-roles");
    json_open_array(out);
    for (int role = (int)route->who; role <= OWNER; role++)
        json_put_string(out, roles[role]);
    if (route->who == PLATFORM)
        json_put_string(out, "platform");
    json_close_array(out);
}

static const char *who_may(struct arena *arena, const struct route *route)
{
    if (route->who == ANYONE)
        return "For anyone.";
    if (route->who == SIGNED)
        return "For the carrier, whose signature is checked.";
    if (route->who == PLATFORM)
        return "For administrators of the platform.";
    return arena_printf(arena, "For the role %s%s.", roles[route->who], route->who == OWNER ? "" : " and above");
}

static void put_operation(struct json_out *out, const struct route *route)
{
    struct arena *a = out->str.arena;
    char *method = arena_text(a, method_name(route->method));

    for (char *c = method; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    open(out, method);
    put(out, "operationId", operation_id(a, route));
    put(out, "summary", route->about);
    put(out, "description", who_may(a, route));
    json_name(out, "tags");
    json_open_array(out);
    json_put_string(out, tag_of(a, route));
    json_close_array(out);
    put_security(out, route);
    put_roles(out, route);
    put_parameters(out, route);
    put_request(out, route);
    open(out, "responses");
    put_successes(out, route);
    put_refusals(out, route);
    json_close_object(out);
    json_close_object(out);
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
    open(out, "paths");
    for (unsigned i = 0; i < route_count; i++) {
        if (seen_before(i))
            continue;
        open(out, path_of(out->str.arena, routes[i].pattern));
        for (unsigned k = i; k < route_count; k++)
            if (str_equal(routes[k].pattern, routes[i].pattern))
                put_operation(out, &routes[k]);
        json_close_object(out);
    }
    json_close_object(out);
}

/* ---- components ---- */

static void put_parameter(struct json_out *out, const char *component, const char *in, const char *name, const char *type, const char *about)
{
    open(out, component);
    put(out, "name", name);
    put(out, "in", in);
    if (str_equal(in, "path")) {
        json_name(out, "required");
        json_put_flag(out, true);
    }
    put(out, "description", about);
    json_name(out, "schema");
    openapi_put_type(out, type);
    json_close_object(out);
}

static bool any_route(bool (*says)(const struct route *, const void *), const void *data)
{
    for (unsigned i = 0; i < route_count; i++)
        if (says(&routes[i], data))
            return true;
    return false;
}

static bool asks_by(const struct route *route, const void *name)
{
    size_t length = strlen(name);

    for (const char *at = route->query ? route->query : ""; *(at += strspn(at, " ")); at += strcspn(at, " "))
        if (strcspn(at, " ") == length && memcmp(at, name, length) == 0)
            return true;
    return false;
}

static bool has_part(const struct route *route, const void *segment)
{
    return has_segment(route, segment);
}

static void put_all_parameters(struct json_out *out)
{
    struct arena *a = out->str.arena;

    open(out, "parameters");
    put_parameter(out, "tenant", "path", "tenant", "uuid", "The tenant: `tenant.id` of the answer to signing in");
    put_parameter(out, "id", "path", "id", "uuid", "The object's id");
    put_parameter(out, "lead-id", "path", "id", "text", "The lead's id or external_id");
    if (any_route(has_part, ":part"))
        put_parameter(out, "part", "path", "part", "text", "Which of them");
    put_parameter(out, "Idempotency-Key", "header", "Idempotency-Key", "text", "Any text of the caller's own; a repetition within a day gets the first answer again");
    put_parameter(out, "If-Match", "header", "If-Match", "text", "The ETag it was read with: 412 when it has changed since");
    put_parameter(out, "Prefer", "header", "Prefer", "text", "`respond-async`: answer 202 as soon as the file is stored");
    for (unsigned i = 0; i < parameter_count; i++) {
        const struct parameter *p = &parameters[i];
        if (any_route(asks_by, p->name))
            put_parameter(out, parameter_component(a, p->name, strlen(p->name)), "query", arena_copy(a, p->name, strcspn(p->name, ":")), p->type, p->about);
    }
    json_close_object(out);
}

static void put_header(struct json_out *out, const char *name, const char *type, const char *about)
{
    open(out, name);
    put(out, "description", about);
    json_name(out, "schema");
    openapi_put_type(out, type);
    json_close_object(out);
}

static void put_headers(struct json_out *out)
{
    open(out, "headers");
    put_header(out, "X-Request-Id", "text", "Names this request in every log; the caller's own when it sent a decent one");
    put_header(out, "ETag", "text", "For If-Match and If-None-Match");
    put_header(out, "Location", "uri", "Where it is now");
    put_header(out, "Idempotent-Replayed", "'true'", "This is the answer to an earlier request with the same Idempotency-Key");
    put_header(out, "Retry-After", "integer", "Seconds");
    put_header(out, "WWW-Authenticate", "text", "What is asked for");
    json_close_object(out);
}

static void put_problem_response(struct json_out *out, enum err_kind kind)
{
    open(out, err_default_code(kind));
    put(out, "description", kind == ERR_CONFLICT ? conflict : err_title(kind));
    open(out, "headers");
    put_header_reference(out, "X-Request-Id");
    if (kind == ERR_UNAUTHORIZED)
        put_header_reference(out, "WWW-Authenticate");
    if (kind == ERR_TOO_MANY || kind == ERR_UNAVAILABLE || kind == ERR_CONFLICT)
        put_header_reference(out, "Retry-After");
    json_close_object(out);
    open(out, "content");
    open(out, "application/problem+json");
    put_body_reference(out, schema_find("Problem", strlen("Problem")), AS_ANSWER);
    json_close_object(out);
    json_close_object(out);
    json_close_object(out);
}

static void put_responses(struct json_out *out)
{
    open(out, "responses");
    for (int kind = 0; kind < ERR_KIND_COUNT; kind++)
        if (kind != ERR_METHOD)
            put_problem_response(out, (enum err_kind)kind);
    json_close_object(out);
}

static bool signed_by(const struct route *route, const void *scheme)
{
    return route->who == SIGNED && str_equal(signature_of(route), scheme);
}

static void put_bearer(struct json_out *out, const char *name, const char *format, const char *about)
{
    open(out, name);
    put(out, "type", "http");
    put(out, "scheme", "bearer");
    put(out, "bearerFormat", format);
    put(out, "description", about);
    json_close_object(out);
}

static void put_schemes(struct json_out *out)
{
    static const struct { const char *scheme, *header, *about; } carriers[] = {
        { "twilioSignature", "X-Twilio-Signature", "Twilio's signature over the public address and the fields, by the account's token" },
        { "vapiSecret",      "X-Vapi-Secret",      "The account's webhook secret" },
        { "livekitToken",    "Authorization",      "A token of LiveKit's that holds the body's hash" },
    };

    open(out, "securitySchemes");
    put_bearer(out, "accessToken", "JWT", "`access_token` of the answer to signing in");
    put_bearer(out, "apiKey", "odk_...", "An API key");
    for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++) {
        if (!any_route(signed_by, carriers[i].scheme))
            continue;
        open(out, carriers[i].scheme);
        put(out, "type", "apiKey");
        put(out, "in", "header");
        put(out, "name", carriers[i].header);
        put(out, "description", carriers[i].about);
        json_close_object(out);
    }
    json_close_object(out);
}

static void use_schemas(unsigned *uses)
{
    struct given given;

    openapi_use_type(uses, "Problem");
    for (unsigned i = 0; i < route_count; i++) {
        const struct schema *taken = routes[i].takes ? schema_find(routes[i].takes, strlen(routes[i].takes)) : NULL;
        if (taken)
            openapi_use(uses, taken, taken_as(&routes[i]) | (routes[i].flags & LENIENT || routes[i].who == SIGNED ? AS_LENIENT : 0u));
        for (const char *at = routes[i].gives; next_given(&at, &given);) {
            const struct schema *schema = schema_find(given.what, given.length);
            if (schema)
                openapi_use(uses, schema, given.list ? AS_LIST : AS_ANSWER);
        }
    }
    for (unsigned i = 0; i < parameter_count; i++)
        if (any_route(asks_by, parameters[i].name))
            openapi_use_type(uses, parameters[i].type);
}

static void put_components(struct json_out *out)
{
    unsigned *uses = arena_array(out->str.arena, schema_count, sizeof *uses);

    use_schemas(uses);
    open(out, "components");
    put_schemes(out);
    put_all_parameters(out);
    put_headers(out);
    put_responses(out);
    open(out, "schemas");
    openapi_put_schemas(out, uses);
    json_close_object(out);
    json_close_object(out);
}

/* ---- the document ---- */

static void put_info(struct json_out *out)
{
    open(out, "info");
    put(out, "title", "Outdial");
    put(out, "version", "1");
    put(out, "description", intro);
    open(out, "license");
    put(out, "name", "Apache-2.0");
    put(out, "identifier", "Apache-2.0");
    json_close_object(out);
    json_close_object(out);
    json_name(out, "servers");
    json_open_array(out);
    json_open_object(out);
    put(out, "url", "/");
    put(out, "description", "This installation");
    json_close_object(out);
    json_close_array(out);
}

static bool is_tagged_with(const struct route *route, const void *segment)
{
    const char *mine = subject(route->pattern);
    size_t length = strlen(segment);

    return strcspn(mine, "/") == length && memcmp(mine, segment, length) == 0;
}

static void put_tags(struct json_out *out)
{
    json_name(out, "tags");
    json_open_array(out);
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        if (!tags[i].about || !any_route(is_tagged_with, tags[i].segment))
            continue;
        json_open_object(out);
        put(out, "name", tags[i].name);
        put(out, "description", tags[i].about);
        json_close_object(out);
    }
    json_close_array(out);
}

const char *openapi_write(struct arena *arena)
{
    struct json_out out = json_out_make(arena, CEILING);

    json_open_object(&out);
    put(&out, "openapi", "3.1.0");
    put_info(&out);
    put_tags(&out);
    put_paths(&out);
    put_components(&out);
    json_close_object(&out);
    return str_broken(&out.str) ? NULL : out.str.text;
}
