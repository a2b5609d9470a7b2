/*
 * outdial leads
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "command/choose.h"
#include "service/imports.h"
#include "service/leads.h"

#define REFUSALS_SHOWN 20

static fallible print_refusals(struct ctx *ctx, const struct import *import)
{
    struct list rows;

    TRY(imports_refusals(ctx, import->import_id, 0, REFUSALS_SHOWN, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        const struct import_refusal *r = (const struct import_refusal *)rows.item + i;
        printf("  line %ld, %s: %s\n", (long)r->line, r->field, r->reason);
    }
    if (import->refused > REFUSALS_SHOWN)
        printf("  and %ld more; all of them: GET .../leads/imports/%s/refused\n", (long)(import->refused - REFUSALS_SHOWN),
               uuid_text(ctx->arena, import->import_id));
    return NULL;
}

static fallible import(struct invocation *inv)
{
    struct tenant tenant;
    struct import_job *job;
    struct import import;
    const char *country = invocation_option(inv, "--country");

    TRY(choose_tenant(inv, &tenant));
    const char *path = invocation_word(inv);
    TRY(invocation_done(inv));
    if (!path)
        return invocation_wrong(inv);
    if (access(path, R_OK))
        FAIL(inv->ctx, NOT_FOUND, "%s cannot be read", path);
    TRY(svc_import_start(inv->ctx, inv->settings, &(struct import_source){ .path = path }, &(struct import_options){ .country = country }, &job));
    TRY(svc_import_wait(inv->ctx, job, true, &import));
    printf("%ld rows: %ld imported, %ld updated, %ld refused.\n", (long)import.rows, (long)import.imported, (long)import.updated, (long)import.refused);
    return print_refusals(inv->ctx, &import);
}

static fallible list(struct invocation *inv)
{
    struct tenant tenant;
    struct lead_filter filter = { .search = invocation_option(inv, "--search") };
    const char *limit = invocation_option(inv, "--limit");
    struct list rows;
    int64_t most = 50;

    TRY(choose_tenant(inv, &tenant));
    TRY(invocation_done(inv));
    if (limit && !str_to_long(limit, 1, 10000, &most))
        FAIL(inv->ctx, BAD_REQUEST, "--limit is a number from 1 to 10000");
    TRY(leads_list(inv->ctx, &filter, most - 1, (struct uuid){ 0 }, &rows));
    for (size_t i = 0; i < rows.count; i++) {
        const struct lead *l = (const struct lead *)rows.item + i;
        printf("%s  %-16s %-20s %s\n", uuid_text(inv->ctx->arena, l->id), l->phone_e164 ? l->phone_e164 : "(no number)",
               l->external_id ? l->external_id : "-", l->name);
    }
    return NULL;
}

static fallible export(struct invocation *inv)
{
    struct tenant tenant;
    int64_t count;

    TRY(choose_tenant(inv, &tenant));
    TRY(invocation_done(inv));
    TRY(svc_leads_export(inv->ctx, STDOUT_FILENO, &count));
    fprintf(stderr, "%ld leads.\n", (long)count);
    return NULL;
}

fallible command_leads(struct invocation *inv)
{
    const char *verb = invocation_word(inv);

    if (str_equal(verb, "import"))
        return import(inv);
    if (str_equal(verb, "list"))
        return list(inv);
    return str_equal(verb, "export") ? export(inv) : invocation_wrong(inv);
}
