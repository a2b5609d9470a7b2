/*
 * command/state.h - where a stack keeps what is its own, and as whom it runs.
 *
 * STATE is one folder: postgres/ logs/ pids/ sandbox/ nginx/ uploads/ run/ and the files secrets.env, outdial.env, run.env,
 * run.lock.  PostgreSQL refuses root, so root makes the user "outdial", gives it the folder and becomes it for good.
 *
 * Two things may stand in the way, and both are told aloud:
 *   - that user cannot pass through a folder above STATE: what STATE holds is then kept under /var/tmp, and STATE has
 *     links to it, so that every path in STATE still works for whoever may enter it;
 *   - it cannot pass through a folder above the programs: they are then copied beside the state at every start.
 * A path too long for a unix socket moves run/ to /tmp in the same way.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/ctx.h"
#include "base/err.h"

struct state {
    const char *shown;                                          /* STATE as an absolute path: what people are told */
    const char *home;                                           /* where things really are; the same unless told aloud */
    const char *sockets;                                        /* short enough for a unix socket's name */
    const char *programs;                                       /* folder of outdial-api and the others */
    const char *share;                                          /* folder of sql/ public/ nginx/ */
    const char *vendor;                                         /* browser files */
    bool        sockets_elsewhere;
    int         lock;
};

/* Makes the folder, becomes the unprivileged user when root, and locks the state against a second stack. */
fallible state_open(struct ctx *, const char *directory, struct state *out);
void     state_close(struct state *);

/* Path of a file or folder of the state. */
char    *state_path(struct ctx *, const struct state *, const char *below);
/* Replaces the file in one step. */
fallible state_write(struct ctx *, const char *path, mode_t, const char *text);
/* The file's text, at most 1 MiB; NULL when there is none. */
char    *state_read(struct ctx *, const char *path);
