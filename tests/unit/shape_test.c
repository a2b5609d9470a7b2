#include "test.h"

#include "base/shape.h"

struct lead {
    struct uuid id;
    const char *name;
    const char *kind;
    bool        consent;
    int32_t     tries;
    int64_t     total;
    double      price;
    struct uuid campaign;
    struct utc  due_at;
    const char *custom;
    const char *tags;
    const char *password;
    const char *source;
};

static const char *const kinds[] = { "warm", "cold", NULL };

static const struct shape lead_shape = SHAPE(struct lead, "lead",
    FIELD(struct lead, id,          OUT),
    FIELD(struct lead, name,        IN | OUT | REQUIRED, .longest = 5),
    FIELD_NAMED(struct lead, kind,  "leadKind", IN | OUT, .among = kinds),
    FIELD(struct lead, consent,     IN | OUT),
    FIELD(struct lead, tries,       IN | OUT, .lowest = 0, .highest = 10),
    FIELD(struct lead, total,       IN | OUT),
    FIELD(struct lead, price,       IN | OUT, .lowest = -1, .highest = 1),
    FIELD(struct lead, campaign,    IN | OUT),
    FIELD(struct lead, due_at,      IN | OUT),
    FIELD_JSON(struct lead, custom, IN | OUT, .longest = 20),
    FIELD_LIST(struct lead, tags,   IN | OUT, .longest = 3),
    FIELD(struct lead, password,    IN | SECRET_FIELD),
    FIELD(struct lead, source,      IN | OUT | CREATE_ONLY));

static struct ctx ctx;

static struct err *overlay(const char *body, bool creating, struct lead *out)
{
    const struct json *j;
    ctx.arena = arena;
    OK(json_read(arena, body, strlen(body), &j) == NULL);
    return shape_read(&ctx, &lead_shape, j, creating, out);
}

/* "field:code field:code" of everything wrong with the body. */
static const char *wrongs(const char *body, bool creating)
{
    struct lead lead = { 0 };
    struct str s = str_make(arena, 10000);
    struct err *e = overlay(body, creating, &lead);
    if (e && !e->fields)
        return e->code;
    for (struct err_field *f = e ? e->fields : NULL; f; f = f->next)
        str_addf(&s, "%s%s:%s", s.length ? " " : "", f->field, f->code);
    return s.text;
}

TEST("a body fills the members that it names")
{
    struct lead lead = { .total = 9 };
    OK(!overlay("{\"name\":\"Ada\",\"leadKind\":\"cold\",\"consent\":true,\"tries\":3,\"price\":-0.5,"
                "\"campaign\":\"0190b0a0-0000-7000-8000-000000000001\",\"due_at\":\"2026-01-01T00:00:05Z\","
                "\"custom\":{\"a\":1},\"tags\":[\"x\",\"yz\"],\"password\":\"s\",\"source\":\"web\"}", true,
                &lead));
    EQUAL_TEXT(lead.name, "Ada");
    EQUAL_TEXT(lead.kind, "cold");
    OK(lead.consent && lead.tries == 3 && lead.total == 9 && lead.price == -0.5);
    EQUAL_INT(lead.campaign.byte[15], 1);
    EQUAL_INT(utc_seconds(lead.due_at), 1767225605);
    EQUAL_TEXT(lead.custom, "{\"a\":1}");
    EQUAL_TEXT(lead.tags, "[\"x\",\"yz\"]");
    EQUAL_TEXT(lead.password, "s");
}

TEST("what is absent stays, what is null goes")
{
    struct lead lead = { .name = "Ada", .kind = "cold", .tries = 3, .due_at = { 5 }, .campaign = { { 1 } },
    .custom = "{}" };
    OK(!overlay("{\"tries\":4}", false, &lead));
    OK(lead.tries == 4 && lead.name && lead.kind && lead.due_at.us == 5);
    OK(!overlay("{\"leadKind\":null,\"due_at\":null,\"campaign\":null,\"custom\":null,\"tags\":null}", false,
        &lead));
    OK(!lead.kind && !lead.due_at.us && uuid_is_none(lead.campaign) && !lead.custom && lead.name);
}

TEST("each wrong thing has its code, and all are told at once")
{
    EQUAL_TEXT(wrongs("{}", true), "name:required");
    EQUAL_TEXT(wrongs("{}", false), "");
    EQUAL_TEXT(wrongs("{\"name\":null}", false), "name:required");
    EQUAL_TEXT(wrongs("{\"id\":\"x\",\"nmae\":1}", false), "id:read_only nmae:unknown_field");
    EQUAL_TEXT(wrongs("{\"source\":\"web\"}", false), "source:read_only");
    EQUAL_TEXT(wrongs("{\"name\":1,\"consent\":0,\"tries\":2.0,\"total\":\"1\",\"price\":true,\"campaign\""
                      ":1,\"due_at\":1,"
                      "\"custom\":[],\"tags\":{}}", false),
               "name:wrong_type consent:wrong_type tries:wrong_type total:wrong_type price:wrong_type "
               "campaign:wrong_type "
               "due_at:wrong_type custom:wrong_type tags:wrong_type");
    EQUAL_TEXT(wrongs("{\"consent\":null,\"tries\":null,\"price\":null}", false),
               "consent:wrong_type tries:wrong_type price:wrong_type");
    EQUAL_TEXT(wrongs("{\"name\":\"sixsix\",\"custom\":{\"a\":\"01234567890123\"},\"tags\":[\"x\",\"four\","
                      "1]}", false),
               "name:too_long custom:too_long tags[1]:too_long tags[2]:wrong_type");
    EQUAL_TEXT(wrongs("{\"leadKind\":\"hot\",\"tries\":11,\"price\":-1.5}", false),
               "leadKind:not_one_of tries:out_of_range price:out_of_range");
    EQUAL_TEXT(wrongs("{\"tries\":3000000000,\"campaign\":\"x\",\"due_at\":\"2026-01-01\"}", false),
               "tries:out_of_range campaign:malformed due_at:malformed");
    EQUAL_TEXT(wrongs("[]", true), "wrong_type");
}

