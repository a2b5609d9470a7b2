#include "test.h"

#include "base/str.h"
#include "web/route.h"
#include "web/openapi.h"
#include "web/openapi_parts.h"

static void each_word(const char *text, const char *separators, void (*check)(const struct route *, const char *, size_t), const struct route *route)
{
    for (const char *at = text; *(at += strspn(at, " |"));) {
        size_t length = strcspn(at, separators);
        check(route, at, length);
        at += length;
    }
}

static void is_parameter(const struct route *route, const char *name, size_t length)
{
    if (!parameter_find(name, length))
        fail_msg("%s: no row of fcgi/web/parameters.c is called %.*s", route->pattern, (int)length, name);
}

static void is_schema(const struct route *route, const char *name, size_t length)
{
    if (!memchr(name, '/', length) && !schema_find(name, length))
        fail_msg("%s: no row of fcgi/web/schemas.c is called %.*s", route->pattern, (int)length, name);
}

/* "200 [Lead]", "204", "200 text/csv" */
static void is_answer(const struct route *route, const char *answer, size_t length)
{
    size_t digits = strspn(answer, "0123456789");
    if (digits != 3 || answer[0] != '2')
        fail_msg("%s: \"%.*s\" does not begin with a status of success", route->pattern, (int)length, answer);
    const char *what = answer + digits + strspn(answer + digits, " [");
    size_t name = strcspn(what, " ]|");
    if (what < answer + length && name)
        is_schema(route, what, name);
    else if (strncmp(answer, "204", 3) != 0)
        fail_msg("%s: \"%.*s\" does not tell what is answered", route->pattern, (int)length, answer);
}

TEST("every row names what it gives, takes and is asked by, in words that are known")
{
    for (unsigned i = 0; i < route_count; i++) {
        const struct route *route = &routes[i];
        if (!route->gives)
            fail_msg("%s %s does not say what it gives", method_name(route->method), route->pattern);
        each_word(route->gives, "|", is_answer, route);
        each_word(route->query ? route->query : "", " ", is_parameter, route);
        if (route->takes)
            is_schema(route, route->takes, strlen(route->takes));
        bool with_body = route->method == POST || route->method == PUT || route->method == PATCH;
        bool may_have_body = with_body || route->method == DELETE;
        if (route->takes ? !may_have_body : with_body && !(route->flags & NO_BODY))
            fail_msg("%s %s: takes is missing, or one too many", method_name(route->method), route->pattern);
    }
}

/* ---- the document ---- */

static const struct json *document(void)
{
    const struct json *read;
    const char *text = openapi_write(arena);

    assert_non_null(text);
    struct err *err = json_read(arena, text, strlen(text), &read);
    if (err)
        fail_msg("the document is no JSON: %s", err->message);
    return read;
}

static fallible count_members(void *data, const char *name, const struct json *value)
{
    (void)name;
    *(size_t *)data += json_length(value);
    return NULL;
}

/* "/leads/:id" -> "/leads/{id}" */
static const char *braced(const char *pattern)
{
    char *path = arena_alloc(arena, 2 * strlen(pattern) + 1), *to = path;
    bool name = false;

    for (; *pattern; pattern++) {
        if (name && *pattern == '/') {
            *to++ = '}';
            name = false;
        }
        *to++ = *pattern == ':' ? '{' : *pattern;
        name = name || *pattern == ':';
    }
    if (name)
        *to = '}';
    return path;
}

static const struct json *operation_of(const struct json *doc, const struct route *route)
{
    static const char *const names[] = { [GET] = "get", [POST] = "post", [PUT] = "put", [PATCH] = "patch", [DELETE] = "delete" };
    return json_get(json_get(json_get(doc, "paths"), braced(route->pattern)), names[route->method]);
}

TEST("every route is described, and nothing else is")
{
    const struct json *doc = document();
    size_t described = 0;

    for (unsigned i = 0; i < route_count; i++)
        if (!operation_of(doc, &routes[i]))
            fail_msg("%s %s is not in the document", method_name(routes[i].method), routes[i].pattern);
    OK(json_each(json_get(doc, "paths"), count_members, &described) == NULL);
    EQUAL_INT(described, route_count);
}

TEST("operations have names of their own")
{
    const struct json *doc = document();

    for (unsigned i = 0; i < route_count; i++)
        for (unsigned k = 0; k < i; k++)
            if (str_equal(json_string(json_get(operation_of(doc, &routes[i]), "operationId")),
                          json_string(json_get(operation_of(doc, &routes[k]), "operationId"))))
                fail_msg("%s and %s have one operationId", routes[i].pattern, routes[k].pattern);
}

