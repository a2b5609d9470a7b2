/*
 * model/csv_head.c - what the columns of a CSV file are; see model/csv.h.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "model/csv.h"
#include "model/phone.h"

#define LINES_LOOKED_AT 20

static const char delimiters[] = ",;\t|";

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
                 "telefon telefonno telefonnumarasi telefonnumara gsm gsmno cep ceptel ceptelefonu ceptelefon numara phonee164 whatsapp "
                 "istelefonu istelefon evtelefonu evtelefon workphone homephone businessphone officephone " },
    { CSV_NAME, " name businessname business company companyname fullname contact contactname leadname customer customername isim ad adi "
                "adsoyad adisoyadi advesoyad isimsoyisim firma firmaadi sirket sirketadi unvan isletme isletmeadi musteri musteriadi " },
    { CSV_FIRST_NAME, " firstname givenname " },
    { CSV_LAST_NAME, " lastname surname familyname soyad soyadi soyisim " },
    { CSV_CATEGORY, " category industry sector kategori sektor " },
    { CSV_EXTERNAL_ID, " externalid customerid crmid reference musterino musterinumarasi " },
    { CSV_IGNORED, " id createdat updatedat originalphone " },
};

static enum csv_column known_heading(const char *simple)
{
    char wanted[70];

    snprintf(wanted, sizeof wanted, " %s ", simple);
    for (size_t i = 0; *simple && i < sizeof headings / sizeof *headings; i++)
        if (strstr(headings[i].names, wanted))
            return headings[i].column;
    return CSV_CUSTOM;
}

enum csv_column csv_column_of(const char *heading)
{
    char simple[64];

    simplify(heading, simple);
    return known_heading(simple);
}

/* "Telefon 2": 2; 0 when there is no number of a number. */
static int place_of_phone(const char *heading)
{
    char simple[64];

    simplify(heading, simple);
    size_t length = strlen(simple);
    if (length < 2 || simple[length - 1] < '1' || simple[length - 1] > '9')
        return 0;
    int place = simple[length - 1] - '0';
    simple[length - 1] = '\0';
    return known_heading(simple) == CSV_PHONE ? place : 0;
}

/* "phone2_label": 2; 0 when it is no number's label. */
static int place_of_label(const char *heading)
{
    char simple[64];

    simplify(heading, simple);
    bool label = strlen(simple) == 11 && str_starts(simple, "phone") && simple[5] >= '2' && simple[5] <= '9' && str_equal(simple + 6, "label");
    return label ? simple[5] - '0' : 0;
}

/* ---- maps ---- */

struct mapping { enum csv_column column; int order; const char *key, *heading; };

static const char *const fields[CSV_COLUMN_COUNT] = {
#define X(column, field) [CSV_##column] = field,
    CSV_COLUMNS(X)
#undef X
};

static bool read_field(struct arena *a, const char *text, size_t length, struct mapping *out)
{
    char *field = arena_copy(a, text, length);

    *out = (struct mapping){ 0 };
    if (str_starts(field, "custom.") && field[7]) {
        out->key = field + 7;
        return true;
    }
    if (length == 6 && str_starts(field, "phone") && field[5] >= '2' && field[5] <= '9') {
        out->column = CSV_MORE_PHONE;
        out->order = field[5] - '0';
        return true;
    }
    out->order = place_of_label(field);
    if (out->order) {
        out->column = CSV_PHONE_LABEL;
        return true;
    }
    for (int c = CSV_NAME; c < CSV_COLUMN_COUNT; c++)
        if (str_equal(field, fields[c])) {
            out->column = (enum csv_column)c;
            return true;
        }
    return str_equal(field, "custom");
}

/* One "field:heading"; what follows is at *text then. */
static bool read_mapping(struct arena *a, const char **text, struct mapping *out)
{
    const char *colon = strchr(*text, ':');

    if (!colon || !read_field(a, *text, (size_t)(colon - *text), out))
        return false;
    const char *from = colon + 1, *end;
    if (*from == '"') {
        end = strchr(++from, '"');
        if (!end || (end[1] && end[1] != ','))
            return false;
        *text = end[1] ? end + 2 : end + 1;
    } else {
        end = from + strcspn(from, ",");
        *text = *end ? end + 1 : end;
    }
    out->heading = str_trim(a, arena_copy(a, from, (size_t)(end - from)));
    return *out->heading != '\0';
}

fallible csv_map_check(struct ctx *ctx, const char *map)
{
    struct mapping m;

    while (*map)
        if (!read_mapping(ctx->arena, &map, &m))
            FAIL_FIELD(ctx, "map", "malformed", "map is a list like phone:Telefon,name:Ad Soyad,custom.city:Sehir,ignore:#5; fields are phone, phone2 "
                       "to phone9, phone2_label to phone9_label, name, first_name, last_name, category, external_id, custom.NAME and ignore");
    return NULL;
}

