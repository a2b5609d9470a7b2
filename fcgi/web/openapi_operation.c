/*
 * web/openapi_operation.c - what one row of the route table becomes: who may, by which parameters, with which body, to which end.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "web/openapi_parts.h"
#include "web/route.h"

static const char *const roles[] = { [VIEWER] = "viewer", [AGENT] = "agent", [MANAGER] = "manager", [ADMIN] = "admin", [OWNER] = "owner" };

void openapi_put_reference(struct json_out *out, const char *kind, const char *name)
{
    json_put_member(out, "$ref", arena_printf(out->str.arena, "#/components/%s/%s", kind, name));
}

static bool starts_with(const struct route *route, const char *prefix)
{
    return str_starts(route->pattern, prefix);
}

/* ---- what a row says ---- */

/* GET .../leads/:id/history: getLeadsByIdHistory */
static const char *operation_id(struct arena *arena, const struct route *route)
{
    struct str s = str_make(arena, 1024);
    bool capital = true;

    for (const char *c = method_name(route->method); *c; c++)
        str_add_char(&s, (char)tolower((unsigned char)*c));
    for (const char *c = openapi_subject(route->pattern); *c; c++) {
        bool letter = isalnum((unsigned char)*c);
        if (*c == ':')
            str_add(&s, "By");
        if (letter)
            str_add_char(&s, capital ? (char)toupper((unsigned char)*c) : *c);
        capital = !letter;
    }
    return s.text;
}

bool openapi_has_segment(const struct route *route, const char *segment)
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

/* Changes one object, the tenant itself, or the rates of an account: If-Match is honoured. */
static bool conditional(const struct route *route)
{
    const char *last = strrchr(route->pattern, '/');

    return writes(route) && route->method != POST && (str_equal(last, "/:id") || str_equal(last, "/:tenant") || str_equal(last, "/rates"));
}

static bool is_form(const struct route *route)
{
    return route->who == SIGNED && route->takes && str_starts(route->takes, "Twilio");
}

/* ---- answers: "201 Lead | 202 Lead" ---- */

bool openapi_next_answer(const char **at, struct openapi_answer *out)
{
    *at += strspn(*at, " |");
    if (!**at)
        return false;
    *out = (struct openapi_answer){ .status = atoi(*at) };
    const char *end = *at + strcspn(*at, "|");
    *at += strspn(*at, "0123456789 ");
    out->list = **at == '[';
    out->what = *at + out->list;
    out->length = strcspn(out->what, "] |");
    *at = end;
    return true;
}

static bool is_media(const struct openapi_answer *given)
{
    return memchr(given->what, '/', given->length);
}

void openapi_put_body(struct json_out *out, const struct schema *schema, enum schema_use use)
{
    json_open_member(out, "schema");
    openapi_put_reference(out, "schemas", openapi_component(out->str.arena, schema, use));
    json_close_object(out);
}

static void put_text_body(struct json_out *out, const char *media)
{
    json_open_member(out, media);
    json_open_member(out, "schema");
    json_put_member(out, "type", "string");
    json_close_object(out);
    json_close_object(out);
}

/* The JSON bodies that one status may have. */
static void put_json_content(struct json_out *out, const struct route *route, int status, unsigned count)
{
    struct openapi_answer given;

    json_open_member(out, "application/json");
    json_open_member(out, "schema");
    if (count > 1) {
        json_name(out, "anyOf");
        json_open_array(out);
    }
    for (const char *at = route->gives; openapi_next_answer(&at, &given);) {
        const struct schema *schema = given.status == status && !is_media(&given) ? schema_find(given.what, given.length) : NULL;
        if (!schema)
            continue;
        if (count > 1)
            json_open_object(out);
        openapi_put_reference(out, "schemas", openapi_component(out->str.arena, schema, given.list ? AS_LIST : AS_ANSWER));
        if (count > 1)
            json_close_object(out);
    }
    if (count > 1)
        json_close_array(out);
    json_close_object(out);
    json_close_object(out);
}

static void put_content(struct json_out *out, const struct route *route, int status)
{
    struct openapi_answer given;
    unsigned json = 0, media = 0;

    for (const char *at = route->gives; openapi_next_answer(&at, &given);) {
        json += given.status == status && given.length && !is_media(&given);
        media += given.status == status && is_media(&given);
    }
    if (!json && !media)
        return;
    json_open_member(out, "content");
    if (json)
        put_json_content(out, route, status, json);
    for (const char *at = route->gives; openapi_next_answer(&at, &given);)
        if (given.status == status && is_media(&given))
            put_text_body(out, arena_copy(out->str.arena, given.what, given.length));
    json_close_object(out);
}

