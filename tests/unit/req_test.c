#include "test.h"

#include "web/problem.h"
#include "web/req.h"
#include "web/route.h"

struct thing {
    struct uuid id;
    const char *name;
};

static const struct shape thing_shape = SHAPE(struct thing, "thing",
    FIELD(struct thing, id,   OUT),
    FIELD(struct thing, name, IN | OUT | REQUIRED, .longest = 20));

static const struct route plain = { .method = POST, .pattern = "/things" };
static const struct route lenient = { .method = POST, .pattern = "/things", .flags = LENIENT };
static struct settings settings = { .public_base_url = "https://example.test" };
static struct ctx ctx;

/* env: "NAME=value" entries, NULL-terminated. */
static struct req request(char *const *env, const char *body)
{
    ctx = (struct ctx){ .arena = arena, .request_id = "r1" };
    return (struct req){ .ctx = &ctx, .settings = &settings, .route = &plain, .env = env, .method = "POST", .path = "/things",
                         .query = "", .body = body, .body_size = strlen(body) };
}

static struct req json_request(const char *body)
{
    static char *const env[] = { "CONTENT_TYPE=application/json; charset=utf-8", NULL };
    return request(env, body);
}

static struct req query_request(const char *query)
{
    struct req r = request(NULL, "");
    r.query = query;
    OK(form_parse(arena, query, strlen(query), &r.query_pairs));
    return r;
}

TEST("headers are found by their names, whatever the case; empty ones are absent")
{
    char *const env[] = { "HTTP_IF_MATCH=\"a\"", "CONTENT_TYPE=text/csv", "HTTP_IF=no", "HTTP_X_EMPTY=", NULL };
    struct req r = request(env, "");
    EQUAL_TEXT(req_header(&r, "If-Match"), "\"a\"");
    EQUAL_TEXT(req_header(&r, "content-type"), "text/csv");
    OK(!req_header(&r, "X-Empty") && !req_header(&r, "If-Mat") && !req_header(&r, "Accept"));
}

TEST("a body becomes a struct")
{
    struct req r = json_request("{\"name\":\"Ayşe\"}");
    struct thing thing = { 0 };
    OK(req_create(&r, &thing_shape, &thing) == NULL);
    EQUAL_TEXT(thing.name, "Ayşe");
}

static enum err_kind refusal(struct req r)
{
    struct thing thing = { 0 };
    struct err *err = req_create(&r, &thing_shape, &thing);
    return err ? err->kind : ERR_KIND_COUNT;
}

TEST("what cannot be a body is refused by its kind")
{
    EQUAL_INT(refusal(json_request("{\"name\":")), ERR_BAD_REQUEST);
    EQUAL_INT(refusal(json_request("")), ERR_BAD_REQUEST);
    EQUAL_INT(refusal(json_request("[1]")), ERR_INVALID);
    EQUAL_INT(refusal(json_request("{\"nam\":\"x\"}")), ERR_INVALID);
    EQUAL_INT(refusal(request(NULL, "{\"name\":\"x\"}")), ERR_MEDIA_TYPE);
    char *const env[] = { "CONTENT_TYPE=application/jsonp", NULL };
    EQUAL_INT(refusal(request(env, "{\"name\":\"x\"}")), ERR_MEDIA_TYPE);
}

TEST("paths of the five systems ignore what they do not know, and need no body")
{
    struct req r = json_request("{\"name\":\"x\",\"more\":1}");
    struct thing thing = { 0 };
    r.route = &lenient;
    OK(req_update(&r, &thing_shape, &thing) == NULL);
    EQUAL_TEXT(thing.name, "x");

    const struct json *object;
    r = request(NULL, "");
    r.route = &lenient;
    OK(req_object(&r, &object) == NULL);
    EQUAL_INT(json_length(object), 0);
}

