#include "test.h"

#include <time.h>

#include "base/json.h"

static const struct json *read_bytes(const char *bytes, size_t length)
{
    const struct json *out = NULL;
    struct err *e = json_read(arena, bytes, length, &out);
    if (e)
        EQUAL_INT(e->kind, ERR_BAD_REQUEST);
    return e ? NULL : out;
}

static const struct json *read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void refuses(const char *text, const char *why)
{
    const struct json *out;
    struct err *e = json_read(arena, text, strlen(text), &out);
    if (!e)
        fail_msg("accepted: %s", text);
    if (!strstr(e->message, why))
        fail_msg("%s: %s", text, e->message);
}

TEST("the twelve texts that parsers tend to swallow are refused, with the place")
{
    refuses("{\"a\":1,\"a\":2}", "at byte 7 there is a name that the object has already");
    refuses("\"a\\u0000b\"", "U+0000");
    refuses("\"\xff\"", "not UTF-8");
    refuses("{'a':1}", "at byte 1");
    refuses("'a'", "no JSON value");
    refuses("NaN", "no JSON value");
    refuses("{} {}", "at byte 3 there is something behind the value");
    refuses("99999999999999999999", "too large");
    refuses("[1,]", "no JSON value");
    refuses("1e999", "too large");
    refuses("/* a */ 1", "no JSON value");
    refuses("\"\\ud800\"", "surrogate");
    refuses("{a:1}", "name in double quotes");
}

