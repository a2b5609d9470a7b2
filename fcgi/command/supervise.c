#include "command/supervise.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum { QUICK_MS = 2000, LONGEST_DELAY_MS = 500, LOOK_MS = 200 };

extern char **environ;

fallible supervise_begin(struct ctx *ctx, struct supervisor *s, const char *pids, const char *logs)
{
    *s = (struct supervisor){ .pids = pids, .logs = logs };
    sigemptyset(&s->signals);
    sigaddset(&s->signals, SIGCHLD);
    sigaddset(&s->signals, SIGINT);
    sigaddset(&s->signals, SIGTERM);
    sigaddset(&s->signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &s->signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        FAIL(ctx, INTERNAL, "cannot adopt orphans: %s", strerror(errno));
    return NULL;
}

static void write_pid(const struct supervisor *s, const struct child *c)
{
    char path[4096], fresh[4096 + 8], text[32];
    snprintf(path, sizeof path, "%s/%s.%d", s->pids, c->name, c->number);
    if (!c->pid) {
        unlink(path);
        return;
    }
    snprintf(fresh, sizeof fresh, "%s.new", path);
    int size = snprintf(text, sizeof text, "%d\n", (int)c->pid);
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    bool good = fd >= 0 && write(fd, text, (size_t)size) == size;
    if (fd >= 0)
        close(fd);
    if (!good || rename(fresh, path) != 0)
        fprintf(stderr, "outdial: cannot write %s: %s\n", path, strerror(errno));
}

/* Descriptors first out of the way, so that none is overwritten before it is used. */
static void place_descriptors(const struct child *c, int log)
{
    int input = c->input >= 0 ? fcntl(c->input, F_DUPFD_CLOEXEC, 10) : open("/dev/null", O_RDONLY | O_CLOEXEC);
    int extra = c->extra >= 0 ? fcntl(c->extra, F_DUPFD_CLOEXEC, 10) : -1;
    dup2(input, 0);
    dup2(log, 1);
    dup2(log, 2);
    if (extra >= 0)
        dup2(extra, 3);
}

static void become_child(const struct child *c, int log, pid_t supervisor)
{
    sigset_t none;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, c->stop_signal);
    if (getppid() != supervisor)
        _exit(0);
    place_descriptors(c, log);
    sigprocmask(SIG_SETMASK, &none, NULL);
    environ = (char **)c->environment;
    execvp(c->argv[0], (char *const *)c->argv);
    dprintf(2, "cannot run %s: %s\n", c->argv[0], strerror(errno));
    _exit(127);
}

static void start(struct supervisor *s, struct child *c)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.log", s->logs, c->name);
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    pid_t supervisor = getpid(), child = fork();
    if (child == 0)
        become_child(c, log < 0 ? 2 : log, supervisor);
    if (log >= 0)
        close(log);
    c->pid = child > 0 ? child : 0;
    c->started_ms = boot_now_ms();
    c->due_ms = child > 0 ? 0 : c->started_ms + LONGEST_DELAY_MS;
    write_pid(s, c);
}

fallible supervise_start(struct ctx *ctx, struct supervisor *s, const struct child *copied)
{
    if (s->count == MOST_CHILDREN)
        FAIL(ctx, INTERNAL, "more than %d programs", MOST_CHILDREN);
    struct child *c = &s->child[s->count++];
    *c = *copied;
    start(s, c);
    return NULL;
}

static struct child *find(struct supervisor *s, pid_t pid)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->child[i].pid == pid)
            return &s->child[i];
    return NULL;
}

/* Calls for each process that is ours but no child of the list: somebody's orphan.  NULL name = any.  How many there are. */
static unsigned signal_orphans(struct supervisor *s, const char *name, int signal_number)
{
    unsigned count = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc && (e = readdir(proc));) {
        char path[300], text[512], *end;
        if (!isdigit((unsigned char)*e->d_name))
            continue;
        snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
        if (fd >= 0)
            close(fd);
        text[got > 0 ? got : 0] = '\0';
        char *comm = strchr(text, '(');
        if (!comm || !(end = strrchr(text, ')')) || strlen(end) < 4)
            continue;
        *end = '\0';
        pid_t pid = (pid_t)atoi(text);
        if (atoi(end + 4) != getpid() || find(s, pid) || (name && strcmp(comm + 1, name) != 0))
            continue;
        count += end[2] != 'Z';
        kill(pid, signal_number);
    }
    if (proc)
        closedir(proc);
    return count;
}

