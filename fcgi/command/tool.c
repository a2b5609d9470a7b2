#include "command/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"

static void become_tool(int output, const char *const *argv)
{
    sigset_t none;
    int nothing = open("/dev/null", O_RDWR);
    const char *path = getenv("PATH");
    char wide[8192];

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    dup2(nothing, 0);
    dup2(output < 0 ? nothing : output, 1);
    dup2(output < 0 ? nothing : output, 2);
    if (chdir("/") == 0 && snprintf(wide, sizeof wide, "%s:/usr/local/sbin:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin") > 0)
        setenv("PATH", wide, 1);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

static int run(int output, const char *const *argv)
{
    pid_t child = fork();
    if (child == 0)
        become_tool(output, argv);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool tool_agrees(struct ctx *ctx, const char *const *argv)
{
    (void)ctx;
    return run(-1, argv) == 0;
}

static const char *said(struct ctx *ctx, int fd)
{
    char text[2048];
    off_t size = lseek(fd, 0, SEEK_END);
    off_t from = size > (off_t)sizeof text ? size - (off_t)sizeof text : 0;
    ssize_t got = pread(fd, text, sizeof text, from);
    return str_trim(ctx->arena, arena_copy(ctx->arena, text, got > 0 ? (size_t)got : 0));
}

fallible tool_run(struct ctx *ctx, const char *log, const char *const *argv)
{
    int output = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    int status = run(output, argv);
    const char *words = !log && status != 0 && output >= 0 ? said(ctx, output) : "";
    if (output >= 0)
        close(output);
    if (status == 0)
        return NULL;
    if (status == 127)
        FAIL(ctx, INTERNAL, "there is no program %s", argv[0]);
    if (log)
        FAIL(ctx, INTERNAL, "%s did not succeed (see %s)", argv[0], log);
    FAIL(ctx, INTERNAL, "%s did not succeed: %s", argv[0], words);
}
