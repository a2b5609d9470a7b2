/*
 * model/csv.h - CSV as people have it: read row by row out of a file in memory, write without harm to whoever opens it.
 *
 *     struct csv_head head;
 *     TRY(csv_open(ctx, bytes, size, &head));                  delimiter, encoding, which column is what
 *     struct csv_reader *reader = csv_reader_make(bytes, size, &head, head.first_row, head.first_line);
 *     while (csv_reader_next(reader, arena, &row))
 *         ... row.problem, or row.cell[0 .. row.count) ...
 *     csv_reader_destroy(reader);
 *
 * The delimiter is a comma, semicolon, tab or bar, whichever the first line has most of; a line "sep=;" names it.  Text is UTF-8, with
 * or without a byte order mark.  Quoted cells may hold line breaks.  A row that cannot be read is given with a problem and its line,
 * and reading goes on behind it; a quote that is never closed costs its own line only.  Empty lines are passed over in silence.
 *
 * Which column is what is told by its heading, in English or Turkish, whatever its case and punctuation; headings that mean nothing
 * here are custom values.  A file of nothing but numbers needs no heading.
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

enum csv_column { CSV_CUSTOM, CSV_NAME, CSV_FIRST_NAME, CSV_LAST_NAME, CSV_PHONE, CSV_CATEGORY, CSV_EXTERNAL_ID, CSV_IGNORED };

struct csv_head {
    char            delimiter;
    size_t          first_row;                                  /* offset of the first row behind the heading */
    size_t          first_line;                                 /* its line, from 1 */
    size_t          count;
    const char    **name;                                       /* headings as written, trimmed */
    enum csv_column column[CSV_MOST_COLUMNS];
};

/* INVALID: empty file, not UTF-8 (UTF-16 is told by name), no column that could be a phone, too many columns. */
fallible csv_open(struct ctx *, const char *bytes, size_t size, struct csv_head *out);

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

/* Lines that end before offset. */
size_t csv_count_lines(const char *bytes, size_t offset);

/* One cell of an export, with a comma before it unless first; NULL is empty.  What a spreadsheet would take for a formula gets an
 * apostrophe in front; numbers in E.164 do not. */
void csv_write_cell(FILE *, bool first, const char *text);
void csv_end_line(FILE *);
/* A cell without that apostrophe, and without the ="..." that some programs write around numbers. */
const char *csv_plain(struct arena *, const char *cell);
