#include "base/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <errno.h>
#include <fcntl.h>

#include "base/network.h"
#include "base/str.h"

#define DEFAULT_FILE "/etc/outdial/outdial.env"

enum { LONGEST_FILE = 256 << 10, LONGEST_SAID = 4096, LARGEST_NUMBER = 1000000000 };

enum kind { TEXT, URL, NUMBER, SECRET, NETWORKS };

struct row {
    const char *name, *others, *preset;
    enum kind   kind;
    const char *about;
    size_t      offset;
};

static const struct row table[] = {
#define X(field, name, others, preset, kind, about) \
    { name, others, preset, kind, about, offsetof(struct settings, field) },
    SETTINGS(X)
#undef X
};

enum { ROWS = sizeof table / sizeof *table };

/* One loading: the lines of the file, and everything found wrong. */
struct loading {
    struct arena *arena;
    struct pairs  file;
    const char   *path;
    struct err   *wrong;
    struct str    said;
};

__attribute__((format(printf, 3, 4)))
static void say(struct loading *l, const char *name, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    const char *text = arena_vprintf(l->arena, format, values);
    va_end(values);
    l->wrong = err_field(l->arena, l->wrong, name, "invalid_setting", "%s", text);
    str_addf(&l->said, "%s%s", l->said.length ? "; " : "", text);
}

/* The whole file, without its last line ends; NULL and errno when it cannot be read. */
static char *slurp(struct arena *arena, const char *path)
{
    struct str s = str_make(arena, LONGEST_FILE);
    char part[4096];
    ssize_t got;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    while ((got = read(fd, part, sizeof part)) > 0)
        str_add_bytes(&s, part, (size_t)got);
    int reason = got < 0 ? errno : str_broken(&s) ? EFBIG : strlen(s.text) != s.length ? EILSEQ : 0;
    close(fd);
    errno = reason;
    if (reason)
        return NULL;
    while (s.length && (s.text[s.length - 1] == '\n' || s.text[s.length - 1] == '\r'))
        s.text[--s.length] = '\0';
    return s.length ? s.text : arena_text(arena, "");
}

/* Whether the row has that name, as its own or as one of the others. */
static bool goes_by(const struct row *row, const char *name, size_t length)
{
    if (strlen(row->name) == length && strncmp(row->name, name, length) == 0)
        return true;
    for (const char *other = row->others; *other; other += strcspn(other, " "), other += *other == ' ')
        if (strcspn(other, " ") == length && strncmp(other, name, length) == 0)
            return true;
    return false;
}

static bool is_known(const char *name)
{
    static const char file[] = "_FILE";
    size_t length = strlen(name), tail = sizeof file - 1;
    bool by_file = length > tail && strcmp(name + length - tail, file) == 0;
    for (size_t i = 0; i < ROWS; i++)
        if (goes_by(&table[i], name, length) || (by_file && goes_by(&table[i], name, length - tail)))
            return true;
    return false;
}

/* How many letters differ (Levenshtein), names longer than the row counted as far away. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64], length = strlen(b);
    if (length >= 64)
        return SIZE_MAX;
    for (size_t k = 0; k <= length; k++)
        row[k] = k;
    for (size_t i = 1; *a; a++, i++) {
        size_t corner = row[0];
        row[0] = i;
        for (size_t k = 1; k <= length; k++) {
            size_t change = corner + (*a != b[k - 1]);
            corner = row[k];
            size_t step = (row[k] < row[k - 1] ? row[k] : row[k - 1]) + 1;
            row[k] = change < step ? change : step;
        }
    }
    return row[length];
}

static const char *nearest(const char *name)
{
    const char *best = table[0].name;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < ROWS; i++) {
        size_t d = distance(name, table[i].name);
        if (d < least) {
            least = d;
            best = table[i].name;
        }
    }
    return best;
}

/* Text behind the = of a line: quotes around it go; in double quotes \n, \" and \\ are resolved. */
static char *unquoted(struct arena *arena, const char *text)
{
    char *value = str_trim(arena, text);
    size_t length = strlen(value);
    char quote = *value;
    if (length < 2 || (quote != '"' && quote != '\'') || value[length - 1] != quote)
        return value;
    value[length - 1] = '\0';
    char *to = value;
    for (const char *from = value + 1; *from; from++) {
        if (quote == '"' && *from == '\\' && from[1] && strchr("n\"\\", from[1]))
            *to++ = *++from == 'n' ? '\n' : *from;
        else
            *to++ = *from;
    }
    *to = '\0';
    return value;
}

