#include "test.h"

#include "base/str.h"

TEST("a text grows to its ceiling and is broken behind it")
{
    struct str s = str_make(arena, 10);
    str_add(&s, "12345");
    str_add(&s, NULL);
    str_addf(&s, "%d", 67890);
    OK(!str_broken(&s));
    EQUAL_TEXT(s.text, "1234567890");
    str_add_char(&s, '!');
    OK(str_broken(&s));
    str_add(&s, "more");
    EQUAL_TEXT(s.text, "1234567890");
}

TEST("what grows in many steps equals what was added")
{
    struct str s = str_make(arena, 1 << 20);
    for (int i = 0; i < 20000; i++)
        str_addf(&s, "%05d", i);
    EQUAL_INT(s.length, 100000);
    for (int i = 0; i < 20000; i += 777)
        EQUAL_INT(atoi(arena_copy(arena, s.text + i * 5, 5)), i);
}

TEST("NULL equals only NULL, and begins nothing")
{
    OK(str_equal(NULL, NULL) && str_equal("a", "a"));
    OK(!str_equal(NULL, "") && !str_equal("a", NULL) && !str_equal("a", "b"));
    OK(str_starts("campaign", "camp") && !str_starts("camp", "campaign") && !str_starts(NULL, ""));
    OK(str_blank(NULL) && str_blank("") && str_blank(" \t\r\n") && !str_blank(" x "));
    EQUAL_TEXT(str_trim(arena, " \n a b \t"), "a b");
    EQUAL_TEXT(str_trim(arena, "  "), "");
}

