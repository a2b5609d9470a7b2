/*
 * model/csv.c - rows out of a file and cells into one; see model/csv.h.  Headings are csv_head.c's.
 *
 * libcsv is fed one physical line at a time, so that the line and offset of every row are known, and so that a quote without an end
 * can be taken back: the parser is made anew and goes on with the line after the one where the row began.
 */
#include "model/csv.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "model/phone.h"

#define MOST_TAKEN_BACK 1000                                    /* quotes without an end, before the file is given up */

struct csv_reader {
    struct csv_parser parser;
    const char       *bytes;
    size_t            size, at, line;                           /* at: next byte to feed, on this line */
    char              delimiter;
    size_t            taken_back;
    bool              ended;
    /* the row being read */
    struct arena     *arena;
    const char       *cell[CSV_MOST_COLUMNS];
    size_t            count;
    bool              whole;                                    /* libcsv said that the row has ended */
    const char       *problem, *sentence;
};

static void on_cell(void *bytes, size_t size, void *data)
{
    struct csv_reader *r = data;
    const char *text = bytes ? bytes : "";

    if (r->count == CSV_MOST_COLUMNS) {
        r->problem = "too_many_fields";
        r->sentence = "The row has too many fields; perhaps a quote or the separator is misplaced.";
        return;
    }
    if (size > CSV_LONGEST_CELL) {
        r->problem = "too_long";
        r->sentence = "A field is longer than 64 KiB.";
    } else if (memchr(text, 0, size)) {
        r->problem = "control_character";
        r->sentence = "The row holds a NUL byte; save the file as CSV in UTF-8.";
    } else if (!utf8_valid(text, size)) {
        r->problem = "not_utf8";
        r->sentence = "The row is not UTF-8; save the file as CSV in UTF-8.";
    }
    r->cell[r->count++] = r->problem ? "" : arena_copy(r->arena, text, size);
}

static void on_row(int ending, void *data)
{
    struct csv_reader *r = data;

    (void)ending;
    r->whole = true;
}

static void begin_parser(struct csv_reader *r)
{
    if (csv_init(&r->parser, 0))
        abort();
    csv_set_delim(&r->parser, (unsigned char)r->delimiter);
}

struct csv_reader *csv_reader_make(const char *bytes, size_t size, char delimiter, size_t offset, size_t line)
{
    struct csv_reader *r = calloc(1, sizeof *r);

    if (!r)
        abort();
    *r = (struct csv_reader){ .bytes = bytes, .size = size, .at = offset, .line = line, .delimiter = delimiter };
    begin_parser(r);
    return r;
}

void csv_reader_destroy(struct csv_reader *r)
{
    if (r)
        csv_free(&r->parser);
    free(r);
}

size_t csv_line_end(const char *bytes, size_t size, size_t at)
{
    while (at < size && bytes[at] != '\n' && bytes[at] != '\r')
        at++;
    if (at + 1 < size && bytes[at] == '\r' && bytes[at + 1] == '\n')
        at++;
    return at < size ? at + 1 : size;
}

size_t csv_count_lines(const char *bytes, size_t offset)
{
    size_t lines = 0;

    for (size_t at = 0; at < offset; at = csv_line_end(bytes, offset, at))
        lines++;
    return lines;
}

static bool inside_quotes(const struct csv_reader *r)
{
    return r->parser.quoted && r->parser.pstate == 2;           /* FIELD_BEGUN of libcsv */
}

static void refuse(struct csv_row *row, const char *problem, const char *sentence)
{
    row->problem = problem;
    row->sentence = sentence;
    row->count = 0;
}

/* The row as it was begun leads nowhere: back to the line after its first. */
static void take_back(struct csv_reader *r, struct csv_row *row, bool quoted)
{
    csv_free(&r->parser);
    begin_parser(r);
    r->at = csv_line_end(r->bytes, r->size, row->start);
    r->line = row->line + 1;
    row->end = r->at;
    if (quoted)
        refuse(row, "unclosed_quote", "A quote opens here and is never closed.");
    else
        refuse(row, "too_long", "The row is longer than 256 KiB.");
    if (++r->taken_back > MOST_TAKEN_BACK) {
        refuse(row, "too_many_open_quotes", "Too many quotes are never closed; the rest of the file was not read.");
        r->ended = true;
        row->end = r->size;
    }
}

