/*
 * base/metrics.c - shared cells, and their text.  See base/metrics.h.
 *
 * A file is a head, a description of every series, and the cells.  The description is the identity of the layout: whoever maps a
 * file whose description is another one puts a new file in its place, which processes of the older build do not see.
 */
#include "base/metrics.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_FAMILIES 64
#define MOST_FILES    16
#define MAGIC         0x6f7574646d657431ull
#define CELLS_OF_HISTOGRAM (METRIC_BUCKETS + 1)
#define LARGEST_FILE  ((size_t)16 << 20)

/* One series, as files describe it. */
struct described {
    char     name[64], help[128], labels[192];
    uint32_t kind, first_cell;
};

struct head {
    uint64_t magic;
    uint32_t count, cells;
};

static const double bounds[] = METRIC_BOUNDS;
static struct metric   *family[MOST_FAMILIES];
static unsigned         family_count;
static char             shared_folder[256];
static void            *own_memory;                             /* layout of a file, whether it is one or not */

static unsigned cells_of(enum metric_kind kind)
{
    return kind == HISTOGRAM ? CELLS_OF_HISTOGRAM : 1;
}

void metrics_declare(struct metric *m)
{
    if (family_count == MOST_FAMILIES || own_memory)
        abort();
    family[family_count++] = m;
}

static struct described *series_of(void *file)
{
    return (struct described *)((char *)file + sizeof(struct head));
}

static _Atomic uint64_t *cells(void *file)
{
    return (_Atomic uint64_t *)((char *)file + sizeof(struct head) + ((struct head *)file)->count * sizeof(struct described));
}

static size_t size_of(const struct head *h)
{
    return sizeof *h + h->count * sizeof(struct described) + h->cells * sizeof(uint64_t);
}

static void describe(const struct metric *m, unsigned series, struct arena *a, struct described *out)
{
    struct str labels = str_make(a, sizeof out->labels);

    if (m->labels)
        m->labels(series, &labels);
    if (str_broken(&labels) || labels.length >= sizeof out->labels || strlen(m->name) >= sizeof out->name || strlen(m->help) >= sizeof out->help)
        abort();
    out->kind = m->kind;
    memcpy(out->name, m->name, strlen(m->name) + 1);
    memcpy(out->help, m->help, strlen(m->help) + 1);
    memcpy(out->labels, labels.text, labels.length + 1);
}

/* Memory laid out as a file: head, descriptions, cells of zero. */
static void *describe_all(size_t *size)
{
    struct head h = { .magic = MAGIC };
    for (unsigned i = 0; i < family_count; i++) {
        h.count += family[i]->series;
        h.cells += family[i]->series * cells_of(family[i]->kind);
    }
    *size = size_of(&h);
    void *memory = calloc(1, *size);
    struct arena *a = arena_create((size_t)4 << 20);
    if (!memory)
        abort();
    *(struct head *)memory = h;
    struct described *d = series_of(memory);
    unsigned cell = 0;
    for (unsigned i = 0; i < family_count; i++) {
        for (unsigned k = 0; k < family[i]->series; k++, d++, cell += cells_of(family[i]->kind)) {
            describe(family[i], k, a, d);
            d->first_cell = cell;
        }
    }
    arena_destroy(a);
    return memory;
}