TEST("a page is fifty from the top unless asked otherwise")
{
    struct req r = query_request("");
    struct page page;
    OK(req_page(&r, &page) == NULL);
    EQUAL_INT(page.limit, 50);
    OK(uuid_is_none(page.after));
    r = query_request("limit=1000");
    OK(req_page(&r, &page) == NULL);
    EQUAL_INT(page.limit, 1000);
}

TEST("limits and cursors that cannot be meant are wrong fields")
{
    static const char *const bad[] = { "limit=0", "limit=1001", "limit=-1", "limit=ten", "limit=", "cursor=x", "cursor=AAAA", "cursor=!" };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct req r = query_request(bad[i]);
        struct page page;
        struct err *err = req_page(&r, &page);
        OK(err != NULL);
        EQUAL_INT(err->kind, ERR_INVALID);
        EQUAL_TEXT(err->fields->field, bad[i][0] == 'l' ? "limit" : "cursor");
    }
}

TEST("the cursor of a full page leads to the next one")
{
    struct thing things[3] = { { .id = uuid_make(), .name = "c" }, { .id = uuid_make(), .name = "b" }, { .id = uuid_make(), .name = "a" } };
    struct list rows = { .item = things, .count = 3, .size = sizeof things[0] };
    struct req r = query_request("limit=2");
    struct page page;
    const struct json *answer;

    OK(req_page(&r, &page) == NULL);
    OK(reply_list(&r, &page, &thing_shape, &rows) == NULL);
    EQUAL_INT(r.reply.status, 200);
    OK(json_read(arena, r.reply.body, r.reply.body_size, &answer) == NULL);
    EQUAL_INT(json_length(json_get(answer, "data")), 2);

    r = query_request(arena_printf(arena, "cursor=%s", json_string(json_get(answer, "next_cursor"))));
    OK(req_page(&r, &page) == NULL);
    OK(uuid_equal(page.after, things[1].id));

    rows.count = 2;
    page.limit = 2;
    OK(reply_list(&r, &page, &thing_shape, &rows) == NULL);
    OK(json_read(arena, r.reply.body, r.reply.body_size, &answer) == NULL);
    EQUAL_INT(json_type_of(json_get(answer, "next_cursor")), JSON_NULL);
}

static const char *query_refusal(const struct route *route, const char *query)
{
    struct req r = request(NULL, "");
    r.query = query;
    r.route = route;
    struct err *err = req_take_query(&r);
    return err ? err->code : NULL;
}

TEST("a query has the members of the route's line, each once")
{
    static const struct route asked = { .method = GET, .pattern = "/things", .query = "limit cursor status:thing" };
    struct req r = request(NULL, "");
    r.query = "status=x&limit=3";
    r.route = &asked;
    OK(req_take_query(&r) == NULL);
    EQUAL_TEXT(req_query(&r, "status"), "x");
    r.query = "statsu=x";
    struct err *err = req_take_query(&r);
    OK(err && strstr(err->message, "status"));
    EQUAL_TEXT(err->code, "unknown_parameter");
    EQUAL_TEXT(err->fields->field, "statsu");
    EQUAL_TEXT(query_refusal(&asked, "limit=1&limit=1"), "repeated_parameter");
    EQUAL_TEXT(query_refusal(&asked, "thing=1"), "unknown_parameter");
    EQUAL_TEXT(query_refusal(&asked, "limi=1"), "unknown_parameter");
    EQUAL_TEXT(query_refusal(&asked, "status=%ff"), "bad_query");
    EQUAL_TEXT(query_refusal(&plain, "status=x"), "unknown_parameter");
}

TEST("paths of the five systems ignore query members that they do not know")
{
    static const struct route asked = { .method = GET, .pattern = "/things", .query = "campaign_id", .flags = LENIENT };
    OK(!query_refusal(&asked, "campaign_id=1&_=17&_=18"));
    EQUAL_TEXT(query_refusal(&asked, "campaign_id=1&campaign_id=2"), "repeated_parameter");
}