TEST("a whole number is the whole text and within its range")
{
    int64_t n = 7;
    static const char *const bad[] = { "", " 1", "1 ", "+1", "1.0", "0x10", "-", "--1",
        "99999999999999999999", "1e3" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        OK(!str_to_long(bad[i], INT64_MIN, INT64_MAX, &n));
    OK(!str_to_long(NULL, 0, 9, &n) && !str_to_long("10", 0, 9, &n));
    EQUAL_INT(n, 7);
    OK(str_to_long("-9223372036854775808", INT64_MIN, INT64_MAX, &n));
    EQUAL_INT(n, INT64_MIN);
}

TEST("a real number is finite and the whole text")
{
    double d = 7;
    OK(!str_to_double("nan", -1e9, 1e9, &d) && !str_to_double("inf", -1e9, 1e9, &d));
    OK(!str_to_double("0x1p3", -1e9, 1e9, &d) && !str_to_double(" 1", -1e9, 1e9, &d));
    OK(!str_to_double("1e999", -1e308, 1e308, &d) && !str_to_double("2", 0, 1, &d) && d == 7);
    OK(str_to_double("-2.5e1", -100, 100, &d) && d == -25);
}

TEST("UTF-8 is strict: no overlong forms, no surrogates, nothing above U+10FFFF, no NUL")
{
    static const char *const bad[] = { "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf",
    "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf",
                                       "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80",
                                       "\xf5\x80\x80\x80", "\x80", "\xff",
                                       "\xe2\x82", "\xf0\x9f\x98", "a\xc3" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        OK(!utf8_valid(bad[i], strlen(bad[i])));
    OK(!utf8_valid("a\0b", 3));
    OK(utf8_valid("", 0) && utf8_valid("\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80", 10));
    EQUAL_INT(utf8_count("aé€😀"), 4);
}

TEST("every character is valid UTF-8 except NUL and surrogates, and XML takes fewer")
{
    for (uint32_t c = 0; c <= 0x110000; c++) {
        char bytes[4];
        size_t size = test_utf8(bytes, c);
        bool surrogate = c >= 0xd800 && c <= 0xdfff;
        bool xml = c == 9 || c == 10 || c == 13 || (c >= 0x20 && c != 0xfffe && c != 0xffff);
        if (utf8_valid(bytes, size) != (c && !surrogate && c <= 0x10ffff))
            fail_msg("U+%04X", c);
        if (utf8_valid_xml(bytes, size) != (xml && !surrogate && c <= 0x10ffff))
            fail_msg("XML U+%04X", c);
    }
}

TEST("percent-encoding comes back as it was")
{
    for (int i = 0; i < 2000; i++) {
        char *text = test_text(test_chance() % 40);
        char *encoded = url_encode(arena, text);
        EQUAL_TEXT(url_decode(arena, encoded, strlen(encoded), true), text);
        OK(encoded[strspn(encoded,
            "%0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~")] == '\0');
    }
    EQUAL_TEXT(url_encode(arena, "+1 (212)"), "%2B1%20%28212%29");
}

TEST("malformed percent-encoding is refused")
{
    static const char *const bad[] = { "%", "a%2", "%zz", "%0", "%00", "a%1g", "% 1", "%+1" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EQUAL_TEXT(url_decode(arena, bad[i], strlen(bad[i]), false), NULL);
    EQUAL_TEXT(url_decode(arena, "a+b%2B", 6, false), "a+b+");
    EQUAL_TEXT(url_decode(arena, "a+b%2B", 6, true), "a b+");
    EQUAL_TEXT(url_decode(arena, "ab%41", 3, false), NULL);
}

static bool form(const char *text, struct pairs *out)
{
    return form_parse(arena, text, strlen(text), out);
}

TEST("a form keeps order and repeated names")
{
    struct pairs pairs;
    OK(form("To=%2B15550100&To=x&&Empty=&Bare&a+b=c%3Dd=e", &pairs));
    EQUAL_INT(pairs.count, 5);
    EQUAL_TEXT(pairs_find(&pairs, "To"), "+15550100");
    EQUAL_TEXT(pairs.item[1].value, "x");
    EQUAL_TEXT(pairs_find(&pairs, "Empty"), "");
    EQUAL_TEXT(pairs_find(&pairs, "Bare"), "");
    EQUAL_TEXT(pairs_find(&pairs, "a b"), "c=d=e");
    EQUAL_TEXT(pairs_find(&pairs, "absent"), NULL);
    OK(form("", &pairs));
    EQUAL_INT(pairs.count, 0);
}

TEST("a form that is malformed, not UTF-8, holding NUL or endless is refused")
{
    struct pairs pairs;
    OK(!form("a=%", &pairs) && !form("a=%ff", &pairs) && !form("%00=1", &pairs) && !form("a=\xff", &pairs));
    OK(!form_parse(arena, "a=\0", 3, &pairs));
    struct str s = str_make(arena, 1 << 20);
    for (int i = 0; i < 1000; i++)
        form_add(&s, "n", "v");
    OK(form(s.text, &pairs));
    EQUAL_INT(pairs.count, 1000);
    form_add(&s, "n", "v");
    OK(!form(s.text, &pairs));
}

TEST("a form that was written is read as it was")
{
    for (int i = 0; i < 300; i++) {
        char *name = test_text(1 + test_chance() % 9), *value = test_text(test_chance() % 30);
        struct str s = str_make(arena, 1 << 16);
        form_add(&s, name, value);
        form_add(&s, "next", "&=+ %");
        struct pairs pairs;
        OK(form(s.text, &pairs));
        EQUAL_TEXT(pairs.item[0].name, name);
        EQUAL_TEXT(pairs.item[0].value, value);
        EQUAL_TEXT(pairs_find(&pairs, "next"), "&=+ %");
    }
}

TEST("hex and base64 come back as they were, in both alphabets, with and without padding")
{
    for (size_t length = 0; length < 300; length++) {
        unsigned char *bytes = test_bytes(length), *back = arena_alloc(arena, length);
        OK(hex_decode(hex_encode(arena, bytes, length), back, length));
        assert_memory_equal(back, bytes, length);
        char *texts[] = { base64_encode(arena, bytes, length), base64url_encode(arena, bytes, length) };
        for (int i = 0; i < 2; i++) {
            size_t size = 999;
            unsigned char *decoded = base64_decode(arena, texts[i], &size);
            OK(decoded && size == length);
            assert_memory_equal(decoded, bytes, length);
        }
        EQUAL_INT(strlen(texts[0]) % 4, 0);
        OK(!strpbrk(texts[1], "+/="));
    }
}

TEST("the examples of RFC 4648")
{
    EQUAL_TEXT(base64_encode(arena, "foobar", 6), "Zm9vYmFy");
    EQUAL_TEXT(base64_encode(arena, "fooba", 5), "Zm9vYmE=");
    EQUAL_TEXT(base64_encode(arena, "f", 1), "Zg==");
    EQUAL_TEXT(base64url_encode(arena, "\xfb\xff", 2), "-_8");
}

TEST("what is neither hex nor base64 is refused")
{
    size_t size;
    unsigned char out[4] = "abc";
    static const char *const bad[] = { "A", "AAAAA", "A===", "AA=", "AA==A", "=AAA", "A A=", "AB==", "AAB=",
        "Zm9v\n", "é" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        OK(!base64_decode(arena, bad[i], &size));
    OK(!base64_decode(arena, NULL, &size));
    OK(!hex_decode("abc", out, 2) && !hex_decode("abcg", out, 2) && !hex_decode("abcdef", out, 2)
        && !hex_decode(NULL, out, 0));
    EQUAL_INT(out[0], 'a');
}

TEST("a stranger's bytes are shown without harm, up to a length")
{
    EQUAL_TEXT(utf8_shown(arena, "a\xff\tb\r\nc\0d\x1b[31m", 14, 100), "a?\tb c?d?[31m");
    EQUAL_TEXT(utf8_shown(arena, "\xc3\xa4\xc3\xa4", 4, 3), "\xc3\xa4?");
    EQUAL_TEXT(utf8_shown(arena, "abc", 3, 2), "ab");
    EQUAL_TEXT(utf8_shown(arena, "", 0, 2), "");
}
