/*
 * outdial routes - the table that the workers serve from, as text.
 */
#include "web/route.h"

#include <stdio.h>

#include "command/command.h"
#include "web/openapi.h"

static const char *const who_names[] = {
    [ANYONE] = "anyone", [SIGNED] = "signed",   [VIEWER] = "viewer", [AGENT] = "agent",
    [MANAGER] = "manager", [ADMIN] = "admin", [OWNER] = "owner",   [PLATFORM] = "platform",
};

static const struct {
    enum route_flag flag;
    const char     *name;
} flag_names[] = {
    { CREATES, "creates" }, { TAKES_CSV, "takes-csv" }, { NO_BODY, "no-body" }, { CALLS, "calls" }, { LENIENT, "lenient" },
};

fallible command_routes(struct invocation *inv)
{
    bool document = invocation_flag(inv, "--openapi");

    TRY(invocation_done(inv));
    if (document) {
        printf("%s\n", openapi_write(inv->ctx->arena));
        return NULL;
    }
    for (unsigned i = 0; i < route_count; i++) {
        const struct route *r = &routes[i];
        printf("%-6s %-62s %-8s %s", method_name(r->method), r->pattern, who_names[r->who], r->about ? r->about : "");
        for (size_t k = 0; k < sizeof flag_names / sizeof *flag_names; k++)
            if (r->flags & flag_names[k].flag)
                printf(" [%s]", flag_names[k].name);
        printf("\n");
    }
    return NULL;
}
