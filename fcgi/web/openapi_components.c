/*
 * web/openapi_components.c - what operations share: parameters, headers, refusals, ways to sign in, schemas.
 */
#include <string.h>

#include "base/str.h"
#include "web/openapi_parts.h"
#include "web/route.h"

static const char conflict[] =
    "Not possible in the present state. When the gate refuses a call, `code` is the first of do_not_call, call_already_open, caller_id, "
    "campaign_state, destination, minimum_gap, outside_hours, concurrency and rate, and `errors` has every reason with the instant when it clears.";

static void put_parameter(struct json_out *out, const char *component, const char *in, const char *name, const char *type, const char *about)
{
    json_open_member(out, component);
    json_put_member(out, "name", name);
    json_put_member(out, "in", in);
    if (str_equal(in, "path")) {
        json_name(out, "required");
        json_put_flag(out, true);
    }
    json_put_member(out, "description", about);
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
    return openapi_has_segment(route, segment);
}

static void put_all_parameters(struct json_out *out)
{
    struct arena *a = out->str.arena;

    json_open_member(out, "parameters");
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
            put_parameter(out, openapi_parameter(a, p->name, strlen(p->name)), "query", arena_copy(a, p->name, strcspn(p->name, ":")), p->type, p->about);
    }
    json_close_object(out);
}

static void put_header(struct json_out *out, const char *name, const char *type, const char *about)
{
    json_open_member(out, name);
    json_put_member(out, "description", about);
    json_name(out, "schema");
    openapi_put_type(out, type);
    json_close_object(out);
}

static void put_headers(struct json_out *out)
{
    json_open_member(out, "headers");
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
    json_open_member(out, err_default_code(kind));
    json_put_member(out, "description", kind == ERR_CONFLICT ? conflict : err_title(kind));
    json_open_member(out, "headers");
    openapi_put_header_reference(out, "X-Request-Id");
    if (kind == ERR_UNAUTHORIZED)
        openapi_put_header_reference(out, "WWW-Authenticate");
    if (kind == ERR_TOO_MANY || kind == ERR_UNAVAILABLE || kind == ERR_CONFLICT)
        openapi_put_header_reference(out, "Retry-After");
    json_close_object(out);
    json_open_member(out, "content");
    json_open_member(out, "application/problem+json");
    openapi_put_body(out, schema_find("Problem", strlen("Problem")), AS_ANSWER);
    json_close_object(out);
    json_close_object(out);
    json_close_object(out);
}

static void put_responses(struct json_out *out)
{
    json_open_member(out, "responses");
    for (int kind = 0; kind < ERR_KIND_COUNT; kind++)
        if (kind != ERR_METHOD)
            put_problem_response(out, (enum err_kind)kind);
    json_close_object(out);
}

static bool signed_by(const struct route *route, const void *scheme)
{
    return route->who == SIGNED && str_equal(openapi_signature(route), scheme);
}

static void put_bearer(struct json_out *out, const char *name, const char *format, const char *about)
{
    json_open_member(out, name);
    json_put_member(out, "type", "http");
    json_put_member(out, "scheme", "bearer");
    json_put_member(out, "bearerFormat", format);
    json_put_member(out, "description", about);
    json_close_object(out);
}

static void put_schemes(struct json_out *out)
{
    static const struct { const char *scheme, *header, *about; } carriers[] = {
        { "twilioSignature", "X-Twilio-Signature", "Twilio's signature over the public address and the fields, by the account's token" },
        { "vapiSecret",      "X-Vapi-Secret",      "The account's webhook secret" },
        { "livekitToken",    "Authorization",      "A token of LiveKit's that holds the body's hash" },
    };

    json_open_member(out, "securitySchemes");
    put_bearer(out, "accessToken", "JWT", "`access_token` of the answer to signing in");
    put_bearer(out, "apiKey", "odk_...", "An API key");
    for (size_t i = 0; i < sizeof carriers / sizeof *carriers; i++) {
        if (!any_route(signed_by, carriers[i].scheme))
            continue;
        json_open_member(out, carriers[i].scheme);
        json_put_member(out, "type", "apiKey");
        json_put_member(out, "in", "header");
        json_put_member(out, "name", carriers[i].header);
        json_put_member(out, "description", carriers[i].about);
        json_close_object(out);
    }
    json_close_object(out);
}

static void use_schemas(unsigned *uses)
{
    struct openapi_answer given;

    openapi_use_type(uses, "Problem");
    for (unsigned i = 0; i < route_count; i++) {
        const struct schema *taken = routes[i].takes ? schema_find(routes[i].takes, strlen(routes[i].takes)) : NULL;
        if (taken)
            openapi_use(uses, taken, openapi_taken_as(&routes[i]) | (routes[i].flags & LENIENT || routes[i].who == SIGNED ? AS_LENIENT : 0u));
        for (const char *at = routes[i].gives; openapi_next_answer(&at, &given);) {
            const struct schema *schema = schema_find(given.what, given.length);
            if (schema)
                openapi_use(uses, schema, given.list ? AS_LIST : AS_ANSWER);
        }
    }
    for (unsigned i = 0; i < parameter_count; i++)
        if (any_route(asks_by, parameters[i].name))
            openapi_use_type(uses, parameters[i].type);
}

void openapi_put_components(struct json_out *out)
{
    unsigned *uses = arena_array(out->str.arena, schema_count, sizeof *uses);

    use_schemas(uses);
    json_open_member(out, "components");
    put_schemes(out);
    put_all_parameters(out);
    put_headers(out);
    put_responses(out);
    json_open_member(out, "schemas");
    openapi_put_schemas(out, uses);
    json_close_object(out);
    json_close_object(out);
}
