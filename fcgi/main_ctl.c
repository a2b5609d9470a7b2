/*
 * outdial - the operator's command.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/http.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "command/command.h"
#include "db/db.h"

enum { MEMORY_CEILING = 256 << 20 };

const struct command commands[] = {
    /* name       usage                                   what it does */
    { "run",      "",                                     "Starts a whole stack in the foreground; STATE and PORT say where.",
                  command_run, 0 },
    { "init",     "--email ADDRESS [--name NAME]",        "Prepares an empty database: schema, first tenant, a link for its owner.",
                  command_init, NEEDS_SETTINGS },
    { "migrate",  "[--dry-run]",                          "Brings the database to the present schema.",
                  command_migrate, NEEDS_SETTINGS },
    { "tenant",   "add NAME [--slug S] [--country US] [--locale en] | list | window [--tenant T] [--gap MINUTES] HH:MM HH:MM"
                  " | money [--tenant T] CUR [--day AMOUNT|none] [--credit AMOUNT|none] | countries [--tenant T] own|CC... | networks [--tenant T] --clear|CIDR...",
                  "Customers of this installation: their calling window, where they may call, the networks they are open to.",
                  command_tenant, NEEDS_SETTINGS | NEEDS_DATABASE },
    { "user",     "add [--tenant T] --role ROLE [--name N] [--phone P] [--platform] [--password-stdin] EMAIL | list [--tenant T]"
                  " | password [--password-stdin] EMAIL | totp-reset EMAIL",
                  "People: without --password-stdin they get a one-time link.",
                  command_user, NEEDS_SETTINGS | NEEDS_DATABASE },
    { "numbers",  "import [--tenant T] [--account ID] | list [--tenant T] | link [--tenant T] NUMBER CAMPAIGN|none | "
                  "search [--tenant T] [--country CC] [--type local|toll_free|mobile] [--area-code N] [--contains DIGITS] | "
                  "buy [--tenant T] [--campaign C] NUMBER | release [--tenant T] NUMBER",
                  "Numbers to call from: fetches the carrier's list, links them to campaigns.",
                  command_numbers, NEEDS_SETTINGS | NEEDS_DATABASE },
    { "leads",    "import [--tenant T] [--country CC] [--encoding E] [--delimiter D] [--header yes|no] [--map M] [--policy P] [--list L] FILE | "
                  "list [--tenant T] [--search TEXT] [--limit N] | export [FILE] [--tenant T] [--search TEXT | --list L]",
                  "Leads in and out as CSV.",
                  command_leads, NEEDS_SETTINGS | NEEDS_DATABASE },
    { "campaign", "list [--tenant T] | show|start|pause|resume|stop [--tenant T] [CAMPAIGN] | link-number [--tenant T] [--campaign C] [--test-lead +N] [NUMBER]",
                  "Campaigns by id or name, the default run without one; show checks the whole way of a call.",
                  command_campaign, NEEDS_SETTINGS | NEEDS_DATABASE },
    { "dnc",      "add [--tenant T] [--campaign ID | --platform] [--reason TEXT] NUMBER | list [--tenant T] | check [--tenant T] NUMBER",
                  "Numbers that are not called.",
                  command_dnc, NEEDS_SETTINGS | NEEDS_DATABASE },
    { "doctor",   "",                                     "Checks what can be checked: settings, database, clock, zones, disk.",
                  command_doctor, 0 },
    { "routes",   "[--openapi]",                                    "Prints every address that is served, and who may use it.",
                  command_routes, 0 },
    { "states",   "",                                     "Prints the tables of states and ranks.",
                  command_states, 0 },
};

const unsigned command_count = sizeof commands / sizeof *commands;

static void print_help(FILE *to)
{
    fputs("usage: outdial [--state DIR] COMMAND ...\n\n", to);
    for (unsigned i = 0; i < command_count; i++)
        fprintf(to, "  outdial %s %s\n        %s\n", commands[i].name, commands[i].usage, commands[i].about);
}

static const struct command *find(const char *name)
{
    for (unsigned i = 0; name && i < command_count; i++)
        if (str_equal(commands[i].name, name))
            return &commands[i];
    return NULL;
}

static int print_error(const struct err *err)
{
    fprintf(stderr, "outdial: %s\n", err->message);
    for (const struct err_field *f = err->fields; f; f = f->next)
        if (!str_equal(f->detail, err->message))
            fprintf(stderr, "    %s: %s\n", f->field, f->detail);
    for (const struct err *cause = err->cause; cause; cause = cause->cause)
        fprintf(stderr, "    because %s\n", cause->message);
    return err->kind == ERR_BAD_REQUEST ? 2 : 1;
}

static fallible prepare(struct ctx *ctx, unsigned needs, struct settings *settings)
{
    if (!(needs & (NEEDS_SETTINGS | NEEDS_DATABASE)))
        return NULL;
    TRY(settings_load(ctx->arena, settings));
    if (settings->master_key && !secret_master_key(settings->master_key))
        FAIL(ctx, INVALID, "OUTDIAL_MASTER_KEY must be 32 bytes, as 64 hex digits or base64");
    if (!(needs & NEEDS_DATABASE))
        return NULL;
    if (!settings->database_url)
        FAIL(ctx, INVALID, "DATABASE_URL is not set. For a stack made by `make run`: outdial --state ./var ...");
    ctx->db = db_create(settings->database_url, "outdial", false);
    return db_ready(ctx);
}

/* Takes "--state DIR" off the front.  STATE names the stack as it does for `run`, ./var without it, unless settings are given otherwise. */
static bool choose_state(struct arena *a, int *argc, char ***argv)
{
    bool run = *argc && str_equal(**argv, "run");
    bool told = run || getenv("OUTDIAL_SETTINGS") || getenv("DATABASE_URL") || getenv("DATABASE_URL_FILE");
    const char *directory = told ? NULL : getenv("STATE");
    if (!told && !directory && access("./var/outdial.env", R_OK) == 0)
        directory = "./var";
    if (*argc >= 2 && str_equal(**argv, "--state")) {
        directory = (*argv)[1];
        *argc -= 2;
        *argv += 2;
    }
    return !directory || !*directory || setenv("OUTDIAL_SETTINGS", arena_printf(a, "%s/outdial.env", directory), 1) == 0;
}

int main(int argc, char **argv)
{
    struct arena *arena = arena_create(MEMORY_CEILING);
    struct settings settings = { 0 };
    struct ctx ctx = { .arena = arena, .principal = "command", .doing = "outdial" };

    argc--, argv++;
    if (!choose_state(arena, &argc, &argv) || !secret_init())
        return 1;
    const struct command *command = argc ? find(*argv) : NULL;
    if (!command) {
        bool asked = argc && (str_equal(*argv, "help") || str_equal(*argv, "--help"));
        print_help(asked ? stdout : stderr);
        return asked ? 0 : 2;
    }
    log_open("outdial", LOG_INFO);
    http_init();
    struct invocation invocation = { .ctx = &ctx, .settings = &settings, .command = command, .argc = argc - 1, .argv = argv + 1 };
    struct err *err = prepare(&ctx, command->needs, &settings);
    if (!err)
        err = command->run(&invocation);
    int status = err ? print_error(err) : 0;
    db_destroy(ctx.db);
    arena_destroy(arena);
    return status;
}
