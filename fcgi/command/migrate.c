/*
 * outdial migrate
 */
#include "db/migrate.h"

#include <stdio.h>

#include "command/command.h"

static void say(const char *sentence)
{
    printf("%s\n", sentence);
}

fallible command_migrate(struct invocation *inv)
{
    bool dry_run = invocation_flag(inv, "--dry-run");
    TRY(invocation_done(inv));
    if (!inv->settings->database_url)
        FAIL(inv->ctx, INVALID, "DATABASE_URL is not set: the database to migrate, as a role that may create roles, or as owner");
    TRY(migrate(inv->ctx->arena, inv->settings->database_url, installed_path(inv->ctx->arena, "sql"), dry_run, say));
    printf("The database is up to date.\n");
    return NULL;
}
