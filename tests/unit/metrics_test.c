/* Counters that several processes share: sums, successors, other layouts, and the text that comes of it. */
#include "test.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/metrics.h"

static void label(unsigned series, struct str *out)
{
    str_addf(out, "colour=\"%s\"", series ? "red" : "blue");
}

static void remove_folder(void *path)
{
    static const char *const names[] = { "test", "other", "one", "two" };
    char file[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(file, sizeof file, "%s/outdial-%s", (char *)path, names[i]);
        unlink(file);
    }
    rmdir(path);
    free(path);
}

/* Gone after the test. */
static const char *folder(void)
{
    char *path = strdup("/tmp/outdial-metrics-XXXXXX");
    OK(path && mkdtemp(path));
    arena_defer(arena, remove_folder, path);
    return path;
}

/* A process of its own, because families are declared once in a life. */
static const char *in_process(const char *where, const char *program, void (*work)(struct metric *c, struct metric *g, struct metric *h), bool killed)
{
    int pipes[2];
    OK(pipe(pipes) == 0);
    pid_t child = fork();
    if (child == 0) {
        static struct metric counted = METRIC(COUNTER, "test_total", "Counted.", label, 2);
        static struct metric gauge = METRIC(GAUGE, "test_gauge", "Measured.", NULL, 1);
        static struct metric histogram = METRIC(HISTOGRAM, "test_seconds", "Timed.", NULL, 1);
        metrics_declare(&counted);
        metrics_declare(&gauge);
        metrics_declare(&histogram);
        metrics_open(program, where);
        work(&counted, &gauge, &histogram);
        struct str text = str_make(arena, 1 << 20);
        metrics_write(arena, &text);
        OK(write(pipes[1], text.text, text.length) == (ssize_t)text.length);
        if (killed)
            kill(getpid(), SIGKILL);
        _exit(0);
    }
    close(pipes[1]);
    char *text = arena_alloc(arena, 65536);
    size_t size = 0;
    for (ssize_t n; (n = read(pipes[0], text + size, 65535 - size)) > 0;)
        size += (size_t)n;
    close(pipes[0]);
    waitpid(child, NULL, 0);
    return text;
}

static void add_some(struct metric *c, struct metric *g, struct metric *h)
{
    metric_add(c, 1, 2);
    metric_add(c, 0, 1);
    metric_add(c, 2, 100);                                      /* no such series: nothing happens */
    metric_set(g, 0, 7);
    metric_observe(h, 0, 0.003);
    metric_observe(h, 0, 99);
}

static void nothing(struct metric *c, struct metric *g, struct metric *h)
{
    (void)c, (void)g, (void)h;
}

static void has(const char *text, const char *line)
{
    if (!strstr(text, line))
        fail_msg("no \"%s\" in:\n%s", line, text);
}

TEST("counted, measured, timed: the text of it")
{
    const char *text = in_process(NULL, "outdial-test", add_some, false);
    has(text, "# HELP test_total Counted.\n# TYPE test_total counter\ntest_total{colour=\"blue\"} 1\ntest_total{colour=\"red\"} 2\n");
    has(text, "# TYPE test_gauge gauge\ntest_gauge 7\n");
    has(text, "test_seconds_bucket{le=\"0.0025\"} 0\ntest_seconds_bucket{le=\"0.005\"} 1\n");
    has(text, "test_seconds_bucket{le=\"10\"} 1\ntest_seconds_bucket{le=\"+Inf\"} 2\ntest_seconds_sum 99.003\ntest_seconds_count 2\n");
}

TEST("a process that is killed takes nothing with it, and its successor goes on")
{
    const char *where = folder();
    in_process(where, "outdial-test", add_some, true);
    const char *text = in_process(where, "outdial-test", add_some, false);
    has(text, "test_total{colour=\"red\"} 4\n");
    has(text, "test_seconds_count 4\n");
    has(text, "test_gauge 7\n");
}

TEST("programs are added up; of gauges the largest counts")
{
    const char *where = folder();
    in_process(where, "outdial-one", add_some, false);
    const char *text = in_process(where, "outdial-two", add_some, false);
    has(text, "test_total{colour=\"red\"} 4\n");
    has(text, "test_gauge 7\n");
}

TEST("a file of another layout is replaced; a broken one of another program is passed over")
{
    const char *where = folder();
    FILE *file = fopen(arena_printf(arena, "%s/outdial-test", where), "w");
    fputs("of an older build", file);
    fclose(file);
    file = fopen(arena_printf(arena, "%s/outdial-other", where), "w");
    fputs("nothing that can be read", file);
    fclose(file);
    has(in_process(where, "outdial-test", add_some, false), "test_total{colour=\"red\"} 2\n");
    has(in_process(where, "outdial-test", nothing, false), "test_total{colour=\"red\"} 2\n");
}

TEST("a folder that cannot be used leaves the cells in the process")
{
    has(in_process("/nowhere/at/all", "outdial-test", add_some, false), "test_total{colour=\"red\"} 2\n");
}