static void feed(struct csv_reader *r, size_t size)
{
    if (csv_parse(&r->parser, r->bytes + r->at, size, on_cell, on_row, r) != size)
        abort();                                                /* out of memory is all that is left */
}

/* One row, or nothing but line breaks up to the end. */
static bool read_row(struct csv_reader *r, struct csv_row *row)
{
    while (r->at < r->size) {
        size_t end = csv_line_end(r->bytes, r->size, r->at);
        if (end - row->start > CSV_LONGEST_ROW) {
            take_back(r, row, end - r->at <= CSV_LONGEST_ROW || r->at > row->start);
            return true;
        }
        feed(r, end - r->at);
        r->at = end;
        r->line++;
        if (r->whole)
            return true;
        if (!inside_quotes(r) && r->count == 0 && r->parser.pstate == 0) {
            row->start = r->at;                                 /* an empty line */
            row->line = r->line;
        }
    }
    if (inside_quotes(r)) {
        take_back(r, row, true);
        return true;
    }
    r->ended = true;
    csv_fini(&r->parser, on_cell, on_row, r);
    return r->whole;
}

bool csv_reader_next(struct csv_reader *r, struct arena *arena, struct csv_row *out)
{
    while (!r->ended) {
        bool blank = true;
        *out = (struct csv_row){ .line = r->line, .start = r->at };
        r->arena = arena;
        r->count = 0;
        r->whole = false;
        r->problem = NULL;
        if (!read_row(r, out))
            return false;
        if (out->problem)
            return true;
        out->end = r->at;
        if (r->problem) {
            refuse(out, r->problem, r->sentence);
            return true;
        }
        for (size_t i = 0; i < r->count; i++)
            blank = blank && str_blank(r->cell[i]);
        if (blank)
            continue;
        out->count = r->count;
        out->cell = arena_array(arena, r->count, sizeof *out->cell);
        memcpy(out->cell, r->cell, r->count * sizeof *out->cell);
        return true;
    }
    return false;
}

/* ---- writing ---- */

static bool is_formula(const char *text)
{
    return *text && strchr("=+-@\t\r\n", *text) && !phone_has_e164_shape(text);
}

void csv_write_cell(FILE *out, bool first, const char *text)
{
    if (!first)
        fputc(',', out);
    if (!text || !*text)
        return;
    bool formula = is_formula(text), quoted = strpbrk(text, ",\"\r\n;\t") || *text == ' ' || text[strlen(text) - 1] == ' ';
    if (quoted)
        fputc('"', out);
    if (formula)
        fputc('\'', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    if (quoted)
        fputc('"', out);
}

void csv_end_line(FILE *out)
{
    fputs("\r\n", out);
}

const char *csv_plain(struct arena *arena, const char *cell)
{
    size_t length = strlen(cell);

    if (length >= 3 && cell[0] == '=' && cell[1] == '"' && cell[length - 1] == '"')
        return arena_copy(arena, cell + 2, length - 3);
    if (cell[0] == '\'' && length >= 2 && strchr("=+-@\t\r\n", cell[1]))
        return cell + 1;
    return cell;
}

/* The digits of 8.134893222E+09, where none can have been lost: there are as many as the number has.  NULL when some are missing. */
static const char *all_digits(struct arena *arena, const char *mantissa, size_t length, int64_t exponent)
{
    char *digits = arena_alloc(arena, length + 1);
    size_t count = 0;

    for (size_t i = 0; i < length; i++)
        if (mantissa[i] != '.' && mantissa[i] != ',')
            digits[count++] = mantissa[i];
    return mantissa[0] != '0' && (length == 1 || mantissa[1] == '.' || mantissa[1] == ',') && (int64_t)count == exponent + 1 ? digits : NULL;
}

const char *csv_phone(struct arena *arena, const char *cell)
{
    int64_t exponent;

    if (*cell == '\'')
        cell++;
    size_t length = strspn(cell, "0123456789.,");
    const char *rest = cell + length;
    if (length > 0 && (*rest == 'E' || *rest == 'e') && rest[1] == '+' && str_to_long(rest + 2, 0, 99, &exponent))
        return all_digits(arena, cell, length, exponent);
    /* 8134893222.0, as programs write whole numbers that they took for fractions */
    if (!*rest && length >= 9 && strspn(cell, "0123456789") == length - 2 && strchr(".,", cell[length - 2]) && cell[length - 1] == '0')
        return arena_copy(arena, cell, length - 2);
    return cell;
}
