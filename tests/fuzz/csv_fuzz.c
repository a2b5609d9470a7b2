/* CSV: rows follow each other, stay inside the file and inside their limits; a cell that is written
 * never begins a formula. */
#include "fuzz.h"

#include "model/csv.h"
#include "model/encoding.h"
#include "model/phone.h"

static void no_formula(const char *cell)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);
    MUST(file);
    csv_write_cell(file, true, cell);
    fclose(file);
    const char first = text[text[0] == '"'];
    MUST(!first || !strchr("=-@\t\r", first));
    free(text);
}

struct decoded { char *bytes; size_t size; };

static bool keep(void *data, const char *bytes, size_t size)
{
    struct decoded *text = data;
    text->bytes = realloc(text->bytes, text->size + size + 1);
    MUST(text->bytes);
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
    return true;
}

static void read_all(const char *bytes, size_t size, struct arena *arena, struct ctx *ctx)
{
    static const struct csv_wishes nothing_special = { .country = "US" };
    struct csv_head head;
    struct csv_row row;
    if (csv_open(ctx, bytes, size, &nothing_special, &head))
        return;
    MUST(head.first_row <= size && head.count <= CSV_MOST_COLUMNS);
    struct csv_reader *reader = csv_reader_make(bytes, size, head.delimiter, head.first_row, head.first_line);
    size_t before = head.first_row, line = 0;
    while (csv_reader_next(reader, arena, &row)) {
        MUST(row.start >= before && row.end > row.start && row.end <= size && row.line > line);
        before = row.end;
        line = row.line;
        for (size_t i = 0; !row.problem && i < row.count; i++) {
            MUST(strlen(row.cell[i]) <= CSV_LONGEST_CELL);
            no_formula(row.cell[i]);
            MUST(csv_plain(arena, row.cell[i]));
            const char *phone = csv_phone(arena, row.cell[i]);
            MUST(!phone || strlen(phone) <= strlen(row.cell[i]) + 40);
        }
    }
    csv_reader_destroy(reader);
}

FUZZ
{
    static bool ready;
    if (!ready)
        phone_init();
    ready = true;
    struct decoded text = { 0 };
    MUST(encoding_decode(encoding_of(bytes, size), bytes, size, keep, &text));
    read_all(text.bytes ? text.bytes : "", text.size, arena, ctx);
    free(text.bytes);
}
