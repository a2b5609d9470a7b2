/*
 * model/csv.c - see model/csv.h.
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

/* Where the line that begins at `at` ends, its line break included: LF, CRLF or CR. */
static size_t line_end(const char *bytes, size_t size, size_t at)
{
    const char *from = bytes + at, *end = bytes + size;
    const char *lf = memchr(from, '\n', (size_t)(end - from));
    const char *cr = memchr(from, '\r', (size_t)((lf ? lf : end) - from));

    if (cr && cr + 1 != lf)
        return (size_t)(cr + 1 - bytes);
    return lf ? (size_t)(lf + 1 - bytes) : size;
}

size_t csv_count_lines(const char *bytes, size_t offset)
{
    size_t lines = 0;

    for (size_t at = 0; at < offset; at = line_end(bytes, offset, at))
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
    r->at = line_end(r->bytes, r->size, row->start);
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
        size_t end = line_end(r->bytes, r->size, r->at);
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

/* ---- headings ---- */

static const struct { const char *from, *to; } letters[] = {
    { "İ", "i" }, { "ı", "i" }, { "Ş", "s" }, { "ş", "s" }, { "Ç", "c" }, { "ç", "c" }, { "Ğ", "g" }, { "ğ", "g" },
    { "Ü", "u" }, { "ü", "u" }, { "Ö", "o" }, { "ö", "o" },
};

/* Letters and digits alone, in lower case, Turkish ones as their neighbours. */
static void simplify(const char *heading, char out[64])
{
    size_t n = 0;

    while (*heading && n < 62) {
        size_t taken = 0;
        for (size_t i = 0; i < sizeof letters / sizeof *letters && !taken; i++)
            if (str_starts(heading, letters[i].from)) {
                out[n++] = *letters[i].to;
                taken = strlen(letters[i].from);
            }
        if (!taken) {
            char c = *heading;
            if (c >= 'A' && c <= 'Z')
                c = (char)(c + 'a' - 'A');
            if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
                out[n++] = c;
            taken = 1;
        }
        heading += taken;
    }
    out[n] = '\0';
}

static const struct { enum csv_column column; const char *names; } headings[] = {
    { CSV_PHONE, " phone phonenumber phoneno telephone telephonenumber tel telno mobile mobilephone mobilenumber cell cellphone number "
                 "telefon telefonno telefonnumarasi telefonnumara gsm gsmno cep ceptel ceptelefonu numara phonee164 " },
    { CSV_NAME, " name businessname business company companyname fullname contact contactname leadname customer customername isim ad adi "
                "adsoyad adisoyadi firma firmaadi sirket sirketadi unvan isletme isletmeadi musteri musteriadi " },
    { CSV_FIRST_NAME, " firstname givenname " },
    { CSV_LAST_NAME, " lastname surname familyname soyad soyadi " },
    { CSV_CATEGORY, " category industry sector kategori sektor " },
    { CSV_EXTERNAL_ID, " externalid customerid crmid reference musterino " },
    { CSV_IGNORED, " id createdat updatedat originalphone " },
};

enum csv_column csv_column_of(const char *heading)
{
    char simple[64], wanted[70];

    simplify(heading, simple);
    snprintf(wanted, sizeof wanted, " %s ", simple);
    for (size_t i = 0; *simple && i < sizeof headings / sizeof *headings; i++)
        if (strstr(headings[i].names, wanted))
            return headings[i].column;
    return CSV_CUSTOM;
}

/* ---- opening ---- */

static char sniff(const char *bytes, size_t size)
{
    static const char delimiters[] = ",;\t|";
    size_t seen[4] = { 0 }, end = line_end(bytes, size, 0), best = 0;
    bool quoted = false;

    for (size_t i = 0; i < end; i++) {
        const char *which = bytes[i] ? strchr(delimiters, bytes[i]) : NULL;
        if (bytes[i] == '"')
            quoted = !quoted;
        else if (!quoted && which)
            seen[which - delimiters]++;
    }
    for (size_t i = 1; i < 4; i++)
        if (seen[i] > seen[best])
            best = i;
    return delimiters[best];
}

static fallible check_encoding(struct ctx *ctx, const char *bytes, size_t size)
{
    const unsigned char *b = (const unsigned char *)bytes;
    bool marked = size >= 2 && ((b[0] == 0xff && b[1] == 0xfe) || (b[0] == 0xfe && b[1] == 0xff));

    if (size == 0)
        FAIL_CODE(ctx, INVALID, "empty_file", "The file is empty.");
    if (marked || memchr(bytes, 0, size < 1024 ? size : 1024))
        FAIL_CODE(ctx, INVALID, "unsupported_encoding", "The file is UTF-16 or not text at all; save it as CSV in UTF-8 (\"CSV UTF-8\" in Excel).");
    return NULL;
}

/* The second phone column, say, is a custom value like any other. */
static void assign_columns(struct csv_head *head)
{
    unsigned taken = 0;

    for (size_t i = 0; i < head->count; i++) {
        enum csv_column column = csv_column_of(head->name[i]);
        if (column != CSV_CUSTOM && column != CSV_IGNORED && (taken & 1u << column))
            column = CSV_CUSTOM;
        taken |= 1u << column;
        head->column[i] = str_blank(head->name[i]) ? CSV_IGNORED : column;
    }
}

static bool has_column(const struct csv_head *head, enum csv_column column)
{
    for (size_t i = 0; i < head->count; i++)
        if (head->column[i] == column)
            return true;
    return false;
}

/* "sep=;" on the first line, as Excel writes and wants it. */
static size_t named_delimiter(const char *bytes, size_t size, size_t at, char *delimiter)
{
    if (size - at < 5 || strncasecmp(bytes + at, "sep=", 4) != 0 || !strchr(",;\t|", bytes[at + 4]))
        return at;
    *delimiter = bytes[at + 4];
    return line_end(bytes, size, at);
}

static fallible read_head(struct ctx *ctx, const char *bytes, size_t size, size_t at, struct csv_head *out)
{
    struct csv_row row;
    struct e164 number;
    struct csv_reader *r = csv_reader_make(bytes, size, out->delimiter, at, 1 + (at > 3));
    bool found = csv_reader_next(r, ctx->arena, &row);

    csv_reader_destroy(r);
    if (!found)
        FAIL_CODE(ctx, INVALID, "empty_file", "The file is empty.");
    if (row.problem)
        FAIL_CODE(ctx, INVALID, row.problem, "The first row cannot be read. %s", row.sentence);
    out->count = row.count;
    out->name = row.cell;
    for (size_t i = 0; i < row.count; i++)
        out->name[i] = str_trim(ctx->arena, row.cell[i]);
    out->first_row = row.end;
    out->first_line = csv_count_lines(bytes, row.end) + 1;
    assign_columns(out);
    if (row.count == 1 && !has_column(out, CSV_PHONE) && phone_normalize(csv_plain(ctx->arena, out->name[0]), "US", &number) == PHONE_OK) {
        out->column[0] = CSV_PHONE;
        out->first_row = row.start;
        out->first_line = row.line;
    }
    if (!has_column(out, CSV_PHONE))
        FAIL_CODE(ctx, INVALID, "no_phone_column", "No column is headed phone. The first row names the columns: name, phone, category, external_id.");
    return NULL;
}

fallible csv_open(struct ctx *ctx, const char *bytes, size_t size, struct csv_head *out)
{
    size_t at = size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    *out = (struct csv_head){ 0 };
    TRY(check_encoding(ctx, bytes, size));
    size_t rows = named_delimiter(bytes, size, at, &out->delimiter);
    if (rows == at)
        out->delimiter = sniff(bytes + at, size - at);
    return read_head(ctx, bytes, size, rows, out);
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
