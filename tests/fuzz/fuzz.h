/*
 * fuzz.h - what every target in this folder is made of.
 *
 * A target is one file that hands arbitrary bytes to one parser of outside bytes and then says what must be true of
 * the answer.  A target that only waits for a crash would miss a parser that is wrong without crashing, so each one states
 * a property: what was read and written again is the same, what was refused stays out, order does not matter.
 *
 * `make fuzz` runs each under libFuzzer with ASan and UBSan; `make check` replays the saved corpus, corpus/NAME.txt, one
 * base64 line per input.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/str.h"

#define MUST(claim) ((claim) ? (void)0 : (fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #claim), abort()))

/* The body of a target: bytes (also NUL-terminated as text), size, an empty arena and a ctx around it. */
#define FUZZ                                                                                                        \
    static void try_input(const char *bytes, size_t size, struct arena *arena, struct ctx *ctx);                    \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                                                   \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)                                                    \
    {                                                                                                               \
        static struct arena *arena;                                                                                 \
        if (!arena)                                                                                                 \
            arena = arena_create((size_t)8 << 20);                                                                  \
        struct ctx ctx = { .arena = arena, .request_id = "fuzz" };                                                  \
        char *text = malloc(size + 1);      /* of the exact size, so that a step too far is seen */                 \
        if (!text)                                                                                                  \
            abort();                                                                                                \
        memcpy(text, data, size);                                                                                   \
        text[size] = '\0';                                                                                          \
        try_input(text, size, arena, &ctx);                                                                         \
        free(text);                                                                                                 \
        arena_reset(arena);                                                                                         \
        return 0;                                                                                                   \
    }                                                                                                               \
    static void try_input(const char *bytes, size_t size, struct arena *arena, struct ctx *ctx)

/* Cuts the next line off a text; NULL at its end.  For targets that need several values. */
static inline const char *next_part(struct arena *arena, const char **at, const char *end)
{
    if (!*at || *at > end)
        return NULL;
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    const char *part = arena_copy(arena, *at, (size_t)((stop ? stop : end) - *at));
    *at = stop ? stop + 1 : NULL;
    return part;
}
