#include "command/state.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "command/command.h"
#include "command/tool.h"

#define USER "outdial"

enum { LONGEST_SOCKET = 100, SOCKET_NAME = sizeof "/.s.PGSQL.5432.lock" };

static const char *const folders[] = { "postgres", "logs", "pids", "sandbox", "nginx", "uploads", "imports", "program", "metrics", "run" };
static const char *const files[] = { "secrets.env", "outdial.env", "run.env", "run.lock" };

enum { FOLDERS = sizeof folders / sizeof *folders, FILES = sizeof files / sizeof *files };

char *state_path(struct ctx *ctx, const struct state *state, const char *below)
{
    return arena_printf(ctx->arena, "%s/%s", state->home, below);
}

fallible state_write(struct ctx *ctx, const char *path, mode_t mode, const char *text)
{
    const char *fresh = arena_printf(ctx->arena, "%s.new", path);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    size_t size = strlen(text);
    bool good = fd >= 0 && write(fd, text, size) == (ssize_t)size && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    int reason = errno;
    if (fd >= 0)
        close(fd);
    if (!good || rename(fresh, path) != 0)
        FAIL(ctx, INTERNAL, "cannot write %s: %s", path, strerror(good ? errno : reason));
    return NULL;
}

char *state_read(struct ctx *ctx, const char *path)
{
    struct str s = str_make(ctx->arena, 1 << 20);
    char part[4096];
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    while ((got = read(fd, part, sizeof part)) > 0)
        str_add_bytes(&s, part, (size_t)got);
    close(fd);
    return got < 0 || str_broken(&s) ? NULL : s.text;
}

static fallible make_folder(struct ctx *ctx, const char *path, mode_t mode)
{
    struct stat there;
    if (mkdir(path, mode) == 0 || (errno == EEXIST && stat(path, &there) == 0 && S_ISDIR(there.st_mode)))
        return NULL;
    FAIL(ctx, INTERNAL, "cannot make the folder %s: %s", path, strerror(errno));
}

static fallible make_folders_down_to(struct ctx *ctx, const char *path)
{
    char *copy = arena_text(ctx->arena, path);
    for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (access(copy, F_OK) != 0)
            TRY(make_folder(ctx, copy, 0755));
        *slash = '/';
    }
    return make_folder(ctx, copy, 0755);
}

