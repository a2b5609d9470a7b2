/*
 * base/arena.h - memory that lives exactly as long as one request.
 *
 *     struct arena *a = arena_create(8 << 20);
 *     for (;;) {
 *         ... arena_printf(a, "%s, %s", last, first) ...      nothing is freed singly
 *         arena_reset(a);                                     everything goes at once
 *     }
 *
 * Good for rows, replies, error messages.  Wrong for whatever outlives the request, and for loops
 * without end (the dialer resets its arena every tick).  Fresh memory is zero.
 *
 * Allocation does not fail: past the ceiling the arena is marked as overflowed, and from then on
 * every request for memory is answered from one spare block of the largest size that still works,
 * so that code runs on to the edge, where arena_overflowed() turns the answer into 413 or 500.
 * Only a failed malloc ends the process.  Single requests above ARENA_LARGEST are refused the same way.
 *
 * An arena belongs to one thread at a time.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define ARENA_LARGEST ((size_t)16 << 20)                        /* bytes of one piece */

struct arena;                                                   /* opaque */

struct arena *arena_create(size_t ceiling);                     /* bytes; memory is taken as it is needed */
void          arena_reset(struct arena *);                      /* everything allocated from it is gone; keeps one block */
void          arena_destroy(struct arena *);                    /* NULL is fine */

/* Zeroed memory, aligned for any type.  Never NULL. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *, size_t size) __attribute__((malloc, returns_nonnull));
/* count * size with overflow checked; overflow marks the arena. */
void *arena_array(struct arena *, size_t count, size_t size) __attribute__((returns_nonnull));
char *arena_copy(struct arena *, const void *bytes, size_t size) __attribute__((returns_nonnull));  /* NUL is added */
char *arena_text(struct arena *, const char *text);             /* copy of a C string; NULL gives NULL */
char *arena_printf(struct arena *, const char *format, ...) __attribute__((format(printf, 2, 3), returns_nonnull));
char *arena_vprintf(struct arena *, const char *format, va_list) __attribute__((format(printf, 2, 0), returns_nonnull));

/* Runs fn(data) at the next reset or destroy, last registered first: for things that are not memory. */
void arena_defer(struct arena *, void (*fn)(void *), void *data);

bool   arena_overflowed(const struct arena *);                  /* the ceiling was hit since the last reset */
size_t arena_used(const struct arena *);                        /* bytes handed out since the last reset */

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))
