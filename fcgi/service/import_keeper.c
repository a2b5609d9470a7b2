/*
 * service/import_keeper.c - the thread that takes up imports whose worker has died, and writes the texts by which leads are found.
 */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "service/import_file.h"

#define KEEPER_MS        1000
#define LEFT_AT_A_TIME   8
#define TEXTS_AT_A_TIME  5                                      /* batches in one transaction */
#define SILENT_SECS      60                                     /* until an import without a file is given up */
#define AWAY_SECS        86400                                  /* until one whose file is on another machine is */

static fallible take_up(struct ctx *ctx, const struct settings *settings)
{
    struct rows rows;

    TRY(db_global_rows(ctx, SQL_IMPORTS_LEFT, &rows, P(LEFT_AT_A_TIME)));
    for (size_t i = 0; i < rows.count; i++) {
        struct uuid tenant = row_uuid(&rows, i, "tenant_id"), id = row_uuid(&rows, i, "import_id");
        const char *path = import_kept_path(ctx->arena, settings->import_folder, id);
        bool kept = row_bool(&rows, i, "kept");
        int64_t silent = row_int(&rows, i, "silent_seconds");
        if (kept && access(path, R_OK) == 0)
            TRY(svc_import_resume(ctx, settings, tenant, id, path));
        else if (silent > (kept ? AWAY_SECS : SILENT_SECS))
            TRY(db_global_run(ctx, SQL_IMPORT_GIVE_UP, NULL, P(tenant, id, "The program that read the file ended. The same file again goes on where it stopped.",
                                                              silent)));
    }
    return NULL;
}

static fallible write_texts(struct ctx *ctx)
{
    struct rows rows;

    for (int i = 0; i < 4; i++) {
        TRY(db_global_rows(ctx, SQL_LEAD_TEXTS_CATCH_UP, &rows, P(TEXTS_AT_A_TIME)));
        if (row_int(&rows, 0, "count") == 0)
            return NULL;
    }
    return NULL;
}

struct keeper { const struct settings *settings; struct arena *arena; struct db *db; };

static void *keep(void *data)
{
    struct keeper *k = data;
    struct ctx ctx = { .arena = k->arena, .db = k->db, .doing = "imports" };
    bool away = false;

    for (;;) {
        arena_reset(k->arena);
        struct err *err = take_up(&ctx, k->settings);
        if (!err)
            err = write_texts(&ctx);
        if (err && !away)
            log_warning(&ctx, "imports.keeper", KV("because", err_chain(k->arena, err)));
        away = err != NULL;
        nanosleep(&(struct timespec){ .tv_sec = KEEPER_MS / 1000, .tv_nsec = KEEPER_MS % 1000 * 1000000L }, NULL);
    }
    return NULL;
}

fallible svc_imports_keep(struct ctx *ctx, const struct settings *settings)
{
    pthread_t thread;
    static struct keeper k;

    k = (struct keeper){ .settings = settings, .arena = arena_create((size_t)4 << 20), .db = db_create(settings->database_url, "outdial-imports", false) };
    if (pthread_create(&thread, NULL, keep, &k))
        FAIL(ctx, INTERNAL, "no thread to keep imports");
    pthread_detach(thread);
    return NULL;
}