/* Asks the kernel, in a child that has become the user: whatever decides (modes, lists, mounts) then decides here too. */
static bool user_can(const struct passwd *user, const char *path, int how)
{
    pid_t child = fork();
    if (child == 0) {
        bool good = initgroups(user->pw_name, user->pw_gid) == 0 && setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0 &&
                    access(path, how) == 0;
        _exit(good ? 0 : 1);
    }
    int status = 1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static fallible find_user(struct ctx *ctx, struct passwd **out)
{
    *out = getpwnam(USER);
    if (*out)
        return NULL;
    printf("Running as root, which PostgreSQL refuses: creating the unprivileged user \"%s\".\n", USER);
    if (tool_run(ctx, NULL, TOOL("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
                                 "--shell", "/usr/sbin/nologin", USER)) == NULL)
        *out = getpwnam(USER);
    if (!*out) {
        *out = getpwnam("nobody");
        printf("That did not work; using the user \"nobody\" instead.\n");
    }
    if (!*out || (*out)->pw_uid == 0)
        FAIL(ctx, INTERNAL, "there is no unprivileged user to run as; create one called %s", USER);
    return NULL;
}

/* STATE/elsewhere -> /var/tmp/outdial-XXXXXX, and STATE/postgres -> elsewhere/postgres and so on. */
static fallible keep_elsewhere(struct ctx *ctx, const struct passwd *user, struct state *state)
{
    struct arena *a = ctx->arena;
    const char *link = arena_printf(a, "%s/elsewhere", state->shown);
    char target[PATH_MAX] = "";
    struct stat there;
    ssize_t length = readlink(link, target, sizeof target - 1);
    bool usable = length > 0 && lstat(target, &there) == 0 && S_ISDIR(there.st_mode) && there.st_uid == user->pw_uid;

    if (!usable) {
        snprintf(target, sizeof target, "/var/tmp/outdial-XXXXXX");
        unlink(link);
        if (!mkdtemp(target) || symlink(target, link) != 0)
            FAIL(ctx, INTERNAL, "cannot keep the state under /var/tmp: %s", strerror(errno));
    }
    state->home = arena_text(a, target);
    printf("The user \"%s\" cannot enter a folder above %s: keeping its contents in %s, with links.\n", user->pw_name,
           state->shown, target);
    for (size_t i = 0; i < FOLDERS + FILES; i++) {
        const char *name = i < FOLDERS ? folders[i] : files[i - FOLDERS];
        const char *from = arena_printf(a, "%s/%s", state->shown, name);
        const char *to = arena_printf(a, "%s/%s", target, name);
        if (lstat(from, &there) == 0 && !S_ISLNK(there.st_mode))
            TRY_SAYING(ctx, tool_run(ctx, NULL, TOOL("mv", "-T", from, to)), "cannot move %s to %s", from, to);
        if (lstat(from, &there) != 0 && symlink(arena_printf(a, "elsewhere/%s", name), from) != 0)
            FAIL(ctx, INTERNAL, "cannot make the link %s: %s", from, strerror(errno));
    }
    return NULL;
}

/* Programs, statements and pages, where that user can read them. */
static fallible copy_programs(struct ctx *ctx, struct state *state)
{
    struct arena *a = ctx->arena;
    const char *to = state_path(ctx, state, "program");
    printf("It cannot enter a folder above the programs either: copying them to %s.\n", to);
    TRY(tool_run(ctx, NULL, TOOL("rm", "-rf", to)));
    TRY(make_folder(ctx, to, 0755));
    const char *const parts[] = { state->programs, state->vendor, arena_printf(a, "%s/sql", state->share),
                                  arena_printf(a, "%s/public", state->share), arena_printf(a, "%s/nginx", state->share) };
    const char *const names[] = { "bin", "vendor", "sql", "public", "nginx" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (access(parts[i], F_OK) != 0)
            continue;
        const char *target = arena_printf(a, "%s/%s", to, names[i]);
        if (i == 0) {                                           /* the programs only, not the objects beside them */
            TRY(make_folder(ctx, target, 0755));
            TRY(tool_run(ctx, NULL, TOOL("find", parts[i], "-maxdepth", "1", "-type", "f", "-perm", "-u+x", "-exec", "cp", "-t",
                                         target, "{}", "+")));
        } else {
            TRY(tool_run(ctx, NULL, TOOL("cp", "-rL", "-T", parts[i], target)));
        }
    }
    TRY(tool_run(ctx, NULL, TOOL("chmod", "-R", "a+rX", to)));
    state->programs = arena_printf(a, "%s/bin", to);
    state->vendor = arena_printf(a, "%s/vendor", to);
    state->share = to;
    return NULL;
}

/* Only what is ours by name: STATE may hold other people's files. */
static fallible give_state(struct ctx *ctx, const struct passwd *user, const struct state *state)
{
    const char *owner = arena_printf(ctx->arena, "%u:%u", user->pw_uid, user->pw_gid);
    struct stat there;
    if (!user_can(user, state->home, W_OK | X_OK))
        TRY(tool_run(ctx, NULL, TOOL("chown", owner, state->home)));
    for (size_t i = 0; i < FOLDERS + FILES; i++) {
        const char *path = state_path(ctx, state, i < FOLDERS ? folders[i] : files[i - FOLDERS]);
        if (lstat(path, &there) == 0 && there.st_uid != user->pw_uid)
            TRY(tool_run(ctx, NULL, TOOL("chown", "-hR", owner, path)));
    }
    return NULL;
}

static fallible become(struct ctx *ctx, struct state *state)
{
    struct passwd *user;
    TRY(find_user(ctx, &user));
    if (!user_can(user, state->shown, F_OK))
        TRY(keep_elsewhere(ctx, user, state));
    const char *program = arena_printf(ctx->arena, "%s/outdial", state->programs);
    if (!user_can(user, program, R_OK | X_OK) ||
        !user_can(user, arena_printf(ctx->arena, "%s/sql/schema/000_roles.sql", state->share), R_OK))
        TRY(copy_programs(ctx, state));
    TRY(give_state(ctx, user, state));
    if (initgroups(user->pw_name, user->pw_gid) != 0 || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) != 0)
        FAIL(ctx, INTERNAL, "cannot become the user %s: %s", user->pw_name, strerror(errno));
    setenv("HOME", state->home, 1);
    setenv("USER", user->pw_name, 1);
    setenv("LOGNAME", user->pw_name, 1);
    return NULL;
}