static bool find_column(const struct csv_head *head, const char *heading, size_t *out)
{
    char wanted[64], given[64];
    int64_t place;

    for (size_t i = 0; i < head->count; i++)
        if (str_equal(head->name[i], heading)) {
            *out = i;
            return true;
        }
    if (*heading == '#' && str_to_long(heading + 1, 1, (int64_t)head->count, &place)) {
        *out = (size_t)place - 1;
        return true;
    }
    simplify(heading, wanted);
    for (size_t i = 0; *wanted && i < head->count; i++) {
        simplify(head->name[i], given);
        if (str_equal(given, wanted)) {
            *out = i;
            return true;
        }
    }
    return false;
}

const char *csv_field_of(struct arena *a, const struct csv_head *head, size_t column)
{
    if (head->column[column] == CSV_MORE_PHONE)
        return arena_printf(a, "phone%d", head->order[column]);
    if (head->column[column] == CSV_PHONE_LABEL)
        return arena_printf(a, "phone%d_label", head->order[column]);
    if (head->column[column] == CSV_CUSTOM)
        return arena_printf(a, "custom.%s", head->key[column]);
    return fields[head->column[column]];
}

/* ---- which column is what ---- */

struct assignment { struct csv_head *head; unsigned taken, phones; bool settled[CSV_MOST_COLUMNS]; };

static bool single(enum csv_column column)
{
    return column != CSV_CUSTOM && column != CSV_IGNORED && column != CSV_MORE_PHONE && column != CSV_PHONE_LABEL;
}

static void assign(struct assignment *a, size_t i, enum csv_column column, int order, const char *key)
{
    a->head->column[i] = column;
    a->head->order[i] = order;
    a->head->key[i] = key;
    a->settled[i] = true;
    if (single(column))
        a->taken |= 1u << column;
    if (column == CSV_MORE_PHONE)
        a->phones |= 1u << order;
}

static fallible assign_mapped(struct ctx *ctx, const char *map, struct assignment *a)
{
    struct mapping m;
    size_t i;

    while (map && *map) {
        if (!read_mapping(ctx->arena, &map, &m))
            return csv_map_check(ctx, map);
        if (!find_column(a->head, m.heading, &i))
            FAIL_FIELD(ctx, "map", "no_such_column", "No column is headed \"%.60s\"", m.heading);
        if (a->settled[i] || (single(m.column) && a->taken & 1u << m.column) || (m.column == CSV_MORE_PHONE && a->phones & 1u << m.order))
            FAIL_FIELD(ctx, "map", "twice", "The map names the column \"%.60s\" or its field twice", m.heading);
        const char *heading = a->head->name[i];
        bool told = place_of_phone(heading) || str_blank(heading);
        assign(a, i, m.column, m.order, m.column == CSV_CUSTOM ? m.key ? m.key : heading : m.column == CSV_MORE_PHONE && !told ? heading : NULL);
    }
    return NULL;
}

/* The next number that is tried after those that there are; 0 when there are enough. */
static int free_order(const struct assignment *a, int wanted)
{
    if (wanted >= 2 && !(a->phones & 1u << wanted))
        return wanted;
    for (int order = 2; order <= CSV_MOST_PHONES; order++)
        if (!(a->phones & 1u << order))
            return order;
    return 0;
}

static void assign_by_heading(struct assignment *a, size_t i)
{
    const char *heading = a->head->name[i];
    int place = place_of_phone(heading);
    enum csv_column column = place ? CSV_PHONE : csv_column_of(heading);

    if (str_blank(heading)) {
        assign(a, i, CSV_IGNORED, 0, NULL);
    } else if (place_of_label(heading)) {
        assign(a, i, CSV_PHONE_LABEL, place_of_label(heading), NULL);
    } else if (column == CSV_PHONE && (place > 1 || a->taken & 1u << CSV_PHONE)) {
        int order = free_order(a, place);
        assign(a, i, order ? CSV_MORE_PHONE : CSV_CUSTOM, order, !order ? heading : place ? NULL : heading);
    } else if (single(column) && a->taken & 1u << column) {
        assign(a, i, CSV_CUSTOM, 0, heading);
    } else {
        assign(a, i, column, 0, column == CSV_CUSTOM ? heading : NULL);
    }
}

/* Without a heading: phone is the column of the first number, then name, then category. */
static void assign_by_look(struct assignment *a, size_t phone)
{
    static const enum csv_column others[] = { CSV_NAME, CSV_CATEGORY };
    size_t next = 0;

    if (!a->settled[phone] && !(a->taken & 1u << CSV_PHONE))
        assign(a, phone, CSV_PHONE, 0, NULL);
    for (size_t i = 0; i < a->head->count; i++) {
        while (next < 2 && a->taken & 1u << others[next])
            next++;
        if (!a->settled[i])
            assign(a, i, next < 2 ? others[next] : CSV_CUSTOM, 0, next < 2 ? NULL : a->head->name[i]);
    }
}

/* A file that names only "phone2" has its first number there. */
static void promote_phone(struct csv_head *head)
{
    size_t first = head->count;

    for (size_t i = 0; i < head->count; i++) {
        if (head->column[i] == CSV_PHONE)
            return;
        if (head->column[i] == CSV_MORE_PHONE && (first == head->count || head->order[i] < head->order[first]))
            first = i;
    }
    if (first < head->count)
        head->column[first] = CSV_PHONE;
}

