#include "test.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/uuid.h"

static struct utc instant(const char *text)
{
    struct utc at = { -1 };
    OK(utc_parse(text, &at));
    return at;
}

TEST("an instant is written in UTC with milliseconds")
{
    EQUAL_TEXT(utc_text(arena, utc_from_seconds(1767225605)), "2026-01-01T00:00:05.000Z");
    EQUAL_TEXT(utc_text(arena, (struct utc){ 1767225605123999 }), "2026-01-01T00:00:05.123Z");
    EQUAL_TEXT(utc_text(arena, (struct utc){ -1 }), "1969-12-31T23:59:59.999Z");
    EQUAL_TEXT(utc_text(arena, (struct utc){ 0 }), NULL);
}

TEST("RFC 3339 needs an offset and a real day")
{
    EQUAL_INT(instant("2026-01-01T00:00:05Z").us, 1767225605000000);
    EQUAL_INT(instant("2026-01-01t05:30:05.25+05:30").us, 1767225605250000);
    EQUAL_INT(instant("2025-12-31 19:00:05.1234567-05:00").us, 1767225605123456);
    EQUAL_INT(utc_seconds(instant("2024-02-29T12:00:00Z")), 1709208000);
    static const char *const bad[] = { "", "2026-01-01", "2026-01-01T00:00:05", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
                                       "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
                                       "2026-01-01T00:00:05.Z", "2026-01-01T00:00:05Zx",
                                       "2026-01-01T00:00:05+0530", "2026-01-01T00:00:05+05",
                                       "26-01-01T00:00:05Z", "2026-1-1T0:0:5Z",
                                       "1900-02-29T00:00:00Z", "infinity", "2026-01-01T00:00:05+24:00" };
    struct utc at = { 7 };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        OK(!utc_parse(bad[i], &at));
    OK(!utc_parse(NULL, &at) && at.us == 7);
}

TEST("PostgreSQL's own way of writing instants is understood")
{
    struct utc at;
    OK(utc_parse_row("2026-01-01 00:00:05.25+00", &at) && at.us == 1767225605250000);
    OK(utc_parse_row("2026-01-01 05:30:05+05:30", &at) && at.us == 1767225605000000);
    OK(!utc_parse_row("infinity", &at) && !utc_parse_row("2026-01-01T00:00:05Z", &at));
}

TEST("instants come back as they were, in both spellings")
{
    for (int i = 0; i < 20000; i++) {
        struct utc at = { (int64_t)(test_chance() % INT64_C(4102444800000)) * 1000 + 1000 }, back;
        OK(utc_parse(utc_text(arena, at), &back) && back.us == at.us);
        OK(utc_parse_rfc2822(utc_text_rfc2822(arena, at), &back) && back.us == at.us / 1000000 * 1000000);
    }
}

TEST("Twilio's dates are understood")
{
    struct utc at;
    OK(utc_parse_rfc2822("Thu, 01 Jan 2026 00:00:05 +0000", &at));
    EQUAL_INT(utc_seconds(at), 1767225605);
    EQUAL_TEXT(utc_text_rfc2822(arena, at), "Thu, 01 Jan 2026 00:00:05 +0000");
    OK(utc_parse_rfc2822("1 Jan 2026 01:00:05 +0100", &at) && utc_seconds(at) == 1767225605);
    OK(utc_parse_rfc2822("Thu, 01 Jan 2026 00:00:05 GMT", &at) && utc_seconds(at) == 1767225605);
    static const char *const bad[] = { "", "Thu", "Thu, ", "Thu, 01 Foo 2026 00:00:05 +0000",
        "Thu, 32 Jan 2026 00:00:05 +0000",
                                       "Thu, 01 Jan 2026 00:00:05", "Thu, 01 Jan 2026 00:00:05 +0000x",
                                       "Thu, 01 Jan 2026" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        OK(!utc_parse_rfc2822(bad[i], &at));
}

TEST("the clock of deadlines does not run backwards")
{
    int64_t last = boot_now_ms();
    for (int i = 0; i < 10000; i++) {
        int64_t now = boot_now_ms();
        OK(now >= last);
        last = now;
    }
    OK(utc_now().us > INT64_C(1700000000000000));
}

enum { IDS = 20000, MAKERS = 4 };
static struct uuid made[MAKERS][IDS];

static void *make_ids(void *out)
{
    for (int i = 0; i < IDS; i++)
        ((struct uuid *)out)[i] = uuid_make();
    return NULL;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct uuid));
}

TEST("ids grow strictly in each thread and never repeat between threads")
{
    pthread_t thread[MAKERS];
    for (int i = 0; i < MAKERS; i++)
        pthread_create(&thread[i], NULL, make_ids, made[i]);
    for (int i = 0; i < MAKERS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < MAKERS; i++)
        for (int k = 1; k < IDS; k++)
            OK(by_bytes(&made[i][k - 1], &made[i][k]) < 0);
    qsort(made, MAKERS * IDS, sizeof(struct uuid), by_bytes);
    for (int k = 1; k < MAKERS * IDS; k++)
        OK(by_bytes(&made[0][0] + k - 1, &made[0][0] + k) != 0);
}

TEST("an id is version 7, carries the time, and comes back from its text")
{
    int64_t before = utc_now().us / 1000;
    struct uuid id = uuid_make(), back;
    int64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id.byte[i];
    OK(ms >= before && ms <= utc_now().us / 1000 + 1);
    char *text = uuid_text(arena, id);
    EQUAL_INT(strlen(text), 36);
    EQUAL_INT(text[14], '7');
    OK(strchr("89ab", text[19]));
    OK(uuid_parse(text, &back) && uuid_equal(id, back));
    for (char *c = text; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c -= 32;
    OK(uuid_parse(text, &back) && uuid_equal(id, back));
    EQUAL_INT(strlen(uuid_hex(arena, id)), 32);
}

TEST("what is no UUID is refused")
{
    struct uuid id = { { 1 } };
    static const char *const bad[] = { "", "0190b0a0-0000-7000-8000-00000000000",
        "0190b0a0-0000-7000-8000-0000000000000",
                                       "0190b0a000007000800000000000000000000",
                                       "0190b0a0-0000-7000-8000-00000000000g",
                                       "{190b0a0-0000-7000-8000-000000000000}",
                                       "0190b0a00-000-7000-8000-000000000000" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        OK(!uuid_parse(bad[i], &id));
    OK(!uuid_parse(NULL, &id) && id.byte[0] == 1);
    EQUAL_TEXT(uuid_text(arena, (struct uuid){ 0 }), NULL);
}