static fallible lock_state(struct ctx *ctx, struct state *state)
{
    const char *path = state_path(ctx, state, "run.lock");
    state->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (state->lock < 0)
        FAIL(ctx, INTERNAL, "cannot write in %s: %s", state->shown, strerror(errno));
    if (flock(state->lock, LOCK_EX | LOCK_NB) != 0)
        FAIL(ctx, CONFLICT, "a stack is running in %s already; stop it, or choose another with STATE=dir PORT=n", state->shown);
    return NULL;
}

static fallible place_sockets(struct ctx *ctx, struct state *state)
{
    state->sockets = state_path(ctx, state, "run");
    if (strlen(state->sockets) + SOCKET_NAME <= LONGEST_SOCKET)
        return make_folder(ctx, state->sockets, 0700);
    char place[] = "/tmp/outdial-XXXXXX";
    if (!mkdtemp(place))
        FAIL(ctx, INTERNAL, "cannot make a folder in /tmp: %s", strerror(errno));
    printf("%s is too long a path for unix sockets: they are in %s.\n", state->sockets, place);
    unlink(state->sockets);
    rmdir(state->sockets);
    if (symlink(place, state->sockets) != 0)
        FAIL(ctx, INTERNAL, "cannot make the link %s: %s", state->sockets, strerror(errno));
    state->sockets = arena_text(ctx->arena, place);
    state->sockets_elsewhere = true;
    return NULL;
}

fallible state_open(struct ctx *ctx, const char *directory, struct state *out)
{
    struct arena *a = ctx->arena;
    char real[PATH_MAX], *slash;
    const char *program;

    *out = (struct state){ .lock = -1 };
    if (*directory != '/') {
        if (!getcwd(real, sizeof real))
            FAIL(ctx, INTERNAL, "cannot tell the present folder: %s", strerror(errno));
        directory = arena_printf(a, "%s/%s", real, directory);
    }
    TRY(make_folders_down_to(ctx, directory));
    if (!realpath(directory, real))
        FAIL(ctx, INTERNAL, "cannot enter %s: %s", directory, strerror(errno));
    out->shown = out->home = arena_text(a, real);
    ssize_t length = readlink("/proc/self/exe", real, sizeof real - 1);
    real[length > 0 ? length : 0] = '\0';
    program = arena_text(a, real);
    slash = strrchr(program, '/');
    out->programs = slash ? arena_copy(a, program, (size_t)(slash - program)) : ".";
    out->share = arena_text(a, installed_path(a, ""));
    out->vendor = arena_printf(a, "%s/../vendor", out->programs);

    if (geteuid() == 0)
        TRY(become(ctx, out));
    else if (access(out->home, W_OK | X_OK) != 0)
        FAIL(ctx, FORBIDDEN, "cannot write in %s: choose a folder of your own with STATE=dir", out->shown);
    umask(0077);
    TRY(lock_state(ctx, out));
    for (size_t i = 0; i < FOLDERS - 1; i++)                    /* all but run */
        TRY(make_folder(ctx, state_path(ctx, out, folders[i]), 0700));
    return place_sockets(ctx, out);
}

void state_close(struct state *state)
{
    if (state->sockets_elsewhere)
        rmdir(state->sockets);
    if (state->lock >= 0)
        close(state->lock);
    state->lock = -1;
}
