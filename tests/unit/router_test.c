#include "test.h"

#include "web/router.h"

static fallible nothing(struct req *r)
{
    (void)r;
    return NULL;
}

static const struct route table[] = {
    { .method = GET,   .pattern = "/healthz",                            .handler = nothing },
    { .method = GET,   .pattern = "/api/tenants/:tenant/leads",          .handler = nothing },
    { .method = POST,  .pattern = "/api/tenants/:tenant/leads",          .handler = nothing },
    { .method = GET,   .pattern = "/api/tenants/:tenant/leads/:id",      .handler = nothing },
    { .method = PATCH, .pattern = "/api/tenants/:tenant/leads/:id",      .handler = nothing },
    { .method = POST,  .pattern = "/api/tenants/:tenant/leads/import",   .handler = nothing },
    { .method = GET,   .pattern = "/api/tenants/:tenant/reports/:part",  .handler = nothing },
};

static struct match find(const char *method, const char *path)
{
    return router_find(arena, table, sizeof table / sizeof table[0], method, path);
}

TEST("a path finds its row, and its names are handed over")
{
    struct match m = find("GET", "/api/tenants/acme/leads/17");
    EQUAL_INT(m.outcome, MATCH_FOUND);
    OK(m.route == &table[3]);
    EQUAL_TEXT(m.tenant, "acme");
    EQUAL_TEXT(m.id, "17");
    OK(m.part == NULL);
    EQUAL_TEXT(find("GET", "/api/tenants/acme/reports/calls").part, "calls");
}

TEST("HEAD is GET")
{
    OK(find("HEAD", "/healthz").route == &table[0]);
}

TEST("the method tells rows of one path apart")
{
    OK(find("GET", "/api/tenants/acme/leads").route == &table[1]);
    OK(find("POST", "/api/tenants/acme/leads").route == &table[2]);
}

TEST("a wrong method is told which ones are right")
{
    struct match m = find("DELETE", "/api/tenants/acme/leads");
    EQUAL_INT(m.outcome, MATCH_NO_METHOD);
    EQUAL_TEXT(m.allow, "GET, HEAD, POST, OPTIONS");
    EQUAL_INT(find("get", "/healthz").outcome, MATCH_NO_METHOD);
    EQUAL_INT(find("", "/healthz").outcome, MATCH_NO_METHOD);
}

TEST("OPTIONS is answered for every path there is")
{
    struct match m = find("OPTIONS", "/api/tenants/acme/leads/17");
    EQUAL_INT(m.outcome, MATCH_OPTIONS);
    EQUAL_TEXT(m.allow, "GET, HEAD, PATCH, OPTIONS");
    EQUAL_INT(find("OPTIONS", "/nothing").outcome, MATCH_NO_PATH);
}

TEST("a literal segment beats a name, whatever the method")
{
    OK(find("POST", "/api/tenants/acme/leads/import").route == &table[5]);
    struct match m = find("GET", "/api/tenants/acme/leads/import");
    EQUAL_INT(m.outcome, MATCH_NO_METHOD);
    EQUAL_TEXT(m.allow, "POST, OPTIONS");
}

TEST("segments are decoded one by one")
{
    EQUAL_TEXT(find("GET", "/api/tenants/acme/leads/a%20b+c").id, "a b+c");
    EQUAL_TEXT(find("GET", "/api/tenants/acme/leads/%C4%B0").id, "İ");
    OK(find("GET", "/he%61lthz").route == &table[0]);
}

TEST("a path that is not canonical is unknown")
{
    static const char *const bad[] = {
        "", "/", "healthz", "//healthz", "/healthz/", "/Healthz", "/healthz//", "/./healthz", "/x/../healthz",
        "/%2e/healthz", "/x/%2e%2e/healthz", "/healthz%00", "/healthz%0a", "/api/tenants/acme/leads/%2f",
        "/api/tenants/acme/leads/a%2fb", "/api/tenants/acme/leads/%", "/api/tenants/acme/leads/%4",
        "/api/tenants/acme/leads/%zz", "/api/tenants/acme/leads/%ff", "/api/tenants/acme/leads/%c0%af",
        "/api/tenants/acme/leads/.", "/api/tenants/acme/leads/..", "/api/tenants//leads", "/healthz.", "/healthz;x=1",
        "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (find("GET", bad[i]).outcome != MATCH_NO_PATH)
            fail_msg("\"%s\" was found", bad[i]);
    }
}

TEST("bytes without meaning are never found and never hurt")
{
    for (int round = 0; round < 20000; round++) {
        size_t length = test_chance() % 40;
        char *path = (char *)test_bytes(length);
        for (size_t i = 0; i < length; i++)
            path[i] = path[i] ? path[i] : '/';
        EQUAL_INT(find("GET", path).outcome, MATCH_NO_PATH);
        EQUAL_INT(find("GET", arena_printf(arena, "/%s", path)).outcome, MATCH_NO_PATH);
        if (arena_used(arena) > ((size_t)16 << 20))
            arena_reset(arena);
    }
}

TEST("no two rows of the real table say the same, and each has a handler and a sentence")
{
    for (unsigned i = 0; i < route_count; i++) {
        OK(routes[i].handler && routes[i].about && routes[i].pattern[0] == '/');
        OK(!(routes[i].flags & CREATES) || routes[i].method == POST);
        for (unsigned k = 0; k < i; k++)
            OK(routes[i].method != routes[k].method || strcmp(routes[i].pattern, routes[k].pattern) != 0);
    }
}