static void buried(struct supervisor *s, struct child *c, int status)
{
    int64_t now = boot_now_ms();
    bool quick = now - c->started_ms < QUICK_MS;
    c->quick_deaths = quick ? c->quick_deaths + 1 : 0;
    int64_t delay = c->quick_deaths < 2 ? 0 : 25LL << (c->quick_deaths < 6 ? c->quick_deaths : 6);
    c->pid = 0;
    c->due_ms = s->stopping ? 0 : now + (delay < LONGEST_DELAY_MS ? delay : LONGEST_DELAY_MS);
    if (s->stopping) {
        write_pid(s, c);
        return;
    }
    if (c->quick_deaths < 4 || c->quick_deaths % 60 == 0)
        fprintf(stderr, "%s.%d ended (%s %d), starting it again; see %s/%s.log\n", c->name, c->number,
                WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), s->logs,
                c->name);
    if (c->orphans)
        signal_orphans(s, c->orphans, c->orphan_signal);
}

static void bury(struct supervisor *s)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        struct child *c = find(s, pid);
        if (c)
            buried(s, c, status);
    }
}

static void start_due(struct supervisor *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        struct child *c = &s->child[i];
        if (!c->due_ms || boot_now_ms() < c->due_ms)
            continue;
        if (c->orphans_first && signal_orphans(s, c->orphans, c->orphan_signal) > 0)
            continue;
        start(s, c);
    }
}

static int until_next(const struct supervisor *s, int most_ms)
{
    int64_t now = boot_now_ms();
    for (unsigned i = 0; i < s->count; i++)
        if (s->child[i].due_ms && s->child[i].due_ms - now < most_ms)
            most_ms = s->child[i].due_ms > now ? (int)(s->child[i].due_ms - now) : 5;
    return most_ms;
}

static int next_signal(const struct supervisor *s, int wait_ms)
{
    struct timespec t = { .tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000L };
    return sigtimedwait(&s->signals, NULL, &t);
}

bool supervise_wait(struct supervisor *s, int wait_ms)
{
    int64_t end = boot_now_ms() + wait_ms;
    for (;;) {
        bury(s);
        start_due(s);
        int64_t left = end - boot_now_ms();
        if (left <= 0)
            return true;
        int got = next_signal(s, until_next(s, left < LOOK_MS * 50 ? (int)left : LOOK_MS * 50));
        if (got == SIGINT || got == SIGTERM || got == SIGHUP)
            return false;
    }
}

static bool all_gone(const struct supervisor *s, const char *name)
{
    for (unsigned i = 0; i < s->count; i++)
        if (s->child[i].pid && str_equal(s->child[i].name, name))
            return false;
    return true;
}

static void stop_named(struct supervisor *s, const char *name)
{
    int patience = 0;
    for (unsigned i = 0; i < s->count; i++) {
        struct child *c = &s->child[i];
        if (!str_equal(c->name, name) || !c->pid)
            continue;
        kill(c->pid, c->stop_signal);
        kill(c->pid, SIGCONT);                                  /* one that was stopped hears it too */
        patience = c->patience_ms > patience ? c->patience_ms : patience;
    }
    for (int64_t end = boot_now_ms() + patience; !all_gone(s, name) && boot_now_ms() < end; bury(s))
        next_signal(s, LOOK_MS);
    for (unsigned i = 0; i < s->count; i++) {
        struct child *c = &s->child[i];
        if (str_equal(c->name, name) && c->pid) {
            fprintf(stderr, "%s.%d did not stop within %d s and was killed\n", c->name, c->number, c->patience_ms / 1000);
            kill(c->pid, SIGKILL);
        }
    }
    while (!all_gone(s, name)) {
        next_signal(s, LOOK_MS);
        bury(s);
    }
}

void supervise_stop(struct supervisor *s, const char *const *order)
{
    s->stopping = true;
    bury(s);
    for (unsigned i = 0; i < s->count; i++)
        s->child[i].due_ms = 0;
    for (; *order; order++)
        stop_named(s, *order);
    while (signal_orphans(s, NULL, SIGKILL) > 0) {
        next_signal(s, LOOK_MS / 4);
        bury(s);
    }
    bury(s);
}