void openapi_put_header_reference(struct json_out *out, const char *name)
{
    json_open_member(out, name);
    openapi_put_reference(out, "headers", name);
    json_close_object(out);
}

/* reply_json() tags what a shape describes. */
static bool is_tagged(const struct openapi_answer *given)
{
    const struct schema *schema = schema_find(given->what, given->length);

    return schema && (schema->shape || schema->tagged) && !given->list;
}

static void put_success_headers(struct json_out *out, const struct route *route, const struct openapi_answer *given)
{
    json_open_member(out, "headers");
    openapi_put_header_reference(out, "X-Request-Id");
    if (is_tagged(given))
        openapi_put_header_reference(out, "ETag");
    if (given->status == 201 || route->flags & TAKES_CSV)
        openapi_put_header_reference(out, "Location");
    if (route->flags & CREATES)
        openapi_put_header_reference(out, "Idempotent-Replayed");
    json_close_object(out);
}

static const char *success_sentence(const struct openapi_answer *given)
{
    return given->status == 201 ? "It is there now" : given->status == 202 ? "Taken; the outcome is not known yet" : given->status == 204 ? "Done" : "As asked";
}

static void put_success(struct json_out *out, const struct route *route, const struct openapi_answer *first)
{
    json_open_member(out, arena_printf(out->str.arena, "%d", first->status));
    json_put_member(out, "description", success_sentence(first));
    put_success_headers(out, route, first);
    put_content(out, route, first->status);
    json_close_object(out);
}

static void put_successes(struct json_out *out, const struct route *route)
{
    struct openapi_answer given;
    int before = 0;

    for (const char *at = route->gives; openapi_next_answer(&at, &given); before = given.status) {
        if (given.status != before)
            put_success(out, route, &given);
        if (route->method == GET && given.status == 200 && is_tagged(&given)) {
            json_open_member(out, "304");
            json_put_member(out, "description", "If-None-Match names what it still is");
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
        json_open_member(out, arena_printf(out->str.arena, "%d", err_http_status((enum err_kind)kind)));
        openapi_put_reference(out, "responses", err_default_code((enum err_kind)kind));
        json_close_object(out);
    }
}

/* ---- requests ---- */

static void put_parameter_reference(struct json_out *out, const char *name)
{
    json_open_object(out);
    openapi_put_reference(out, "parameters", name);
    json_close_object(out);
}

/* "status:call" is called status-call among the components. */
const char *openapi_parameter(struct arena *arena, const char *word, size_t length)
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
    if (openapi_has_segment(route, ":tenant"))
        put_parameter_reference(out, "tenant");
    if (openapi_has_segment(route, ":id"))
        put_parameter_reference(out, id_component(route));
    if (openapi_has_segment(route, ":part"))
        put_parameter_reference(out, "part");
    for (const char *at = route->query ? route->query : ""; *(at += strspn(at, " ")); at += strcspn(at, " "))
        put_parameter_reference(out, openapi_parameter(out->str.arena, at, strcspn(at, " ")));
    if (route->flags & CREATES)
        put_parameter_reference(out, "Idempotency-Key");
    if (conditional(route))
        put_parameter_reference(out, "If-Match");
    if (route->flags & TAKES_CSV)
        put_parameter_reference(out, "Prefer");
    json_close_array(out);
}

enum schema_use openapi_taken_as(const struct route *route)
{
    return route->method == POST ? AS_CREATE : AS_UPDATE;
}

static void put_request(struct json_out *out, const struct route *route)
{
    if (!route->takes)
        return;
    json_open_member(out, "requestBody");
    json_name(out, "required");
    json_put_flag(out, !(route->flags & LENIENT));
    json_open_member(out, "content");
    const struct schema *schema = schema_find(route->takes, strlen(route->takes));
    if (schema) {
        json_open_member(out, is_form(route) ? "application/x-www-form-urlencoded" : "application/json");
        openapi_put_body(out, schema, openapi_taken_as(route));
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

const char *openapi_signature(const struct route *route)
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
        put_scheme(out, openapi_signature(route));
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

void openapi_put_operation(struct json_out *out, const struct route *route)
{
    struct arena *a = out->str.arena;
    char *method = arena_text(a, method_name(route->method));

    for (char *c = method; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    json_open_member(out, method);
    json_put_member(out, "operationId", operation_id(a, route));
    json_put_member(out, "summary", route->about);
    json_put_member(out, "description", who_may(a, route));
    json_name(out, "tags");
    json_open_array(out);
    json_put_string(out, openapi_tag(a, route));
    json_close_array(out);
    put_security(out, route);
    put_roles(out, route);
    put_parameters(out, route);
    put_request(out, route);
    json_open_member(out, "responses");
    put_successes(out, route);
    put_refusals(out, route);
    json_close_object(out);
    json_close_object(out);
}
