#include "sandbox/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/world.h"

enum { RECORD_CEILING = 4 << 20 };

static int file = -1;
static char path[4096];
static bool replaying;
static struct arena *arena;
static struct json_out out;

/* Records that outlive a reset, as they stand in the file. */
static struct kept { char *line; size_t length; struct kept *next; } *kept_first, **kept_end = &kept_first;

static void keep_line(const char *line, size_t length)
{
    struct kept *k = calloc(1, sizeof *k);
    if (!k || !(k->line = malloc(length)))
        abort();
    memcpy(k->line, line, length);
    k->length = length;
    *kept_end = k;
    kept_end = &k->next;
}

static void append(int to, const char *bytes, size_t length)
{
    while (length) {
        ssize_t n = write(to, bytes, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            /* A truth that cannot be recorded must not be told. */
            fprintf(stderr, "outdial-sandbox: cannot write %s: %s\n", path, strerror(errno));
            abort();
        }
        bytes += n;
        length -= (size_t)n;
    }
}

static void replay_line(struct arena *scratch, char *line, size_t length)
{
    const struct json *record;
    if (json_read(scratch, line, length, &record)) {
        fprintf(stderr, "outdial-sandbox: a line of %s cannot be read and is skipped\n", path);
        return;
    }
    bool keep;
    if (json_flag(json_get(record, "keep"), &keep) && keep) {
        line[length] = '\n';
        keep_line(line, length + 1);
    }
    world_replay(record);
}

static off_t replay(void)
{
    FILE *in = fopen(path, "r");
    if (!in)
        return 0;
    struct arena *scratch = arena_create(64 << 20);
    char *line = NULL;
    size_t space = 0;
    off_t good = 0;
    for (ssize_t n; (n = getline(&line, &space, in)) > 0 && line[n - 1] == '\n'; good += n) {
        replay_line(scratch, line, (size_t)n - 1);
        arena_reset(scratch);
    }
    free(line);
    fclose(in);
    arena_destroy(scratch);
    return good;
}

bool journal_open(const char *directory)
{
    arena = arena_create(RECORD_CEILING * 2);
    if (!directory)
        return true;
    mkdir(directory, 0700);
    if ((size_t)snprintf(path, sizeof path, "%s/journal", directory) >= sizeof path - 8) {
        fprintf(stderr, "outdial-sandbox: SANDBOX_STATE is too long\n");
        return false;
    }
    replaying = true;
    off_t good = replay();
    replaying = false;
    file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, good)) {
        fprintf(stderr, "outdial-sandbox: cannot open %s: %s\n", path, strerror(errno));
        return false;
    }
    return true;
}

bool journal_replaying(void)
{
    return replaying;
}

struct json_out *journal_begin(const char *kind)
{
    return journal_begin_at(kind, utc_now());
}

struct json_out *journal_begin_at(const char *kind, struct utc at)
{
    arena_reset(arena);
    out = json_out_make(arena, RECORD_CEILING);
    json_open_object(&out);
    json_name(&out, "record");
    json_put_string(&out, kind);
    json_name(&out, "at");
    json_put_integer(&out, at.us);
    return &out;
}

void journal_keep(void)
{
    json_name(&out, "keep");
    json_put_flag(&out, true);
    json_close_object(&out);
    str_add_char(&out.str, '\n');
    if (replaying)
        return;
    keep_line(out.str.text, out.str.length);
    if (file >= 0)
        append(file, out.str.text, out.str.length);
}

void journal_end(void)
{
    json_close_object(&out);
    str_add_char(&out.str, '\n');
    if (file >= 0 && !replaying)
        append(file, out.str.text, out.str.length);
}

void journal_reset(void)
{
    if (file < 0 || replaying)
        return;
    char fresh[sizeof path + 8];
    snprintf(fresh, sizeof fresh, "%s.new", path);
    int to = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    if (to < 0) {
        fprintf(stderr, "outdial-sandbox: cannot open %s: %s\n", fresh, strerror(errno));
        abort();
    }
    for (const struct kept *k = kept_first; k; k = k->next)
        append(to, k->line, k->length);
    if (rename(fresh, path)) {
        fprintf(stderr, "outdial-sandbox: cannot replace %s: %s\n", path, strerror(errno));
        abort();
    }
    close(file);
    file = to;
}