TEST("more that RFC 8259 does not know")
{
    static const char *const bad[] = {
        "", " ", "{", "[", "]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "[,1]", "[1 2]", "01", "-", "+1",
        ".5", "1.", "1e",
        "1e+", "--1", "-a", "Infinity", "-Infinity", "nul", "True", "truefalse", "\"", "\"\\\"", "\"\\x41\"",
        "\"\\u12\"", "\"\\u12g4\"",
        "\"\t\"", "\"\n\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\\ud800x\"", "{1:2}", "{null:1}",
        "\xef\xbb\xbf{}", "1 1", "0x10",
        "9223372036854775808", "-9223372036854775809", "\"\xed\xa0\x80\"", "\"\xc0\x80\"", "[1]]",
        "{\"a\":1}}", "\x0c[]", "undefined",
        "{\"a\":1 \"b\":2}", "[\"a\":1]", "\"abc", "-1e-", "1_000" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refuses(bad[i], "at byte");
    OK(!read_bytes("1\0", 2) && !read_bytes("\"a\0b\"", 5) && !read_bytes("[1\0]", 4));
}

TEST("names are compared as they are meant, not as they are spelled")
{
    refuses("{\"a\":1,\"\\u0061\":2}", "has already");
    refuses("{\"\\ud83d\\ude00\":1,\"😀\":2}", "has already");
    refuses("{\"x\":{\"b\":1,\"b\":2}}", "has already");
    refuses("{\"\":1,\"\":2}", "has already");
    OK(read_text("{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}],\"A\":3,\"ab\":4}"));
}

TEST("values keep their kind: a whole real stays a real")
{
    const struct json *j = read_text(" { \"i\" : -9223372036854775808, \"r\":2.0, \"e\":1e3, \"s\":\"\\\"\\"
                                     "u00e9\\ud83d\\ude00\\/\\b\","
                                     "\"t\":true, \"n\":null, \"a\":[1,\"x\",[],{}] } ");
    int64_t i;
    double d;
    bool b = false;
    OK(j);
    EQUAL_INT(json_type_of(j), JSON_OBJECT);
    EQUAL_INT(json_length(j), 7);
    OK(json_integer(json_get(j, "i"), &i) && i == INT64_MIN);
    EQUAL_INT(json_type_of(json_get(j, "r")), JSON_REAL);
    OK(!json_integer(json_get(j, "r"), &i) && json_number(json_get(j, "r"), &d) && d == 2);
    EQUAL_INT(json_type_of(json_get(j, "e")), JSON_REAL);
    EQUAL_TEXT(json_string(json_get(j, "s")), "\"é😀/\b");
    OK(json_flag(json_get(j, "t"), &b) && b);
    OK(json_number(json_get(j, "i"), &d) && !json_number(json_get(j, "s"), &d) && !json_flag(json_get(j,
        "i"), &b));
    const struct json *a = json_get(j, "a");
    EQUAL_INT(json_length(a), 4);
    EQUAL_TEXT(json_string(json_at(a, 1)), "x");
    OK(!json_at(a, 4) && !json_at(j, 0) && !json_get(a, "x"));
    EQUAL_TEXT(json_string(json_at(a, 0)), NULL);
}

TEST("null is not the same as absent, and both are of the type null")
{
    const struct json *j = read_text("{\"n\":null}");
    OK(json_get(j, "n") && !json_get(j, "m"));
    EQUAL_INT(json_type_of(json_get(j, "n")), JSON_NULL);
    EQUAL_INT(json_type_of(json_get(j, "m")), JSON_NULL);
    EQUAL_INT(json_type_of(read_text("null")), JSON_NULL);
    EQUAL_TEXT(json_text(arena, json_get(j, "n")), "null");
    EQUAL_INT(json_length(json_get(j, "n")), 0);
}

TEST("sixteen levels are read, seventeen are not")
{
    OK(read_text("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"));
    OK(read_text("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\""
                 "a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}}}}}}}}"));
    refuses("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", "too many levels");
}

static double seconds_of(const char *bytes, size_t length, bool good)
{
    struct timespec a, b;
    const struct json *out;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    OK((json_read(arena, bytes, length, &out) == NULL) == good);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

TEST("a mebibyte of [ is refused at once")
{
    char *text = memset(arena_alloc(arena, 1 << 20), '[', 1 << 20);
    OK(seconds_of(text, 1 << 20, false) < 0.001);
}

TEST("a hundred thousand names in one object cost no more than their number")
{
    struct str s = str_make(arena, 4 << 20);
    str_add_char(&s, '{');
    for (int i = 0; i < 100000; i++)
        str_addf(&s, "%s\"n%d\":0", i ? "," : "", i);
    struct str twice = str_make(arena, 4 << 20);
    str_addf(&twice, "%s,\"n0\":1}", s.text);
    str_add_char(&s, '}');
    OK(seconds_of(s.text, s.length, true) < 2);
    OK(seconds_of(twice.text, twice.length, false) < 2);
}

TEST("no more than so many values")
{
    char *text = arena_alloc(arena, JSON_NODES * 2 + 8), *to = text;
    *to++ = '[';
    for (int i = 0; i < JSON_NODES - 1; i++)
        to = stpcpy(to, i ? ",1" : "1");
    strcpy(to, "]");
    OK(read_text(text));
    strcpy(to, ",1]");
    refuses(text, "too many values");
}

TEST("no more than so many objects, because each costs much more than its two bytes")
{
    char *text = arena_alloc(arena, JSON_OBJECTS * 3 + 8), *to = text;
    *to++ = '[';
    for (int i = 0; i < JSON_OBJECTS; i++)
        to = stpcpy(to, i ? ",{}" : "{}");
    strcpy(to, "]");
    OK(read_text(text));
    strcpy(to, ",{}]");
    refuses(text, "too many objects");
}

TEST("random bytes never crash, and what is accepted is written and read again as the same")
{
    static const char parts[] = "{}[]:,\"\\\"truefalsenull0123456789.eE+-u \n\xc3\xa9\xff";
    int accepted = 0;
    for (int i = 0; i < 200000; i++) {
        char text[24];
        size_t length = test_chance() % sizeof text;
        for (size_t k = 0; k < length; k++)
            text[k] = parts[(test_chance() >> 20) % (sizeof parts - 1)];
        const struct json *j = read_bytes(text, length);
        if (j) {
            accepted++;
            char *once = json_text(arena, j);
            const struct json *again = read_text(once);
            OK(again && json_type_of(again) == json_type_of(j));
            EQUAL_TEXT(json_text(arena, again), once);
        }
        if (i % 1000 == 0)
            arena_reset(arena);
    }
    OK(accepted > 100);
}

/* Writes a random value of at most so many levels. */
static void put_random(struct json_out *out, int levels)
{
    switch (test_chance() % (levels ? 7 : 5)) {
    case 0: json_put_null(out); break;
    case 1: json_put_flag(out, test_chance() & 1); break;
    case 2: json_put_integer(out, (int64_t)test_chance()); break;
    case 3: json_put_real(out, (double)(int64_t)test_chance() / 1e7); break;
    case 4: json_put_string(out, test_text(test_chance() % 12)); break;
    case 5:
        json_open_array(out);
        for (int i = (int)(test_chance() % 5); i > 0; i--)
            put_random(out, levels - 1);
        json_close_array(out);
        break;
    default:
        json_open_object(out);
        for (int i = (int)(test_chance() % 5); i > 0; i--) {
            json_name(out, arena_printf(arena, "%d%s", i, test_text(3)));
            put_random(out, levels - 1);
        }
        json_close_object(out);
    }
}

TEST("whatever is written is read, and cutting it anywhere is noticed")
{
    for (int i = 0; i < 3000; i++) {
        struct json_out out = json_out_make(arena, 1 << 20);
        json_open_array(&out);
        put_random(&out, 6);
        json_close_array(&out);
        OK(!str_broken(&out.str) && read_text(out.str.text));
        OK(!read_bytes(out.str.text, test_chance() % out.str.length));
        if (i % 100 == 0)
            arena_reset(arena);
    }
}

TEST("text and reals come back exactly")
{
    for (int i = 0; i < 2000; i++) {
        char *text = test_text(test_chance() % 50);
        uint64_t bits = test_chance();
        double number, back;
        memcpy(&number, &bits, sizeof number);
        if (number - number != 0)
            continue;
        struct json_out out = json_out_make(arena, 1 << 16);
        json_open_array(&out);
        json_put_string(&out, text);
        json_put_real(&out, number);
        json_close_array(&out);
        const struct json *j = read_text(out.str.text);
        EQUAL_TEXT(json_string(json_at(j, 0)), text);
        OK(json_number(json_at(j, 1), &back) && back == number);
    }
}

TEST("the writer keeps commas, escapes and what cannot be written right")
{
    struct json_out out = json_out_make(arena, 1 << 16);
    json_open_object(&out);
    json_name(&out, "a\"b");
    json_open_array(&out);
    json_put_integer(&out, -1);
    json_put_real(&out, 0.1);
    json_put_real(&out, 1.0 / 0.0);
    json_put_string(&out, "\x01\n\\");
    json_put_string(&out, NULL);
    json_put_string(&out, "x\xff");
    json_close_array(&out);
    json_name(&out, "raw");
    json_put_raw(&out, "{\"k\":1}");
    json_name(&out, "none");
    json_put_raw(&out, NULL);
    json_close_object(&out);
    EQUAL_TEXT(out.str.text, "{\"a\\\"b\":[-1,0.1,null,\"\\u0001\\n\\\\\",null,\"x\\ufffd\"],\"raw\":{\"k\""
                             ":1},\"none\":null}");
}

static fallible collect(void *data, const char *name, const struct json *value)
{
    struct str *s = data;
    if (strcmp(name, "stop") == 0)
        return err_make(arena, __FILE__, __LINE__, ERR_INVALID, NULL, NULL, "stopped");
    str_addf(s, "%s=%s ", name, json_text(arena, value));
    return NULL;
}

TEST("members are met in their order, up to the first error")
{
    struct str s = str_make(arena, 1000);
    struct err *e = json_each(read_text("{\"z\":1,\"a\":null,\"m\":[2.50],\"stop\":0,\"b\":1}"), collect, &s);
    OK(e);
    EQUAL_TEXT(s.text, "z=1 a=null m=[2.50] ");
}
