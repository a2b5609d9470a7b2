#include "test.h"

static int order[4], runs;

static void note(void *data)
{
    order[runs++] = *(int *)data;
}

TEST("memory is zero and aligned, also after a reset has given it back")
{
    for (int round = 0; round < 3; round++) {
        for (size_t size = 0; size < 3000; size += 7) {
            unsigned char *bytes = arena_alloc(arena, size);
            OK((uintptr_t)bytes % _Alignof(max_align_t) == 0);
            for (size_t i = 0; i < size; i++)
                OK(bytes[i] == 0);
            memset(bytes, 0xa5, size);
        }
        arena_reset(arena);
        EQUAL_INT(arena_used(arena), 0);
    }
}

TEST("pieces do not overlap, whatever their sizes")
{
    enum { PIECES = 500 };
    unsigned char *piece[PIECES];
    size_t size[PIECES];
    for (int i = 0; i < PIECES; i++) {
        size[i] = test_chance() % 5000;
        piece[i] = memset(arena_alloc(arena, size[i]), i & 0xff, size[i]);
    }
    for (int i = 0; i < PIECES; i++)
        for (size_t k = 0; k < size[i]; k++)
            OK(piece[i][k] == (i & 0xff));
}

TEST("past the ceiling code runs on, and the arena says so until it is reset")
{
    struct arena *small = arena_create(1000);
    arena_alloc(small, 900);
    OK(!arena_overflowed(small));
    char *past = arena_alloc(small, 200);
    OK(arena_overflowed(small));
    memset(past, 1, 200);
    OK(arena_alloc(small, 200) != past);
    EQUAL_TEXT(arena_printf(small, "%d", 42), "42");
    arena_reset(small);
    OK(!arena_overflowed(small));
    arena_alloc(small, 900);
    OK(!arena_overflowed(small));
    arena_destroy(small);
}

TEST("a piece that is too large, and a count that overflows, mark the arena")
{
    OK(arena_alloc(arena, ARENA_LARGEST + 1));
    OK(arena_overflowed(arena));
    arena_reset(arena);
    OK(arena_array(arena, SIZE_MAX / 2, 3));
    OK(arena_overflowed(arena));
    arena_reset(arena);
    memset(arena_array(arena, 10, 10), 1, 100);
    OK(!arena_overflowed(arena));
}

TEST("what was deferred runs at the reset, the last one first, and once")
{
    int one = 1, two = 2, three = 3;
    runs = 0;
    arena_defer(arena, note, &one);
    arena_defer(arena, note, &two);
    arena_defer(arena, note, &three);
    arena_reset(arena);
    EQUAL_INT(runs, 3);
    EQUAL_INT(order[0], 3);
    EQUAL_INT(order[2], 1);
    arena_reset(arena);
    EQUAL_INT(runs, 3);
}

TEST("copies end with NUL, and no text gives no text")
{
    EQUAL_TEXT(arena_copy(arena, "abcdef", 3), "abc");
    EQUAL_TEXT(arena_copy(arena, NULL, 0), "");
    EQUAL_TEXT(arena_text(arena, NULL), NULL);
    EQUAL_TEXT(arena_printf(arena, "%s, %s", "last", "first"), "last, first");
    arena_destroy(NULL);
}
