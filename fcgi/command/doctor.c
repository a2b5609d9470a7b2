/*
 * outdial doctor - says what is right and what is wrong, each with its cure.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "base/clock.h"
#include "base/secret.h"
#include "base/str.h"
#include "command/command.h"
#include "db/db.h"
#include "db/migrate.h"

static int wrong;

static bool check(bool good, const char *what, const char *cure)
{
    printf("  %s  %s%s%s\n", good ? "ok   " : "WRONG", what, good || !*cure ? "" : ": ", good ? "" : cure);
    wrong += !good;
    return good;
}

static void print_setting(void *data, const char *name, const char *value, const char *about)
{
    (void)data;
    printf("  %-24s %-44s %s\n", name, value, about);
}

static void check_settings(struct ctx *ctx, const struct settings *s)
{
    printf("Settings\n");
    settings_print(s, print_setting, NULL);
    check(s->jwt_secret && strlen(s->jwt_secret) >= 32, "JWT_SECRET has at least 32 characters", "make one: openssl rand -hex 32");
    check(s->master_key && secret_master_key(s->master_key), "OUTDIAL_MASTER_KEY is 32 bytes",
          "make one and keep it, the accounts' secrets cannot be read without it: openssl rand -hex 32");
    check(!str_starts(s->public_base_url, "http://") || strstr(s->public_base_url, "127.0.0.1"), "PUBLIC_BASE_URL is https",
          "providers sign and call this address; use https, or a tunnel while developing");
    check(s->database_url != NULL, "DATABASE_URL is set", "name the database");
    (void)ctx;
}

static void check_database(struct ctx *ctx, const struct settings *s)
{
    printf("Database\n");
    if (!s->database_url)
        return;
    ctx->db = db_create(s->database_url, "outdial doctor", false);
    struct err *err = db_ready(ctx);
    if (!check(!err, "it answers, and every statement of this build fits it", err ? err_chain(ctx->arena, err) : ""))
        return;
    err = migrate_check(ctx);
    check(!err, "every migration is applied", err ? err->message : "");
}

static void check_clock(void)
{
    struct timex t = { 0 };
    int state = adjtimex(&t);
    printf("Clock\n");
    check(utc_seconds(utc_now()) > 1767225600, "the year is plausible", "set the clock");
    check(state >= 0 && state != TIME_ERROR && !(t.status & STA_UNSYNC), "it is kept in step (NTP)",
          "install chrony or systemd-timesyncd; a container shows this when its host does not say so");
}

static void check_zones(struct ctx *ctx)
{
    printf("Time zones\n");
    char line[64] = "";
    FILE *f = fopen("/usr/share/zoneinfo/tzdata.zi", "r");
    if (f && !fgets(line, sizeof line, f))
        *line = '\0';
    if (f)
        fclose(f);
    int64_t year = 0;
    char *version = strstr(line, "version ");
    if (version)
        year = strtol(version + 8, NULL, 10);
    line[strcspn(line, "\n")] = '\0';
    struct utc now = utc_now();
    int64_t this_year = strtol(utc_text(ctx->arena, now), NULL, 10);
    check(year + 1 >= this_year, arena_printf(ctx->arena, "tzdata %s is of this year or the last", version ? version + 8 : "?"),
          "apt-get install --only-upgrade tzdata");
}

static void check_disk(struct ctx *ctx)
{
    struct statvfs disk;
    printf("Disk\n");
    if (statvfs(".", &disk) != 0)
        return;
    unsigned long long free_mib = (unsigned long long)disk.f_bavail * disk.f_frsize >> 20;
    check(free_mib >= 1024, arena_printf(ctx->arena, "%llu MiB free here, at least 1024 wanted", free_mib), "make room");
}

fallible command_doctor(struct invocation *inv)
{
    struct ctx *ctx = inv->ctx;
    struct settings settings;
    TRY(invocation_done(inv));
    struct err *err = settings_load(ctx->arena, &settings);
    if (err)
        check(false, "the settings can be read", err->message);
    else
        check_settings(ctx, &settings);
    if (!err)
        check_database(ctx, &settings);
    check_clock();
    check_zones(ctx);
    check_disk(ctx);
    if (wrong)
        FAIL(ctx, UNAVAILABLE, "%d thing%s wrong", wrong, wrong == 1 ? " is" : "s are");
    printf("All is well.\n");
    return NULL;
}
