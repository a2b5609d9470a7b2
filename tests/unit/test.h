/*
 * test.h - unit tests whose names are sentences.  One program per file, totals by cmocka.
 *
 *     TEST("a draft can start, but never jumps straight to done")
 *     {
 *         OK(campaign_may_go(CAMPAIGN_DRAFT, CAMPAIGN_RUNNING));
 *         OK(!campaign_may_go(CAMPAIGN_DRAFT, CAMPAIGN_DONE));
 *     }
 *
 * A test puts itself on the list before main runs.  `arena` is fresh for every test and gone after it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

enum { MOST_TESTS = 256 };

static struct CMUnitTest tests[MOST_TESTS];
static size_t test_count;
static struct arena *arena;

static inline int test_begin(void **state)
{
    (void)state;
    arena = arena_create((size_t)64 << 20);
    return 0;
}

static inline int test_end(void **state)
{
    (void)state;
    arena_destroy(arena);
    arena = NULL;
    return 0;
}

static inline void test_list(const char *sentence, void (*run)(void **))
{
    if (test_count == MOST_TESTS)
        abort();
    tests[test_count++] = (struct CMUnitTest){ sentence, run, test_begin, test_end, NULL };
}

#define TEST_PASTE_(a, b) a##b
#define TEST_NAME_(a, b) TEST_PASTE_(a, b)
#define TEST_AT_(sentence, line)                                                                             \
    static void TEST_NAME_(test_, line)(void **);                                                            \
    __attribute__((constructor)) static void TEST_NAME_(list_, line)(void)                                   \
    {                                                                                                        \
        test_list(sentence, TEST_NAME_(test_, line));                                                        \
    }                                                                                                        \
    static void TEST_NAME_(test_, line)(void **test_state __attribute__((unused)))
#define TEST(sentence) TEST_AT_(sentence, __LINE__)

#define OK(expression) _assert_true((expression) ? 1 : 0, #expression, __FILE__, __LINE__)

static inline void test_equal_text(const char *got, const char *wanted, const char *said, const char *file,
                                   int line)
{
    if (got == wanted || (got && wanted && strcmp(got, wanted) == 0))
        return;
    print_error("%s is \"%s\", not \"%s\"\n", said, got ? got : "(null)", wanted ? wanted : "(null)");
    _fail(file, line);
}

static inline void test_equal_int(long long got, long long wanted, const char *said, const char *file,
                                  int line)
{
    if (got == wanted)
        return;
    print_error("%s is %lld, not %lld\n", said, got, wanted);
    _fail(file, line);
}

#define EQUAL_TEXT(got, wanted) test_equal_text((got), (wanted), #got, __FILE__, __LINE__)
#define EQUAL_INT(got, wanted) test_equal_int((long long)(got), (long long)(wanted), #got, __FILE__, __LINE__)

/* Chance that is the same in every run, for properties tried on many inputs. */
static inline uint64_t test_chance(void)
{
    static uint64_t state = 0x853c49e6748fea9b;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* length random bytes, in the arena, with a NUL behind them. */
static inline unsigned char *test_bytes(size_t length)
{
    unsigned char *bytes = arena_alloc(arena, length + 1);
    for (size_t i = 0; i < length; i++)
        bytes[i] = (unsigned char)(test_chance() >> 24);
    return bytes;
}

/* Bytes written as UTF-8 for one character; to has room for 4. */
static inline size_t test_utf8(char *to, uint32_t c)
{
    if (c < 0x80)
        return to[0] = (char)c, 1;
    if (c < 0x800)
        return to[0] = (char)(0xc0 | c >> 6), to[1] = (char)(0x80 | (c & 63)), 2;
    if (c < 0x10000)
        return to[0] = (char)(0xe0 | c >> 12), to[1] = (char)(0x80 | (c >> 6 & 63)),
               to[2] = (char)(0x80 | (c & 63)), 3;
    return to[0] = (char)(0xf0 | c >> 18), to[1] = (char)(0x80 | (c >> 12 & 63)),
           to[2] = (char)(0x80 | (c >> 6 & 63)), to[3] = (char)(0x80 | (c & 63)), 4;
}

/* Text of characters that XML and JSON can both carry, some of them awkward. */
static inline char *test_text(size_t characters)
{
    static const uint32_t awkward[] = { '<', '>', '&', '"', '\'', '\\', '/', '\n', '\t', ' ', ']', 0x7f, 0x85,
                                        0x131, 0x2028, 0xd7ff, 0xe000, 0xfffd, 0x10000, 0x1f600, 0x10ffff };
    char *text = arena_alloc(arena, characters * 4 + 1), *to = text;
    for (size_t i = 0; i < characters; i++) {
        uint64_t chance = test_chance() >> 16;
        uint32_t c = chance & 1 ? awkward[(chance >> 1) % (sizeof awkward / sizeof *awkward)]
                                : 0x20 + (chance >> 1) % 0x1000;
        to += test_utf8(to, c);
    }
    return text;
}

int main(void)
{
    return _cmocka_run_group_tests(__BASE_FILE__, tests, test_count, NULL, NULL);
}
