#include "command/choose.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "store/tenants.h"

static const char *all_slugs(struct ctx *ctx, const struct list *tenants)
{
    struct str s = str_make(ctx->arena, 4096);
    for (size_t i = 0; i < tenants->count && i < 20; i++)
        str_addf(&s, "%s%s", i ? ", " : "", ((const struct tenant *)tenants->item)[i].slug);
    return s.text;
}

fallible choose_tenant(struct invocation *inv, struct tenant *out)
{
    struct ctx *ctx = inv->ctx;
    const char *wanted = invocation_option(inv, "--tenant");
    struct rows rows;

    if (!wanted)
        wanted = inv->settings->tenant_id;
    if (wanted && !*wanted)
        wanted = NULL;
    TRY(db_global_rows(ctx, SQL_OPERATOR_TENANTS, &rows, P(wanted)));
    struct list tenants = tenants_of_rows(ctx->arena, &rows);
    if (tenants.count == 0 && wanted)
        FAIL(ctx, NOT_FOUND, "there is no tenant %s; see: outdial tenant list", wanted);
    if (tenants.count == 0)
        FAIL(ctx, NOT_FOUND, "there is no tenant yet; make one: outdial tenant add NAME");
    if (tenants.count > 1)
        FAIL(ctx, BAD_REQUEST, "which tenant? Say --tenant and one of: %s", all_slugs(ctx, &tenants));
    *out = *(const struct tenant *)tenants.item;
    ctx->tenant = out->id;
    ctx->role = "owner";
    return NULL;
}

fallible read_line(struct invocation *inv, const char *what, const char **out)
{
    char line[1001];
    if (!fgets(line, sizeof line, stdin))
        FAIL(inv->ctx, INVALID, "%s is expected on standard input", what);
    line[strcspn(line, "\r\n")] = '\0';
    *out = arena_text(inv->ctx->arena, line);
    return NULL;
}