TEST("If-Match takes the tag the answer had, and no older one")
{
    struct thing thing = { .id = uuid_make(), .name = "x" };
    struct req r = request(NULL, "");
    OK(reply_json(&r, 200, &thing_shape, &thing) == NULL);
    const char *tag = strstr(r.reply.header[0], "ETag: ") + 6;

    const char *const forms[] = { tag, arena_printf(arena, "W/%s", tag), arena_printf(arena, "\"old\", %s", tag), "*" };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char *const env[] = { arena_printf(arena, "HTTP_IF_MATCH=%s", forms[i]), NULL };
        r = request(env, "");
        OK(req_if_match(&r, &thing_shape, &thing) == NULL);
    }
    thing.name = "y";
    char *const env[] = { arena_printf(arena, "HTTP_IF_MATCH=%s", tag), NULL };
    r = request(env, "");
    struct err *err = req_if_match(&r, &thing_shape, &thing);
    OK(err != NULL);
    EQUAL_INT(err->kind, ERR_PRECONDITION);
    r = request(NULL, "");
    OK(req_if_match(&r, &thing_shape, &thing) == NULL);
}

static const char *language(const char *accept)
{
    char *const env[] = { arena_printf(arena, "HTTP_ACCEPT_LANGUAGE=%s", accept), NULL };
    struct req r = request(env, "");
    return req_language(&r);
}

TEST("the language is the best of those we speak")
{
    EQUAL_TEXT(language("tr"), "tr");
    EQUAL_TEXT(language("tr-TR,tr;q=0.9,en;q=0.8"), "tr");
    EQUAL_TEXT(language("de, en;q=0.5, tr;q=0.4"), "en");
    EQUAL_TEXT(language("en;q=0.1,tr;q=0.2"), "tr");
    OK(language("de") == NULL && language("") == NULL && language("trash") == NULL && language("tr;q=0") == NULL);
}

TEST("a header with a line break is not sent")
{
    struct req r = request(NULL, "");
    reply_header(&r, "Location", "/x\r\nSet-Cookie: %s", "a");
    EQUAL_INT(r.reply.header_count, 0);
}

TEST("a problem says what, where and which request; what is ours alone stays ours")
{
    const struct json *problem;
    struct req r = request(NULL, "");
    reply_problem(&r, err_field(arena, NULL, "phone", "invalid_number", "Not a number."));
    OK(json_read(arena, r.reply.body, r.reply.body_size, &problem) == NULL);
    EQUAL_INT(r.reply.status, 422);
    EQUAL_TEXT(r.reply.content_type, "application/problem+json");
    EQUAL_TEXT(json_string(json_get(problem, "type")), "https://example.test/docs/errors#invalid");
    EQUAL_TEXT(json_string(json_get(problem, "instance")), "/things");
    EQUAL_TEXT(json_string(json_get(problem, "request_id")), "r1");
    EQUAL_TEXT(json_string(json_get(json_at(json_get(problem, "errors"), 0), "code")), "invalid_number");

    reply_problem(&r, ERR(&ctx, INTERNAL, "the password is swordfish"));
    OK(!strstr(r.reply.body, "swordfish"));
    EQUAL_INT(r.reply.status, 500);
}

TEST("any path can stand in a problem")
{
    const struct json *problem;
    struct req r = request(NULL, "");
    r.path = "/\xff\x01\"\\x";
    reply_problem(&r, ERR(&ctx, NOT_FOUND, "no"));
    OK(json_read(arena, r.reply.body, r.reply.body_size, &problem) == NULL);
}

TEST("credentials are asked for again on 401, and methods told on 405")
{
    struct req r = request(NULL, "");
    reply_problem(&r, ERR(&ctx, UNAUTHORIZED, "no"));
    EQUAL_TEXT(r.reply.header[0], "WWW-Authenticate: Bearer realm=\"outdial\"");
    struct err *err = ERR(&ctx, METHOD, "no");
    err->allow = "GET";
    reply_problem(&r, err);
    EQUAL_TEXT(r.reply.header[0], "Allow: GET");
}
