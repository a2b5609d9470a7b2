/*
 * outdial leads
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "command/choose.h"
#include "service/imports.h"
#include "service/leads.h"
#include "store/lists.h"

#define REFUSALS_SHOWN 20
#define BAR            30                                       /* characters */
#define LOOK_MS        20

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

/* On a terminal a line that is written over; else a JSON object a line. */
static void show(struct ctx *ctx, const struct import *i, int64_t started_ms, bool terminal)
{
    int64_t ms = boot_now_ms() - started_ms;
    double share = i->bytes ? (double)i->bytes_done / (double)i->bytes : 0;
    double rate = ms > 0 ? (double)i->rows * 1000 / (double)ms : 0, left = share > 0 ? (double)ms / 1000 * (1 - share) / share : 0;
    int full = (int)(share * BAR);

    if (terminal)
        fprintf(stderr, "\r[%.*s%*s] %3.0f %%  %ld rows, %.0f a second, %.0f s left  ", full, "##############################", BAR - full, "", share * 100,
                (long)i->rows, rate, left);
    else
        fprintf(stderr, "{\"import_id\":\"%s\",\"bytes\":%ld,\"bytes_done\":%ld,\"rows\":%ld,\"rows_a_second\":%.0f,\"seconds_left\":%.0f}\n",
                uuid_text(ctx->arena, i->import_id), (long)i->bytes, (long)i->bytes_done, (long)i->rows, rate, left);
}

static fallible watch(struct invocation *inv, struct import_job *job)
{
    bool terminal = isatty(STDERR_FILENO), shown = false;
    int64_t started_ms = boot_now_ms(), next_ms = started_ms + (terminal ? 200 : 5000);
    struct err *err = NULL;

    for (bool ended = false; !ended && !err;) {
        struct import now = { 0 };
        nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
        if (boot_now_ms() < next_ms) {
            ended = svc_import_ended(job);
            continue;
        }
        next_ms = boot_now_ms() + (terminal ? 200 : 5000);
        err = svc_import_look(inv->ctx, job, &ended, &now);
        if (!err && !uuid_is_none(now.import_id)) {
            show(inv->ctx, &now, started_ms, terminal);
            shown = true;
        }
    }
    if (terminal && shown)
        fputc('\n', stderr);
    return err;
}

static fallible import(struct invocation *inv)
{
    struct tenant tenant;
    struct import_job *job;
    struct import import;
    struct import_options options = {
        .country = invocation_option(inv, "--country"), .encoding = invocation_option(inv, "--encoding"), .delimiter = invocation_option(inv, "--delimiter"),
        .header = invocation_option(inv, "--header"), .map = invocation_option(inv, "--map"), .policy = invocation_option(inv, "--policy"),
        .list = invocation_option(inv, "--list"),
    };

    TRY(choose_tenant(inv, &tenant));
    const char *path = invocation_word(inv);
    TRY(invocation_done(inv));
    if (!path)
        return invocation_wrong(inv);
    if (access(path, R_OK))
        FAIL(inv->ctx, NOT_FOUND, "%s cannot be read", path);
    TRY(import_options_check(inv->ctx, &options));
    TRY(svc_import_start(inv->ctx, inv->settings, &(struct import_source){ .path = path }, &options, &job));
    struct err *blind = watch(inv, job), *err = svc_import_wait(inv->ctx, job, true, &import);
    TRY(err);
    TRY(blind);
    printf("%ld rows: %ld imported, %ld updated, %ld refused.\n", (long)import.rows, (long)import.imported, (long)import.updated, (long)import.refused);
    if (import.skipped)
        printf("%ld were there already and were passed over.\n", (long)import.skipped);
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

struct export_progress { int64_t started_ms, next_ms; };

static void tell_written(int64_t count, void *data)
{
    struct export_progress *p = data;
    int64_t now_ms = boot_now_ms();

    if (now_ms < p->next_ms)
        return;
    p->next_ms = now_ms + 200;
    fprintf(stderr, "\r%ld leads, %.0f a second  ", (long)count, (double)count * 1000 / (double)(now_ms - p->started_ms));
}

static fallible write_export(struct invocation *inv, struct leads_export *e, FILE *out, const char *path)
{
    struct err *err = svc_leads_export_open(inv->ctx, e);

    if (!err)
        err = svc_leads_export_write(inv->ctx, e, out);
    if ((ferror(out) | fclose(out)) && !err)
        err = ERR(inv->ctx, INTERNAL, "%s cannot be written to the end", path);
    return err;
}

/* Into the file, or to the standard output. */
static fallible export(struct invocation *inv)
{
    struct export_progress progress = { .started_ms = boot_now_ms(), .next_ms = boot_now_ms() + 200 };
    struct leads_export e = { .filter.search = invocation_option(inv, "--search"), .told = isatty(STDERR_FILENO) ? tell_written : NULL, .told_data = &progress };
    struct tenant tenant;

    TRY(choose_tenant(inv, &tenant));
    const char *list = invocation_option(inv, "--list"), *path = invocation_word(inv);
    TRY(invocation_done(inv));
    if (list && e.filter.search)
        FAIL(inv->ctx, BAD_REQUEST, "give one of --search and --list");
    if (list)
        TRY(lists_resolve(inv->ctx, list, &e.filter.list));
    FILE *out = path ? fopen(path, "wx") : stdout;
    if (!out)
        FAIL(inv->ctx, BAD_REQUEST, "%s is there already, or cannot be made", path);
    struct err *err = write_export(inv, &e, out, path ? path : "the output");
    if (err && path)
        unlink(path);
    TRY(err);
    fprintf(stderr, "%s%ld leads.\n", e.told ? "\r" : "", (long)e.count);
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