static void read_line(struct loading *l, char *line, int number)
{
    line = str_trim(l->arena, line);
    if (!*line || *line == '#')
        return;
    if (str_starts(line, "export "))
        line += strlen("export ");
    char *equals = strchr(line, '=');
    if (!equals) {
        say(l, "settings file", "%s line %d is not NAME=VALUE", l->path, number);
        return;
    }
    *equals = '\0';
    const char *name = str_trim(l->arena, line);
    if (!is_known(name))
        say(l, name, "%s line %d: there is no setting %s, the nearest is %s", l->path, number, name,
            nearest(name));
    l->file.item[l->file.count++] = (struct pair){ .name = name, .value = unquoted(l->arena, equals + 1) };
}

static void read_file(struct loading *l)
{
    const char *named = getenv("OUTDIAL_SETTINGS");
    bool chosen = named && *named;
    l->path = chosen ? named : DEFAULT_FILE;
    char *text = slurp(l->arena, l->path);
    if (!text) {
        if (chosen || errno != ENOENT)
            say(l, "OUTDIAL_SETTINGS", "the settings file %s cannot be read: %s", l->path, strerror(errno));
        return;
    }
    size_t lines = 1;
    for (const char *c = text; *c; c++)
        lines += *c == '\n';
    l->file.item = arena_array(l->arena, lines, sizeof *l->file.item);
    int number = 1;
    for (char *line; (line = strsep(&text, "\n")); number++)
        read_line(l, line, number);
}

/* A value that is there and not empty. The last line of the file counts. */
static const char *plain(const struct loading *l, bool from_file, const char *name)
{
    const char *value = from_file ? NULL : getenv(name);
    for (size_t i = 0; from_file && i < l->file.count; i++)
        if (strcmp(l->file.item[i].name, name) == 0)
            value = l->file.item[i].value;
    return value && *value ? value : NULL;
}

static const char *under(struct loading *l, bool from_file, const char *name)
{
    const char *value = plain(l, from_file, name);
    if (value)
        return arena_text(l->arena, value);
    const char *path = plain(l, from_file, arena_printf(l->arena, "%s_FILE", name));
    if (!path)
        return NULL;
    value = slurp(l->arena, path);
    if (!value)
        say(l, name, "%s_FILE: %s cannot be read: %s", name, path, strerror(errno));
    return value && *value ? value : NULL;
}

static const char *look_up(struct loading *l, const struct row *row)
{
    for (int from_file = 0; from_file < 2; from_file++) {
        const char *value = under(l, from_file, row->name);
        char *others = arena_text(l->arena, row->others), *other;
        while (!value && (other = strsep(&others, " ")))
            value = *other ? under(l, from_file, other) : NULL;
        if (value)
            return value;
    }
    return row->preset;
}

/* "http://host..." without white space, query or fragment, and without a slash at the end. */
static const char *good_url(struct arena *arena, const char *text)
{
    bool is_url = str_starts(text, "https://") || str_starts(text, "http://");
    const char *host = is_url ? strstr(text, "://") + 3 : NULL;
    if (!host || !*host || strpbrk(text, " \t\r\n?#\"<>\\") || strchr("/:@", *host))
        return NULL;
    size_t length = strlen(text);
    if (text[length - 1] == '/')
        length--;
    return arena_copy(arena, text, length);
}

static const char *checked(struct loading *l, const struct row *row, const char *value)
{
    int64_t number;
    if (!value)
        return NULL;
    if (row->kind == URL) {
        const char *url = good_url(l->arena, value);
        if (!url)
            say(l, row->name, "%s must be a URL such as https://dial.example.com", row->name);
        return url;
    }
    if (row->kind == NUMBER && !str_to_long(value, 1, LARGEST_NUMBER, &number))
        say(l, row->name, "%s must be a whole number from 1", row->name);
    struct networks ranges;
    const char *wrong;
    if (row->kind == NETWORKS && !networks_parse(l->arena, value, &ranges, &wrong))
        say(l, row->name, "%s is a list of ranges such as 10.0.0.0/8 and fd00::/8; %.60s is none", row->name, wrong);
    return value;
}

fallible settings_load(struct arena *arena, struct settings *out)
{
    struct loading l = { .arena = arena, .said = str_make(arena, LONGEST_SAID) };
    *out = (struct settings){ 0 };
    read_file(&l);
    for (size_t i = 0; i < ROWS; i++)
        *(const char **)((char *)out + table[i].offset) = checked(&l, &table[i], look_up(&l, &table[i]));
    if (l.wrong)
        l.wrong->message = l.said.text;
    return l.wrong;
}

void settings_print(const struct settings *settings,
                    void (*line)(void *, const char *name, const char *value, const char *about), void *data)
{
    for (size_t i = 0; i < ROWS; i++) {
        const char *value = *(const char *const *)((const char *)settings + table[i].offset);
        bool hidden = table[i].kind == SECRET || !value;
        line(data, table[i].name, hidden ? (value ? "(set)" : "(not set)") : value, table[i].about);
    }
}

int64_t settings_number(const char *value)
{
    int64_t number = 0;
    str_to_long(value, 1, LARGEST_NUMBER, &number);
    return number;
}