static void *map(int fd, size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* Maps the file when it has this layout; puts a new one there otherwise.  NULL: the folder cannot be used. */
static void *map_own(const char *path, const void *wanted, size_t size)
{
    size_t described = size_of(wanted) - ((const struct head *)wanted)->cells * sizeof(uint64_t);
    struct stat about;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *memory = fd >= 0 && fstat(fd, &about) == 0 && (size_t)about.st_size == size ? map(fd, size) : NULL;
    if (fd >= 0)
        close(fd);
    if (memory && memcmp(memory, wanted, described) == 0)
        return memory;
    if (memory)
        munmap(memory, size);

    char fresh[400];
    snprintf(fresh, sizeof fresh, "%s.%d", path, (int)getpid());
    fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    bool written = fd >= 0 && write(fd, wanted, size) == (ssize_t)size && rename(fresh, path) == 0;
    memory = written ? map(fd, size) : NULL;
    if (fd >= 0)
        close(fd);
    if (!written)
        unlink(fresh);
    return memory;
}

/* Two processes that start together must not both make the file. */
static void *open_shared(const char *program, const char *folder, const void *wanted, size_t size)
{
    char path[320];
    int lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (lock < 0 || flock(lock, LOCK_EX)) {
        if (lock >= 0)
            close(lock);
        return NULL;
    }
    snprintf(path, sizeof path, "%s/%s", folder, program);
    void *memory = map_own(path, wanted, size);
    close(lock);
    return memory;
}

void metrics_open(const char *program, const char *folder)
{
    size_t size;
    void *memory = describe_all(&size), *shared = NULL;

    if (folder && *folder && strlen(folder) < sizeof shared_folder)
        shared = open_shared(program, folder, memory, size);
    if (shared) {
        memcpy(shared_folder, folder, strlen(folder) + 1);
        free(memory);
        memory = shared;
    }
    own_memory = memory;
    _Atomic uint64_t *cell = cells(memory);
    for (unsigned i = 0; i < family_count; cell += family[i]->series * cells_of(family[i]->kind), i++)
        family[i]->cell = cell;
}

void metric_add(struct metric *m, unsigned series, uint64_t amount)
{
    if (m->cell && series < m->series)
        atomic_fetch_add_explicit(&m->cell[series], amount, memory_order_relaxed);
}

void metric_set(struct metric *m, unsigned series, uint64_t value)
{
    if (m->cell && series < m->series)
        atomic_store_explicit(&m->cell[series], value, memory_order_relaxed);
}

void metric_observe(struct metric *m, unsigned series, double seconds)
{
    unsigned bucket = 0;

    if (!m->cell || series >= m->series)
        return;
    while (bucket < METRIC_BUCKETS - 1 && seconds > bounds[bucket])
        bucket++;
    _Atomic uint64_t *cell = &m->cell[series * CELLS_OF_HISTOGRAM];
    atomic_fetch_add_explicit(&cell[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&cell[METRIC_BUCKETS], (uint64_t)(seconds * 1e6), memory_order_relaxed);
}

/* ---- reading ---- */

/* One series of any file, and where its cells are. */
struct found {
    const struct described *d;
    const _Atomic uint64_t *cell;
};

struct reading {
    void        *file[MOST_FILES];
    size_t       size[MOST_FILES];
    unsigned     files;
    struct found *found;
    size_t       count, space;
};

static bool sound(const void *memory, size_t size)
{
    const struct head *h = memory;
    return size >= sizeof *h && h->magic == MAGIC && h->count < 1000000 && h->cells < 10000000 && size_of(h) == size;
}

static void read_series(struct arena *a, struct reading *r, void *memory)
{
    const struct head *h = memory;
    const struct described *d = series_of(memory);

    if (r->count + h->count > r->space) {
        struct found *more = arena_array(a, (r->count + h->count) * 2, sizeof *more);
        if (r->count)
            memcpy(more, r->found, r->count * sizeof *more);
        r->found = more;
        r->space = (r->count + h->count) * 2;
    }
    for (unsigned i = 0; i < h->count; i++)
        if (d[i].kind <= HISTOGRAM && d[i].first_cell + cells_of(d[i].kind) <= h->cells)
            r->found[r->count++] = (struct found){ &d[i], cells(memory) + d[i].first_cell };
}

static void read_files(struct arena *a, struct reading *r)
{
    DIR *folder = *shared_folder ? opendir(shared_folder) : NULL;
    struct dirent *entry;

    while (folder && (entry = readdir(folder)) && r->files < MOST_FILES) {
        if (!str_starts(entry->d_name, "outdial-") || strchr(entry->d_name, '.'))
            continue;
        int fd = openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        struct stat about;
        bool fits = fd >= 0 && fstat(fd, &about) == 0 && about.st_size > 0 && (size_t)about.st_size <= LARGEST_FILE;
        void *memory = fits ? mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
        if (fd >= 0)
            close(fd);
        if (memory == MAP_FAILED)
            continue;
        r->file[r->files] = memory;
        r->size[r->files++] = (size_t)about.st_size;
        if (sound(memory, (size_t)about.st_size))
            read_series(a, r, memory);
    }
    if (folder)
        closedir(folder);
    else
        read_series(a, r, own_memory);
}

static int by_name_and_labels(const void *left, const void *right)
{
    const struct described *a = ((const struct found *)left)->d, *b = ((const struct found *)right)->d;
    int names = strcmp(a->name, b->name);
    return names ? names : strcmp(a->labels, b->labels);
}

static void write_value(struct str *out, const struct described *d, const char *suffix, const char *bound, double value)
{
    bool labels = d->labels[0] || bound;

    str_addf(out, "%s%s%s%s", d->name, suffix, labels ? "{" : "", d->labels);
    if (bound)
        str_addf(out, "%sle=\"%s\"", d->labels[0] ? "," : "", bound);
    str_addf(out, "%s %.15g\n", labels ? "}" : "", value);
}

/* Of count cells with the same name and labels: counters and histograms add up; of gauges the largest counts. */
static void write_series(struct str *out, const struct found *f, size_t count)
{
    uint64_t sum[CELLS_OF_HISTOGRAM] = { 0 }, seen = 0;

    for (size_t i = 0; i < count; i++) {
        for (unsigned k = 0; k < cells_of(f->d->kind) && f[i].d->kind == f->d->kind; k++) {
            uint64_t value = atomic_load_explicit(&f[i].cell[k], memory_order_relaxed);
            if (f->d->kind != GAUGE)
                sum[k] += value;
            else if (value > sum[k])
                sum[k] = value;
        }
    }
    if (f->d->kind != HISTOGRAM) {
        write_value(out, f->d, "", NULL, (double)sum[0]);
        return;
    }
    for (unsigned k = 0; k < METRIC_BUCKETS; k++)
        seen += sum[k];
    if (seen == 0)                                              /* routes nobody uses would be most of the text */
        return;
    uint64_t below = 0;
    for (unsigned k = 0; k < METRIC_BUCKETS; k++) {
        char bound[32] = "+Inf";
        below += sum[k];
        if (k < METRIC_BUCKETS - 1)
            snprintf(bound, sizeof bound, "%g", bounds[k]);
        write_value(out, f->d, "_bucket", bound, (double)below);
    }
    write_value(out, f->d, "_sum", NULL, (double)sum[METRIC_BUCKETS] / 1e6);
    write_value(out, f->d, "_count", NULL, (double)seen);
}

void metrics_write(struct arena *a, struct str *out)
{
    static const char *const kinds[] = { [COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram" };
    struct reading r = { 0 };

    read_files(a, &r);
    if (r.count)
        qsort(r.found, r.count, sizeof *r.found, by_name_and_labels);
    for (size_t i = 0, next; i < r.count; i = next) {
        const struct described *d = r.found[i].d;
        for (next = i + 1; next < r.count && by_name_and_labels(&r.found[i], &r.found[next]) == 0;)
            next++;
        if (i == 0 || strcmp(r.found[i - 1].d->name, d->name) != 0)
            str_addf(out, "# HELP %s %s\n# TYPE %s %s\n", d->name, d->help, d->name, kinds[d->kind]);
        write_series(out, &r.found[i], next - i);
    }
    for (unsigned i = 0; i < r.files; i++)
        munmap(r.file[i], r.size[i]);
}