/* ---- opening ---- */

/* Pieces that a delimiter cuts off this line; a quoted one cuts nothing. */
static size_t count_on_line(const char *bytes, size_t from, size_t end, char delimiter)
{
    size_t count = 0;
    bool quoted = false;

    for (size_t i = from; i < end; i++) {
        if (bytes[i] == '"')
            quoted = !quoted;
        count += !quoted && bytes[i] == delimiter;
    }
    return count;
}

static char sniff(const char *bytes, size_t size)
{
    size_t best = 0, most = 0;

    for (size_t d = 0; d < 4; d++) {
        size_t end = csv_line_end(bytes, size, 0), first = count_on_line(bytes, 0, end, delimiters[d]), agree = 0;
        for (size_t lines = 1, at = end; first && at < size && lines < LINES_LOOKED_AT; lines++, at = end) {
            end = csv_line_end(bytes, size, at);
            agree += count_on_line(bytes, at, end, delimiters[d]) == first;
        }
        size_t score = first ? agree * 1000 + first : 0;
        if (score > most) {
            most = score;
            best = d;
        }
    }
    return delimiters[best];
}

/* "sep=;" on the first line, as Excel writes and wants it. */
static size_t named_delimiter(const char *bytes, size_t size, size_t at, char *delimiter)
{
    if (size - at < 5 || strncasecmp(bytes + at, "sep=", 4) != 0 || !bytes[at + 4] || !strchr(delimiters, bytes[at + 4]))
        return at;
    *delimiter = bytes[at + 4];
    return csv_line_end(bytes, size, at);
}

static bool is_number(struct ctx *ctx, const char *cell, const char *country)
{
    struct e164 number;
    const char *phone = csv_phone(ctx->arena, csv_plain(ctx->arena, cell));

    return phone && strlen(phone) >= 7 && phone_normalize(phone, country ? country : "US", &number) == PHONE_OK;
}

/* The first cell that is a number; count when none is. */
static size_t first_number(struct ctx *ctx, const struct csv_head *head, const char *country)
{
    size_t i = 0;

    while (i < head->count && !is_number(ctx, head->name[i], country))
        i++;
    return i;
}

static bool names_a_phone(const struct csv_head *head)
{
    for (size_t i = 0; i < head->count; i++)
        if (csv_column_of(head->name[i]) == CSV_PHONE || place_of_phone(head->name[i]))
            return true;
    return false;
}

static fallible assign_columns(struct ctx *ctx, const struct csv_wishes *w, size_t number, struct csv_head *head)
{
    struct assignment a = { .head = head };

    TRY(assign_mapped(ctx, w->map, &a));
    if (!head->heading)
        assign_by_look(&a, number < head->count ? number : 0);
    for (size_t i = 0; i < head->count; i++)
        if (!a.settled[i])
            assign_by_heading(&a, i);
    promote_phone(head);
    for (size_t i = 0; i < head->count; i++)
        if (head->column[i] == CSV_PHONE)
            return NULL;
    if (w->any_columns)
        return NULL;
    FAIL_CODE(ctx, INVALID, "no_phone_column", "No column is headed phone. The first row names the columns: name, phone, category, external_id. Or say which "
              "is which: ?map=phone:HEADING.");
}

static fallible read_head(struct ctx *ctx, const char *bytes, size_t size, size_t at, const struct csv_wishes *w, struct csv_head *out)
{
    struct csv_row row;
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
    size_t number = first_number(ctx, out, w->country);
    out->heading = w->heading == CSV_HEADING_YES || (w->heading == CSV_HEADING_UNKNOWN && (number == row.count || names_a_phone(out)));
    out->first_row = out->heading ? row.end : row.start;
    out->first_line = out->heading ? csv_count_lines(bytes, row.end) + 1 : row.line;
    if (!out->heading) {
        out->name = arena_array(ctx->arena, row.count, sizeof *out->name);
        for (size_t i = 0; i < row.count; i++)
            out->name[i] = arena_printf(ctx->arena, "column %zu", i + 1);
    }
    return assign_columns(ctx, w, number, out);
}

fallible csv_open(struct ctx *ctx, const char *bytes, size_t size, const struct csv_wishes *wishes, struct csv_head *out)
{
    static const struct csv_wishes none;
    const struct csv_wishes *w = wishes ? wishes : &none;
    size_t at = size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    *out = (struct csv_head){ 0 };
    if (size == at)
        FAIL_CODE(ctx, INVALID, "empty_file", "The file is empty.");
    if (memchr(bytes, 0, size < 1024 ? size : 1024))
        FAIL_CODE(ctx, INVALID, "unsupported_encoding", "The file is no text; save it as CSV in UTF-8 (\"CSV UTF-8\" in Excel).");
    size_t rows = named_delimiter(bytes, size, at, &out->delimiter);
    if (w->delimiter)
        out->delimiter = w->delimiter;
    else if (rows == at)
        out->delimiter = sniff(bytes + at, size - at);
    return read_head(ctx, bytes, size, rows, w, out);
}
