#include "test.h"

#include "base/str.h"
#include "web/route.h"
#include "web/schemas.h"

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
