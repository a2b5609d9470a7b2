#include "command/cluster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "command/tool.h"

enum { PATIENCE_MS = 120000, LOOK_MS = 20 };

static const char *const configuration =
    "# Written by `outdial run` at every start.\n"
    "listen_addresses = ''\n"
    "unix_socket_permissions = 0700\n"
    "max_connections = 120\n"
    "shared_buffers = 256MB\n"
    "work_mem = 16MB\n"
    "maintenance_work_mem = 128MB\n"
    "max_wal_size = 4GB\n"                                     /* a checkpoint under load holds commits back */
    "min_wal_size = 512MB\n"
    "checkpoint_timeout = '15min'\n"
    "wal_compression = on\n"
    "jit = off\n"
    "fsync = on\n"
    "recovery_init_sync_method = syncfs\n"
    "timezone = 'UTC'\n"
    "log_timezone = 'UTC'\n"
    "idle_in_transaction_session_timeout = '60s'\n"
    "autovacuum_naptime = '15s'\n"
    "log_line_prefix = '%m [%p] %q%u@%d '\n"
    "log_error_verbosity = terse\n"
    "log_min_messages = log\n"                                  /* errors quote values; the programs report their own */
    "log_min_error_statement = panic\n"
    "log_statement = none\n"
    "log_parameter_max_length = 0\n"
    "log_parameter_max_length_on_error = 0\n";

static const char *bin(struct ctx *ctx, const char *program)
{
    const char *given = getenv("OUTDIAL_POSTGRES_BIN");
    const char *path = arena_printf(ctx->arena, "%s/%s", given && *given ? given : "/usr/lib/postgresql/15/bin", program);
    return access(path, X_OK) == 0 ? path : program;
}

char *cluster_url(struct ctx *ctx, const struct state *state, const char *role)
{
    /* No ? and no &: the value is read by shells too. */
    return arena_printf(ctx->arena, "postgresql://%s@%s/outdial", role, url_encode(ctx->arena, state->sockets));
}

static fallible make_cluster(struct ctx *ctx, const struct state *state, const char *data)
{
    const char *log = state_path(ctx, state, "logs/initdb.log");
    printf("Making a PostgreSQL cluster in %s/postgres ...\n", state->shown);
    const char *fresh = arena_printf(ctx->arena, "%s.new", data);       /* renamed when complete */
    TRY(tool_run(ctx, log, TOOL("rm", "-rf", fresh)));
    TRY(tool_run(ctx, log, TOOL(bin(ctx, "initdb"), "-D", fresh, "--auth=trust", "--username=postgres", "--encoding=UTF8",
                                "--locale=C.UTF-8", "--lc-collate=C", "--no-instructions")));
    if (rename(fresh, data) != 0)
        FAIL(ctx, INTERNAL, "cannot rename %s to %s: %s", fresh, data, strerror(errno));
    return NULL;
}

/* postmaster.pid may name a process that is not PostgreSQL (numbers come round again, above all in containers), or a
 * postmaster whose supervisor was killed this instant. */
static fallible clear_stale(struct ctx *ctx, const char *data)
{
    const char *path = arena_printf(ctx->arena, "%s/postmaster.pid", data);
    const char *text = state_read(ctx, path);
    int pid = text ? atoi(text) : 0;
    if (pid <= 0)
        return NULL;
    const char *cwd = arena_printf(ctx->arena, "/proc/%d/cwd", pid);
    struct stat its, ours;
    for (int64_t end = boot_now_ms() + 30000; stat(cwd, &its) == 0; usleep(LOOK_MS * 1000)) {
        if (stat(data, &ours) != 0 || its.st_ino != ours.st_ino || its.st_dev != ours.st_dev)
            break;
        if (boot_now_ms() > end)
            FAIL(ctx, CONFLICT, "another PostgreSQL (pid %d) still runs in %s", pid, data);
        kill(pid, SIGINT);
    }
    if (kill(pid, 0) == 0 || errno == EPERM)
        unlink(path);
    return NULL;
}

fallible cluster_start(struct ctx *ctx, struct supervisor *s, const struct state *state, const char *const *environment)
{
    struct arena *a = ctx->arena;
    const char *data = state_path(ctx, state, "postgres");
    if (access(arena_printf(a, "%s/PG_VERSION", data), F_OK) != 0)
        TRY(make_cluster(ctx, state, data));
    TRY(clear_stale(ctx, data));
    bool shared = access("/dev/shm", W_OK | X_OK) == 0;         /* some containers have none */
    TRY(state_write(ctx, arena_printf(a, "%s/postgresql.conf", data), 0600,
                    arena_printf(a, "%sdynamic_shared_memory_type = %s\n", configuration, shared ? "posix" : "mmap")));

    static const char *argv[8];
    argv[0] = bin(ctx, "postgres");
    argv[1] = "-D";
    argv[2] = data;
    argv[3] = "-k";
    argv[4] = state->sockets;
    TRY(supervise_start(ctx, s, &(struct child){ .name = "postgres", .number = 1, .argv = argv, .environment = environment,
                                                 .input = -1, .extra = -1, .stop_signal = SIGINT, .patience_ms = 60000,
                                                 .orphans = "postgres", .orphan_signal = SIGKILL, .orphans_first = true }));
    const char *const *ask = TOOL(bin(ctx, "pg_isready"), "-q", "-h", state->sockets, "-d", "postgres", "-U", "postgres");
    for (int64_t begin = boot_now_ms(), told = begin; !tool_agrees(ctx, ask);) {
        if (!supervise_wait(s, LOOK_MS))
            FAIL(ctx, UNAVAILABLE, "stopped");
        if (boot_now_ms() - begin > PATIENCE_MS || s->child[s->count - 1].quick_deaths > 5)
            FAIL(ctx, UNAVAILABLE, "PostgreSQL does not start; see %s/logs/postgres.log", state->shown);
        if (boot_now_ms() - told > 5000) {
            printf("Waiting for PostgreSQL's recovery ...\n");
            told = boot_now_ms();
        }
    }
    return NULL;
}

fallible cluster_database(struct ctx *ctx, const struct state *state)
{
    if (tool_agrees(ctx, TOOL(bin(ctx, "psql"), "-X", "-q", "-w", "-d", cluster_url(ctx, state, "postgres"), "-c", "")))
        return NULL;
    return tool_run(ctx, NULL, TOOL(bin(ctx, "createdb"), "-w", "-h", state->sockets, "-U", "postgres", "outdial"));
}
