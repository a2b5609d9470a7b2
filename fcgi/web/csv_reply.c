/*
 * web/csv_reply.c - see web/csv_reply.h.
 */
#include "web/csv_reply.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void forget(void *data)
{
    struct csv_reply *file = data;

    close(file->fd);
    unlink(file->path);
}

fallible csv_reply_open(struct req *r, struct csv_reply *out)
{
    const char *directory = getenv("TMPDIR");
    char *path = arena_printf(r->ctx->arena, "%s/outdial-export-XXXXXX", directory && *directory ? directory : "/tmp");
    int fd = mkostemp(path, O_CLOEXEC);

    if (fd < 0)
        FAIL(r->ctx, INTERNAL, "cannot make a temporary file: %s", strerror(errno));
    *out = (struct csv_reply){ .fd = fd, .path = path };
    struct csv_reply *kept = ARENA_NEW(r->ctx->arena, struct csv_reply);
    *kept = *out;
    arena_defer(r->ctx->arena, forget, kept);
    return NULL;
}

fallible csv_reply_done(struct req *r, struct csv_reply *file, const char *name)
{
    TRY(reply_text(r, 200, "text/csv; charset=utf-8", NULL, 0));
    reply_header(r, "Content-Disposition", "attachment; filename=\"%s\"", name);
    r->reply.file = file->path;
    return NULL;
}

bool req_wants_csv(struct req *r)
{
    const char *accept = req_header(r, "Accept");

    return accept && strstr(accept, "text/csv");
}
