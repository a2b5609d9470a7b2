/*
 * service/import_preview.c - the first rows of a file as an import would read them; see service/imports.h.
 */
#include <stdlib.h>
#include <string.h>

#include "service/import_file.h"
#include "service/import_options.h"

#define LOOKED_AT    ((size_t)64 << 10)                         /* bytes of the file */
#define PREVIEW_ROWS 20

static bool add_piece(void *text, const char *bytes, size_t size)
{
    str_add_bytes(text, bytes, size);
    return !str_broken(text);
}

/* What was cut off in the middle of a line is not shown. */
static size_t whole_lines(const char *bytes, size_t size)
{
    while (size > 0 && bytes[size - 1] != '\n' && bytes[size - 1] != '\r')
        size--;
    return size;
}

static void judge(struct import_preview *p, struct arena *arena, struct import_preview_row *row)
{
    struct import_batch *b = p->batch;
    size_t count = b->count, refused = b->refused;

    import_batch_add(b, &p->text, &row->row);
    row->lead = count;
    row->verdict = b->refused > refused ? "refused" : b->count > count ? "ok" : "duplicate";
    if (b->refused > refused) {
        row->field = arena_text(arena, b->bad_field[refused]);
        row->code = b->bad_code[refused];
        row->reason = b->bad_reason[refused];
    }
}

static fallible preview(struct ctx *ctx, const struct import_bytes *file, const struct import_options *options, struct import_preview *out)
{
    struct arena *a = ctx->arena;
    size_t size = file->size < LOOKED_AT ? file->size : LOOKED_AT;
    struct str text = str_make(a, 4 * LOOKED_AT);
    struct csv_wishes wishes;

    TRY(import_wishes(ctx, options, file->at, file->size, &out->encoding, &wishes, &out->text));
    wishes.any_columns = true;                                  /* who looks can say which one it is */
    out->whole = file->size < LOOKED_AT;                        /* a browser sends no more than that of a larger one */
    if (out->encoding == ENCODING_UTF_8)
        str_add_bytes(&text, file->at ? file->at : "", size);
    else
        encoding_decode(out->encoding, file->at, size, add_piece, &text);
    out->text.bytes = text.text;
    out->text.size = out->whole ? text.length : whole_lines(text.text, text.length);
    TRY(csv_open(ctx, out->text.bytes, out->text.size, &wishes, &out->text.head));

    struct csv_head *head = &out->text.head;
    struct csv_reader *reader = csv_reader_make(out->text.bytes, out->text.size, head->delimiter, head->first_row, head->first_line);
    out->row = arena_array(a, PREVIEW_ROWS, sizeof *out->row);
    while (out->count < PREVIEW_ROWS && csv_reader_next(reader, a, &out->row[out->count].row))
        judge(out, a, &out->row[out->count++]);
    csv_reader_destroy(reader);
    return NULL;
}

fallible svc_import_preview(struct ctx *ctx, const struct import_source *source, const struct import_options *options, struct import_preview *out)
{
    struct import_bytes file;

    *out = (struct import_preview){ .batch = ARENA_NEW(ctx->arena, struct import_batch) };
    out->batch->arena = ctx->arena;
    TRY(import_bytes_take(ctx, NULL, source, &file));
    struct err *err = preview(ctx, &file, options, out);
    import_bytes_release(&file);
    return err;
}