TEST("every operation says how it succeeds, and what it refuses")
{
    const struct json *doc = document();

    for (unsigned i = 0; i < route_count; i++) {
        const struct json *responses = json_get(operation_of(doc, &routes[i]), "responses");
        OK(json_get(responses, arena_copy(arena, routes[i].gives, 3)));
        OK(json_get(responses, "503") && json_get(responses, "429"));
        EQUAL_INT(json_get(responses, "413") != NULL, routes[i].takes != NULL);
        OK(routes[i].who < VIEWER || json_get(responses, "401"));
    }
}

TEST("every operation is under a tag that has a description")
{
    const struct json *doc = document(), *tags = json_get(doc, "tags");

    for (unsigned i = 0; i < route_count; i++) {
        const char *mine = json_string(json_at(json_get(operation_of(doc, &routes[i]), "tags"), 0));
        bool found = false;
        for (size_t k = 0; k < json_length(tags); k++)
            found = found || str_equal(json_string(json_get(json_at(tags, k), "name")), mine);
        if (!found)
            fail_msg("%s is tagged \"%s\", which no row of tags[] in fcgi/web/openapi.c is", routes[i].pattern, mine);
    }
}

TEST("what the document refers to is in it")
{
    const struct json *doc = document();
    const char *text = openapi_write(arena), *mark = "\"$ref\":\"#/components/";

    for (const char *at = text; (at = strstr(at, mark));) {
        at += strlen(mark);
        const char *kind = arena_copy(arena, at, strcspn(at, "/")), *name = at + strlen(kind) + 1;
        if (!json_get(json_get(json_get(doc, "components"), kind), arena_copy(arena, name, strcspn(name, "\""))))
            fail_msg("there is no %.*s", (int)strcspn(at, "\""), at);
    }
}

TEST("no row of schemas and parameters stands there for nothing")
{
    const char *text = openapi_write(arena);

    for (unsigned i = 0; i < schema_count; i++)
        if (!strstr(text, arena_printf(arena, "#/components/schemas/%s", schemas[i].name)))
            fail_msg("no route gives or takes a %s", schemas[i].name);
    for (unsigned i = 0; i < parameter_count; i++)
        if (!strstr(text, arena_printf(arena, "#/components/parameters/%.*s", (int)strcspn(parameters[i].name, ":"), parameters[i].name)))
            fail_msg("no route is asked by %s", parameters[i].name);
}

static const char *schema_of(const char *type)
{
    struct json_out out = json_out_make(arena, 4096);
    openapi_put_type(&out, type);
    return out.str.text;
}

TEST("the notation becomes JSON Schema")
{
    EQUAL_TEXT(schema_of("text"), "{\"type\":\"string\"}");
    EQUAL_TEXT(schema_of("uuid|null"), "{\"type\":[\"string\",\"null\"],\"format\":\"uuid\"}");
    EQUAL_TEXT(schema_of("'a'|'b'"), "{\"type\":\"string\",\"enum\":[\"a\",\"b\"]}");
    EQUAL_TEXT(schema_of("'a, [b'|null"), "{\"type\":[\"string\",\"null\"],\"enum\":[\"a, [b\",null]}");
    EQUAL_TEXT(schema_of("[Lead]"), "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Lead\"}}");
    EQUAL_TEXT(schema_of("Lead|null"), "{\"anyOf\":[{\"$ref\":\"#/components/schemas/Lead\"},{\"type\":\"null\"}]}");
    EQUAL_TEXT(schema_of("any"), "{}");
    EQUAL_TEXT(schema_of("{a?: integer, b: {c: boolean}|null}"),
               "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"format\":\"int64\"},\"b\":{\"type\":[\"object\",\"null\"],"
               "\"properties\":{\"c\":{\"type\":\"boolean\"}},\"required\":[\"c\"]}},\"required\":[\"b\"]}");
}

TEST("a shape becomes what is answered, what creates and what changes")
{
    const struct json *all = json_get(json_get(document(), "components"), "schemas");
    const struct json *answered = json_get(all, "Trunk"), *made = json_get(all, "TrunkCreate"), *changed = json_get(all, "TrunkUpdate");

    OK(json_get(json_get(answered, "properties"), "created_at") && !json_get(json_get(made, "properties"), "created_at"));
    EQUAL_TEXT(json_text(arena, json_get(made, "required")), "[\"trunk_sid\"]");
    OK(json_get(json_get(made, "properties"), "trunk_sid") && !json_get(json_get(changed, "properties"), "trunk_sid"));
    EQUAL_INT(json_length(json_get(changed, "required")), 0);
    bool more = true;
    OK(json_flag(json_get(made, "additionalProperties"), &more) && !more);
}
