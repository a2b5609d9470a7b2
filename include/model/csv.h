/*
 * model/csv.h - CSV as people have it: read row by row out of a file in memory, write without harm to whoever opens it.
 *
 *     struct csv_head head;
 *     TRY(csv_open(ctx, bytes, size, NULL, &head));            delimiter, heading, which column is what
 *     struct csv_reader *reader = csv_reader_make(bytes, size, head.delimiter, head.first_row, head.first_line);
 *     while (csv_reader_next(reader, arena, &row))
 *         ... row.problem, or row.cell[0 .. row.count) ...
 *     csv_reader_destroy(reader);
 *
 * The delimiter is a comma, semicolon, tab or bar, whichever cuts the first lines into equally many pieces; a line "sep=;" names it.
 * Text is UTF-8 (model/encoding.h makes it so), with or without a byte order mark.  Quoted cells may hold line breaks.  A row that
 * cannot be read is given with a problem and its line, and reading goes on behind it; a quote that is never closed costs its own line
 * only.  Empty lines are passed over in silence.
 *
 * Which column is what is told by its heading, in English or Turkish, whatever its case and punctuation; headings that mean nothing
 * here are custom values.  A second column of telephone numbers holds further numbers.  Where the first row names no number but holds
 * one, the file has no heading: the number's column is the phone, and of the others the first is the name, the second the category.
 *
 * A map says otherwise: "phone:Telefon,name:Ad Soyad,custom.city:Sehir,ignore:#5".  Fields are phone, phone2 to phone9 and their labels (phone2_label), name, first_name,
 * last_name, category, external_id, custom.NAME and ignore; a column is named by its heading (in double quotes when it holds a comma) or
 * by its place.  Columns that the map does not mention keep their own meaning.
 *
 * No I/O, and no memory but the given arena's and libcsv's buffer.
 */
#pragma once

#include <stdio.h>

#include "base/ctx.h"
#include "base/err.h"

#define CSV_MOST_COLUMNS 200
#define CSV_LONGEST_CELL ((size_t)64 << 10)                     /* bytes */
#define CSV_LONGEST_ROW  ((size_t)256 << 10)
#define CSV_MOST_PHONES  9                                      /* columns of numbers */

#define CSV_COLUMNS(X)  /* column      field, as maps and previews have it */ \
    X(CUSTOM,      "custom") \
    X(NAME,        "name") \
    X(FIRST_NAME,  "first_name") \
    X(LAST_NAME,   "last_name") \
    X(PHONE,       "phone") \
    X(MORE_PHONE,  "phone2") \
    X(PHONE_LABEL, "phone2_label") \
    X(CATEGORY,    "category") \
    X(EXTERNAL_ID, "external_id") \
    X(IGNORED,     "ignore")

enum csv_column {
#define X(column, field) CSV_##column,
    CSV_COLUMNS(X)
#undef X
    CSV_COLUMN_COUNT
};

struct csv_head {
    char            delimiter;
    bool            heading;                                    /* the first row names the columns */
    size_t          first_row;                                  /* offset of the first row behind the heading */
    size_t          first_line;                                 /* its line, from 1 */
    size_t          count;
    const char    **name;                                       /* headings as written, trimmed; "column 1" and so on without */
    enum csv_column column[CSV_MOST_COLUMNS];
    const char     *key[CSV_MOST_COLUMNS];                      /* CSV_CUSTOM: name of the custom value.  CSV_MORE_PHONE: label, or NULL */
    int             order[CSV_MOST_COLUMNS];                    /* CSV_MORE_PHONE, CSV_PHONE_LABEL: 2 to 9, when they are tried */
};

/* How a file is to be read; members that are 0 are found out. */
struct csv_wishes {
    char        delimiter;
    enum { CSV_HEADING_UNKNOWN, CSV_HEADING_YES, CSV_HEADING_NO } heading;
    const char *map;
    const char *country;                                        /* of numbers by which a file without heading is known */
    bool        any_columns;                                    /* a file without a column that could be a phone is opened all the same */
};

/* INVALID: empty file, no text, no column that could be a phone, too many columns, a map that names what is not there (field map). */
fallible csv_open(struct ctx *, const char *bytes, size_t size, const struct csv_wishes *, struct csv_head *out);

/* What a map says is well formed; INVALID, field map. */
fallible csv_map_check(struct ctx *, const char *map);
/* "phone", "phone3", "custom.city": what the map would have to say for this column to be what it is. */
const char *csv_field_of(struct arena *, const struct csv_head *, size_t column);

enum csv_column csv_column_of(const char *heading);

struct csv_row {
    size_t       line;                                          /* where it begins, from 1 */
    size_t       start, end;                                    /* offsets; end is where the next row begins */
    const char **cell;
    size_t       count;
    const char  *problem;                                       /* NULL, or a stable code: nothing else is set then */
    const char  *sentence;                                      /* what to do about the problem */
};

struct csv_reader;                                              /* opaque */

struct csv_reader *csv_reader_make(const char *bytes, size_t size, char delimiter, size_t offset, size_t line);
bool csv_reader_next(struct csv_reader *, struct arena *, struct csv_row *out);     /* false = end */
void csv_reader_destroy(struct csv_reader *);                   /* NULL is fine */

/* Where the line that begins at `at` ends, its line break included: LF, CRLF or CR. */
size_t csv_line_end(const char *bytes, size_t size, size_t at);
/* Lines that end before offset. */
size_t csv_count_lines(const char *bytes, size_t offset);

/* One cell of an export, with a comma before it unless first; NULL is empty.  What a spreadsheet would take for a formula gets an
 * apostrophe in front; numbers in E.164 do not. */
void csv_write_cell(FILE *, bool first, const char *text);
void csv_end_line(FILE *);
/* A cell without that apostrophe, and without the ="..." that some programs write around numbers. */
const char *csv_plain(struct arena *, const char *cell);
/* A number's cell as it was before a spreadsheet had it: without a leading apostrophe, 8.134893222E+09 with its digits.  NULL when
 * digits are lost, as in 8.13E+09. */
const char *csv_phone(struct arena *, const char *cell);
