#include "command/command.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"

static void take(struct invocation *inv, int at, int count)
{
    memmove(inv->argv + at, inv->argv + at + count, (size_t)(inv->argc - at - count) * sizeof *inv->argv);
    inv->argc -= count;
}

const char *invocation_option(struct invocation *inv, const char *name)
{
    const char *value = NULL;
    size_t length = strlen(name);
    for (int i = 0; i < inv->argc;) {
        const char *argument = inv->argv[i];
        if (str_equal(argument, name) && i + 1 < inv->argc) {
            value = inv->argv[i + 1];
            take(inv, i, 2);
        } else if (str_starts(argument, name) && argument[length] == '=') {
            value = argument + length + 1;
            take(inv, i, 1);
        } else {
            i++;
        }
    }
    return value;
}

bool invocation_flag(struct invocation *inv, const char *name)
{
    for (int i = 0; i < inv->argc; i++) {
        if (str_equal(inv->argv[i], name)) {
            take(inv, i, 1);
            return true;
        }
    }
    return false;
}

const char *invocation_word(struct invocation *inv)
{
    if (inv->argc == 0 || str_starts(inv->argv[0], "--"))
        return NULL;
    const char *word = inv->argv[0];
    take(inv, 0, 1);
    return word;
}

struct err *invocation_wrong(struct invocation *inv)
{
    return ERR(inv->ctx, BAD_REQUEST, "usage: outdial %s %s", inv->command->name, inv->command->usage);
}

fallible invocation_done(struct invocation *inv)
{
    return inv->argc ? invocation_wrong(inv) : NULL;
}

const char *installed_path(struct arena *a, const char *below)
{
    char place[PATH_MAX] = "";
    ssize_t length = readlink("/proc/self/exe", place, sizeof place - 1);
    place[length > 0 ? length : 0] = '\0';
    for (char *slash; (slash = strrchr(place, '/'));) {
        *slash = '\0';
        if (access(arena_printf(a, "%s/sql/schema/000_roles.sql", place), F_OK) == 0)
            return arena_printf(a, "%s/%s", place, below);
    }
    return arena_printf(a, "/usr/share/outdial/%s", below);
}
