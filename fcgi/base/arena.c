#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Under AddressSanitizer, memory not handed out is poisoned: a pointer kept over a reset is reported. */
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
enum { GAP = 16 };                                              /* poisoned bytes behind every piece */
#else
#define ASAN_POISON_MEMORY_REGION(start, size)   ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
enum { GAP = 0 };
#endif

enum { ALIGNMENT = _Alignof(max_align_t), FIRST_BLOCK = 4096, LARGEST_BLOCK = 256 << 10 };

struct block {
    struct block *previous;
    size_t        size, used;
    _Alignas(max_align_t) char bytes[];
};

struct deferred {
    struct deferred *previous;
    void           (*fn)(void *);
    void            *data;
};

struct arena {
    struct block    *block;                                     /* the one being filled */
    struct deferred *deferred;
    size_t           ceiling, used;
    char            *spare;                                 /* ARENA_LARGEST bytes, then a page that faults */
    size_t           spare_used;
    bool             overflowed;
};

static void *must_have(void *memory)
{
    if (!memory) {
        static const char said[] = "out of memory\n";
        (void)!write(STDERR_FILENO, said, sizeof said - 1);
        abort();
    }
    return memory;
}

struct arena *arena_create(size_t ceiling)
{
    struct arena *a = must_have(calloc(1, sizeof *a));
    a->ceiling = ceiling;
    return a;
}

static size_t guard_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static void run_deferred(struct arena *a)
{
    while (a->deferred) {
        struct deferred *d = a->deferred;
        a->deferred = d->previous;
        d->fn(d->data);
        free(d);
    }
}

void arena_reset(struct arena *a)
{
    run_deferred(a);
    while (a->block && (a->block->previous || a->block->size > LARGEST_BLOCK)) {
        struct block *previous = a->block->previous;
        /* Of the usual sizes the newest is the largest and stays; blocks made for one large piece go. */
        if (previous && a->block->size <= LARGEST_BLOCK && previous->size <= a->block->size) {
            a->block->previous = previous->previous;
            free(previous);
            continue;
        }
        free(a->block);
        a->block = previous;
    }
    if (a->block) {
        a->block->used = 0;
        ASAN_POISON_MEMORY_REGION(a->block->bytes, a->block->size);
    }
    if (a->spare)
        munmap(a->spare, ARENA_LARGEST + guard_size());
    a->spare = NULL;
    a->spare_used = 0;
    a->used = 0;
    a->overflowed = false;
}

void arena_destroy(struct arena *a)
{
    if (!a)
        return;
    arena_reset(a);
    free(a->block);
    free(a);
}

/*
 * Past the ceiling.  The spare memory is handed out in a circle, so that lists built by code that has not
 * noticed yet do not bite their own tail at once.  Larger pieces than the spare get its last bytes: whoever
 * writes past them meets a page that faults.
 */
static void *spare_alloc(struct arena *a, size_t size)
{
    a->overflowed = true;
    if (!a->spare) {
        a->spare = mmap(NULL, ARENA_LARGEST + guard_size(), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        must_have(a->spare == MAP_FAILED ? NULL : a->spare);
        mprotect(a->spare + ARENA_LARGEST, guard_size(), PROT_NONE);
    }
    if (size > ARENA_LARGEST)
        size = ARENA_LARGEST;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size > ARENA_LARGEST - a->spare_used)
        a->spare_used = 0;
    void *piece = a->spare + a->spare_used;
    a->spare_used += size;
    return memset(piece, 0, size);
}

static void add_block(struct arena *a, size_t needed)
{
    size_t size = a->block ? a->block->size * 2 : FIRST_BLOCK;
    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < needed)
        size = needed;
    struct block *b = must_have(malloc(sizeof *b + size));
    b->previous = a->block;
    b->size = size;
    b->used = 0;
    ASAN_POISON_MEMORY_REGION(b->bytes, size);
    a->block = b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (a->overflowed || size > ARENA_LARGEST || size > a->ceiling - a->used)
        return spare_alloc(a, size);
    size_t rounded = ((size ? size : 1) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT + GAP;
    if (!a->block || rounded > a->block->size - a->block->used)
        add_block(a, rounded);
    char *piece = a->block->bytes + a->block->used;
    a->block->used += rounded;
    a->used += size;
    ASAN_UNPOISON_MEMORY_REGION(piece, size ? size : 1);
    return memset(piece, 0, size);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        total = SIZE_MAX;
    return arena_alloc(a, total);
}

char *arena_copy(struct arena *a, const void *bytes, size_t size)
{
    if (size >= ARENA_LARGEST)
        return spare_alloc(a, 1);
    char *copy = arena_alloc(a, size + 1);
    if (size)
        memcpy(copy, bytes, size);
    return copy;
}

char *arena_text(struct arena *a, const char *text)
{
    return text ? arena_copy(a, text, strlen(text)) : NULL;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    char *text = arena_vprintf(a, format, values);
    va_end(values);
    return text;
}

char *arena_vprintf(struct arena *a, const char *format, va_list values)
{
    va_list again;
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        length = 0;
    if ((size_t)length >= ARENA_LARGEST)
        return spare_alloc(a, 1);
    char *text = arena_alloc(a, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, values);
    return text;
}

/* Not from the arena's own memory: what must be released survives an overflow. */
void arena_defer(struct arena *a, void (*fn)(void *), void *data)
{
    struct deferred *d = must_have(malloc(sizeof *d));
    *d = (struct deferred){ .previous = a->deferred, .fn = fn, .data = data };
    a->deferred = d;
}

bool arena_overflowed(const struct arena *a)
{
    return a->overflowed;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}
