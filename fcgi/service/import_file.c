/*
 * service/import_file.c - see service/import_file.h.
 */
#include "service/import_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define GIVEN_BACK ((size_t)8 << 20)                            /* bytes at a time */

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}
#define FD __attribute__((cleanup(close_fd))) int

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

/* In the folder of imports where there is one: memory is scarce in some /tmp. */
static int nameless_file(struct arena *a, const char *folder)
{
    const char *temporary = getenv("TMPDIR"), *places[] = { folder, temporary && *temporary ? temporary : "/tmp" };

    for (size_t i = 0; i < 2; i++) {
        char *path = arena_printf(a, "%s/reading-XXXXXX", places[i]);
        int fd = mkostemp(path, O_CLOEXEC);
        if (fd < 0)
            continue;
        unlink(path);
        return fd;
    }
    return -1;
}

static fallible map_file(struct ctx *ctx, int fd, struct import_bytes *out)
{
    struct stat about;

    if (fstat(fd, &about) || !S_ISREG(about.st_mode))
        FAIL(ctx, INVALID, "Only a plain file can be imported.");
    *out = (struct import_bytes){ .size = (size_t)about.st_size };
    if (out->size == 0)
        return NULL;
    void *map = mmap(NULL, out->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        FAIL(ctx, INTERNAL, "the file cannot be read: %s", strerror(errno));
    madvise(map, out->size, MADV_SEQUENTIAL);
    out->at = map;
    return NULL;
}

fallible import_bytes_take(struct ctx *ctx, const char *folder, const struct import_source *source, struct import_bytes *out)
{
    FD fd = source->path ? open(source->path, O_RDONLY | O_CLOEXEC) : nameless_file(ctx->arena, folder);

    if (fd < 0 || (!source->path && !write_all(fd, source->bytes, source->size)))
        FAIL(ctx, INTERNAL, "the file cannot be opened: %s", strerror(errno));
    return map_file(ctx, fd, out);
}

void import_bytes_release(struct import_bytes *b)
{
    if (b->at)
        munmap(b->at, b->size);
    *b = (struct import_bytes){ 0 };
}

static bool write_piece(void *fd, const char *bytes, size_t size)
{
    return write_all(*(int *)fd, bytes, size);
}

fallible import_bytes_decode(struct ctx *ctx, const char *folder, enum encoding encoding, struct import_bytes *b)
{
    FD fd = nameless_file(ctx->arena, folder);

    if (fd < 0 || !encoding_decode(encoding, b->at, b->size, write_piece, &fd))
        FAIL(ctx, INTERNAL, "the file cannot be decoded: %s", strerror(errno));
    import_bytes_release(b);
    return map_file(ctx, fd, b);
}

void import_bytes_forget(struct import_bytes *b, size_t offset)
{
    if (b->at && offset > GIVEN_BACK)
        madvise(b->at, offset & ~(GIVEN_BACK - 1), MADV_DONTNEED);
}

const char *import_kept_path(struct arena *a, const char *folder, struct uuid import_id)
{
    return arena_printf(a, "%s/%s.csv", folder, uuid_text(a, import_id));
}

/* A second name costs nothing; where that is not allowed, a copy.  It has its name only when it is whole. */
bool import_keep(struct ctx *ctx, const char *folder, struct uuid import_id, const struct import_source *source, const struct import_bytes *b)
{
    const char *path = import_kept_path(ctx->arena, folder, import_id), *half = arena_printf(ctx->arena, "%s.half", path);

    if (access(path, R_OK) == 0 || (source->path && link(source->path, path) == 0))
        return true;
    mkdir(folder, 0700);
    if (source->path && link(source->path, path) == 0)
        return true;
    FD fd = open(half, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0 && write_all(fd, b->at, b->size) && rename(half, path) == 0)
        return true;
    if (fd >= 0)
        unlink(half);
    return false;
}
