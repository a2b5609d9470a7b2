/*
 * command/command.h - the operator's program `outdial`: one table of commands, one manner of failing.
 *
 *     outdial tenant add --name "Example Ltd"
 *
 * A command is a row in fcgi/main_ctl.c and a function.  The row says what it needs; main has settings, memory and the
 * database ready before the function runs, as role owner's ctx with principal "command".  The function prints its result
 * on standard output and returns NULL, or an error whose sentence, fields and cure main prints on standard error.
 * Exit status: 0 done, 1 refused or failed, 2 called wrongly.
 *
 * Arguments: invocation_option() and invocation_flag() take theirs out of the list; invocation_word() takes the next plain
 * word; invocation_done() refuses what is left.  So a command reads its options first, then its words.
 *
 * `outdial --state DIR ...` (or the variable STATE, as for run) speaks to the stack that `outdial run` keeps in DIR.
 */
#pragma once

#include <stdbool.h>

#include "base/ctx.h"
#include "base/err.h"
#include "base/settings.h"

enum need {
    NEEDS_SETTINGS = 1,                                         /* settings are loaded and right */
    NEEDS_DATABASE = 2                                          /* and ctx->db connects as DATABASE_URL says */
};

struct invocation {
    struct ctx            *ctx;
    const struct settings *settings;                            /* all NULL without NEEDS_SETTINGS */
    const struct command  *command;
    int                    argc;                                /* what is left to read */
    char                 **argv;
};

struct command {
    const char *name;
    const char *usage;                                          /* behind "outdial NAME" */
    const char *about;                                          /* one sentence */
    fallible  (*run)(struct invocation *);
    unsigned    needs;
};

extern const struct command commands[];
extern const unsigned       command_count;

/* The value of "--name VALUE" or "--name=VALUE"; NULL when not given.  The last one given counts. */
const char *invocation_option(struct invocation *, const char *name);
bool        invocation_flag(struct invocation *, const char *name);     /* "--name" was given */
const char *invocation_word(struct invocation *);               /* the next argument; NULL = no more */
/* BAD_REQUEST with the usage when anything is left, and for a command that was called wrongly. */
fallible    invocation_done(struct invocation *);
struct err *invocation_wrong(struct invocation *) __attribute__((returns_nonnull));

/* A standing folder of this installation: "sql", "public", "nginx", "build/vendor".  Found from the program's own place. */
const char *installed_path(struct arena *, const char *below);

fallible command_run(struct invocation *);
fallible command_migrate(struct invocation *);
fallible command_init(struct invocation *);
fallible command_tenant(struct invocation *);
fallible command_user(struct invocation *);
fallible command_numbers(struct invocation *);
fallible command_leads(struct invocation *);
fallible command_campaign(struct invocation *);
fallible command_dnc(struct invocation *);
fallible command_doctor(struct invocation *);
fallible command_routes(struct invocation *);
fallible command_states(struct invocation *);
