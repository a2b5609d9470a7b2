/*
 * command/supervise.h - keeps a handful of programs running, in one thread and one loop.
 *
 * A child that dies is a new process at once; one that dies again right away waits a little longer each time, at most
 * 900 ms.  Its pid is in PIDS/NAME.N, its output in LOGS/NAME.log.
 *
 * The supervisor adopts what a killed master leaves behind (PR_SET_CHILD_SUBREAPER): PostgreSQL's backends must be gone
 * before a new postmaster may start, nginx's workers finish what they have.  Every child asks the kernel for a signal when
 * the supervisor itself dies, so nothing stays behind in any case.  Children are in process groups of their own: Ctrl-C
 * reaches the supervisor alone, which then stops them in the right order.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/ctx.h"
#include "base/err.h"

enum { MOST_CHILDREN = 64 };

struct child {
    const char        *name;                                    /* "outdial-api" */
    int                number;                                  /* from 1 */
    const char *const *argv;
    const char *const *environment;
    int                input;                                   /* becomes its fd 0; -1 = /dev/null */
    int                extra;                                   /* becomes its fd 3; -1 = none */
    int                stop_signal;                             /* also sent when the supervisor dies */
    int                patience_ms;                             /* from stop_signal to SIGKILL */
    const char        *orphans;                                 /* name of processes it may leave behind, or NULL */
    int                orphan_signal;
    bool               orphans_first;                           /* they must be gone before it is started again */

    pid_t              pid;                                     /* 0 = not running */
    int64_t            started_ms, due_ms;                      /* due: when to start it again; 0 = running or not wanted */
    int                quick_deaths;
};

struct supervisor {
    const char   *pids, *logs;
    struct child  child[MOST_CHILDREN];
    unsigned      count;
    bool          stopping;
    sigset_t      signals;
};

/* Blocks the signals it lives by.  Before any child. */
fallible supervise_begin(struct ctx *, struct supervisor *, const char *pids, const char *logs);
/* Starts one more; *copied is its description. */
fallible supervise_start(struct ctx *, struct supervisor *, const struct child *copied);
/* Looks after them for at most wait_ms; false when somebody asked to stop. */
bool     supervise_wait(struct supervisor *, int wait_ms);
/* Stops them in the order of names (NULL-terminated); returns when nothing is left. */
void     supervise_stop(struct supervisor *, const char *const *order);