TEST("length counts characters, and an error tells the cure")
{
    EQUAL_TEXT(wrongs("{\"name\":\"\xf0\x9f\x98\x80éééé\"}", true), "");
    struct lead lead = { 0 };
    struct err *e = overlay("{\"leadKind\":\"hot\"}", false, &lead);
    EQUAL_TEXT(e->message, "leadKind must be one of: warm, cold");
    EQUAL_INT(e->kind, ERR_INVALID);
    EQUAL_TEXT(e->fields->detail, e->message);
}

TEST("control characters are refused, line ends and tabs are not")
{
    EQUAL_TEXT(wrongs("{\"name\":\"a\\n\\tb\"}", true), "");
    EQUAL_TEXT(wrongs("{\"name\":\"a\\r\"}", true), "name:control_character");
    EQUAL_TEXT(wrongs("{\"name\":\"\\u007f\"}", true), "name:control_character");
    EQUAL_TEXT(wrongs("{\"name\":\"\\u0085\"}", true), "name:control_character");
    EQUAL_TEXT(wrongs("{\"name\":\"\\u00e9\\u00c2\"}", true), "");
}

TEST("endless wrong members end the list, not the process")
{
    struct str s = str_make(arena, 1 << 20);
    str_add_char(&s, '{');
    for (int i = 0; i < 20000; i++)
        str_addf(&s, "%s\"x%d\":0", i ? "," : "", i);
    str_add_char(&s, '}');
    struct lead lead = { 0 };
    int count = 0;
    for (struct err_field *f = overlay(s.text, true, &lead)->fields; f; f = f->next)
        count++;
    OK(count >= 100 && count <= 101);
}

TEST("the lenient reading overlooks strangers, not mistakes")
{
    const struct json *j;
    struct lead lead = { 0 };
    static const char good[] = "{\"name\":\"Ada\",\"extra\":1,\"id\":7}",
        bad[] = "{\"tries\":\"x\",\"extra\":1}";
    ctx.arena = arena;
    OK(!json_read(arena, good, strlen(good), &j) && !shape_read_lenient(&ctx, &lead_shape, j, &lead));
    EQUAL_TEXT(lead.name, "Ada");
    OK(!json_read(arena, bad, strlen(bad), &j));
    struct err *e = shape_read_lenient(&ctx, &lead_shape, j, &lead);
    EQUAL_TEXT(e->fields->code, "wrong_type");
    EQUAL_TEXT(e->fields->next->code, "required");
}

TEST("a reply has every OUT member and no secret; what is not set is null")
{
    struct lead lead = { .password = "s", .price = 0.25 };
    struct json_out out = json_out_make(arena, 1 << 16);
    shape_write(&out, &lead_shape, &lead);
    EQUAL_TEXT(out.str.text, "{\"id\":null,\"name\":null,\"leadKind\":null,\"consent\":false,\"tries\":0,\""
                             "total\":0,\"price\":0.25,"
                             "\"campaign\":null,\"due_at\":null,\"custom\":null,\"tags\":null,\"source\""
                             ":null}");
}

TEST("a row fills the struct, and NULL empties it")
{
    static const struct { const char *column, *text; } row[] = {
        { "id", "0190b0a0-0000-7000-8000-000000000001" }, { "name", "Ada" }, { "consent", "t" }, { "tries",
        "-3" },
        { "total", "9223372036854775807" }, { "price", "0.1" }, { "due_at", "2026-01-01 00:00:05+00" },
        { "custom", "{\"a\": 1}" } };
    struct lead lead = { .kind = "cold", .campaign = { { 1 } } };
    for (size_t i = 0; i < lead_shape.count; i++) {
        const char *text = NULL;
        for (size_t k = 0; k < sizeof row / sizeof *row; k++)
            if (str_equal(row[k].column, lead_shape.field[i].column))
                text = row[k].text;
        shape_set_column(arena, &lead_shape.field[i], text, &lead);
    }
    struct json_out out = json_out_make(arena, 1 << 16);
    shape_write(&out, &lead_shape, &lead);
    EQUAL_TEXT(out.str.text, "{\"id\":\"0190b0a0-0000-7000-8000-000000000001\",\"name\":\"Ada\",\""
                             "leadKind\":null,\"consent\":true,"
                             "\"tries\":-3,\"total\":9223372036854775807,\"price\":0.1,\"campaign\":null,"
                             "\"due_at\":\"2026-01-01T00:00:05.000Z\",\"custom\":{\"a\": 1},\"tags\":null,"
                             "\"source\":null}");
}

TEST("an error tells its chain to the log and its kind's words to clients")
{
    struct err *cause = err_make(arena, "a.c", 1, ERR_UPSTREAM, NULL, NULL, "reset");
    struct err *e = err_make(arena, "b.c", 2, ERR_CONFLICT, "already_running", cause, "cannot start %s",
        "Spring");
    EQUAL_TEXT(err_chain(arena, e), "cannot start Spring (b.c:2) because reset (a.c:1)");
    EQUAL_TEXT(e->code, "already_running");
    EQUAL_TEXT(cause->code, "upstream");
    EQUAL_INT(err_http_status(e->kind), 409);
    EQUAL_TEXT(err_title(ERR_NOT_FOUND), "Not found");
    EQUAL_TEXT(err_default_code(ERR_METHOD), "method_not_allowed");
}
