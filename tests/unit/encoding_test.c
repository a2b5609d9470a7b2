/* Which characters bytes are: marks, zero bytes, evidence; and the same text in UTF-8. */
#include "test.h"

#include "base/str.h"
#include "model/encoding.h"

static bool collect(void *text, const char *bytes, size_t size)
{
    str_add_bytes(text, bytes, size);
    return true;
}

static const char *decoded(enum encoding encoding, const char *bytes, size_t size)
{
    struct str out = str_make(arena, 8 << 20);
    OK(encoding_decode(encoding, bytes, size, collect, &out));
    return out.text;
}

#define NAME(bytes) encoding_name(encoding_of("" bytes, sizeof bytes - 1))
#define TEXT(encoding, bytes) decoded(ENCODING_##encoding, "" bytes, sizeof bytes - 1)

TEST("a mark settles it, zero bytes tell without one")
{
    EQUAL_TEXT(NAME("\xef\xbb\xbfname\xff\xff"), "utf-8");
    EQUAL_TEXT(NAME("\xff\xfen\0"), "utf-16le");
    EQUAL_TEXT(NAME("\xfe\xff\0n"), "utf-16be");
    EQUAL_TEXT(NAME("n\0a\0m\0e\0,\0"), "utf-16le");
    EQUAL_TEXT(NAME("\0n\0a\0m\0e\0,"), "utf-16be");
    EQUAL_TEXT(NAME("name,phone\nA,1\0\n"), "utf-8");
}

TEST("UTF-8 with a few broken bytes is still UTF-8; what is none is a code page, by its letters")
{
    EQUAL_TEXT(NAME("plain"), "utf-8");
    EQUAL_TEXT(NAME("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 \xe9 x"), "utf-8");
    EQUAL_TEXT(NAME("caf\xe9"), "windows-1252");
    EQUAL_TEXT(NAME("\xdeirket Ad\xfd, G\xf6kt\xfcrk, \xc7" "a\xf0r\xfd"), "windows-1254");
    EQUAL_TEXT(NAME("\xde" "orbj\xf6" "rn Gu\xf0" "mundsson, Akureyri, \xc1rni Sn\xe6r, J\xf3n \xed h\xfa" "si"), "windows-1252");
    EQUAL_TEXT(NAME("na\xef" "ve \x93" "quoted\x94"), "windows-1252");
}

TEST("every encoding ends in the same UTF-8, without a mark")
{
    EQUAL_TEXT(TEXT(UTF_16LE, "\xff\xfe\x5e\x01i"), "\xc5\x9e\xff");
    EQUAL_TEXT(TEXT(UTF_16LE, "\xff\xfe\x5e\x01i\0"), "\xc5\x9ei");
    EQUAL_TEXT(TEXT(UTF_16BE, "\xfe\xff\x01\x5e\0i\xd8\x3d\xdc\xde"), "\xc5\x9ei\xf0\x9f\x93\x9e");
    EQUAL_TEXT(TEXT(UTF_16LE, "\0\xdcx\0"), "\xffx");
    EQUAL_TEXT(TEXT(WINDOWS_1254, "\xde\xfd\xf0"), "\xc5\x9e\xc4\xb1\xc4\x9f");
    EQUAL_TEXT(TEXT(WINDOWS_1252, "caf\xe9 \x80 \x81"), "caf\xc3\xa9 \xe2\x82\xac \xff");
}

TEST("names are found in any case, by other names too")
{
    enum encoding found;
    OK(encoding_find("UTF-16", &found) && found == ENCODING_UTF_16LE);
    OK(encoding_find("iso-8859-9", &found) && found == ENCODING_WINDOWS_1254);
    OK(encoding_find("Windows-1252", &found) && found == ENCODING_WINDOWS_1252);
    OK(!encoding_find("utf-32", &found) && !encoding_find("", &found) && !encoding_find("utf", &found));
}

TEST("pieces meet without a seam, and any bytes end somewhere")
{
    struct str long_text = str_make(arena, 4 << 20);
    for (int i = 0; i < 100000; i++)
        str_add_bytes(&long_text, i % 3 ? "a\xfe" : "\xfd", i % 3 ? 2 : 1);
    const char *text = decoded(ENCODING_WINDOWS_1254, long_text.text, long_text.length);
    OK(utf8_valid(text, strlen(text)));
    EQUAL_INT(utf8_count(text), long_text.length);
    for (int i = 0; i < 2000; i++) {
        char bytes[64];
        size_t size = test_chance() % sizeof bytes;
        for (size_t k = 0; k < size; k++)
            bytes[k] = (char)test_chance();
        enum encoding found = encoding_of(bytes, size);
        if (found != ENCODING_UTF_8)
            decoded(found, bytes, size);
    }
}
