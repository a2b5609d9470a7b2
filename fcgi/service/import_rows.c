/*
 * service/import_rows.c - see service/import_rows.h.
 */
#include "service/import_rows.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "base/uuid.h"
#include "model/lead.h"
#include "model/phone.h"

#define BATCH_BYTES     ((size_t)8 << 20)                       /* of memory, not of the file */
#define LARGEST_CUSTOM  ((size_t)64 << 10)
#define SHOWN_OF_A_ROW  2000                                    /* bytes kept of a refused row */

static const char *const policies[IMPORT_POLICY_COUNT] = {
#define X(policy, name) [IMPORT_##policy] = name,
    IMPORT_POLICIES(X)
#undef X
};

bool import_policy_find(const char *name, enum import_policy *out)
{
    for (int p = 0; p < IMPORT_POLICY_COUNT; p++)
        if (str_equal(policies[p], name)) {
            *out = (enum import_policy)p;
            return true;
        }
    return false;
}

const char *import_policy_name(enum import_policy policy)
{
    return policies[policy];
}

static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;

    while (*text)
        hash = (hash ^ (unsigned char)*text++) * 16777619u;
    return hash;
}

/* The row whose column has that text, or -1; free is where it would go. */
static int look_up(uint16_t *table, const char *const *column, const char *text, uint16_t **free_slot)
{
    for (uint32_t at = hash_of(text);; at++) {
        uint16_t *slot = &table[at % IMPORT_BATCH_SLOTS];
        *free_slot = slot;
        if (*slot == 0)
            return -1;
        if (str_equal(column[*slot - 1], text))
            return *slot - 1;
    }
}

static void refuse(struct import_batch *b, const struct import_text *t, const struct csv_row *row, const char *field, const char *code, const char *reason)
{
    size_t n = b->refused++;

    b->bad_line[n] = arena_printf(b->arena, "%zu", row->line);
    b->bad_field[n] = field;
    b->bad_code[n] = code;
    b->bad_reason[n] = reason;
    b->bad_text[n] = utf8_shown(b->arena, t->bytes + row->start, row->end - row->start, SHOWN_OF_A_ROW);
}

/* ---- cells ---- */

/* One row's cells by what they mean. */
struct cells { const char *name, *first, *last, *phone, *category, *external, *custom, *further[CSV_MOST_PHONES + 1], *label[CSV_MOST_PHONES + 1];
               size_t column[CSV_MOST_PHONES + 1]; };

static bool has_control_character(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && *text != '\t' && *text != '\n' && *text != '\r') || *text == 0x7f)
            return true;
    return false;
}

/* Without blanks at both ends, and without what spreadsheets put in front. */
static const char *plain_cell(struct arena *a, const char *cell)
{
    size_t length = strlen(cell);

    if (length > 0 && ((unsigned char)cell[0] <= ' ' || (unsigned char)cell[length - 1] <= ' '))
        cell = str_trim(a, cell);
    return csv_plain(a, cell);
}

static void add_custom(struct json_out *custom, bool *any, const char *name, const char *value)
{
    if (!*any)
        json_open_object(custom);
    *any = true;
    json_name(custom, name);
    json_put_string(custom, value);
}

/* A further number that is none is kept as a custom value: it costs no row. */
static void settle_further(struct import_batch *b, const struct import_text *t, struct cells *c, struct json_out *custom, bool *any, const char **phones)
{
    struct json_out out = json_out_make(b->arena, LARGEST_CUSTOM);
    struct e164 number;
    size_t count = 0;

    json_open_array(&out);
    for (int order = 2; order <= CSV_MOST_PHONES; order++) {
        const char *text = c->further[order], *digits = text ? csv_phone(b->arena, text) : NULL;
        size_t column = c->column[order];
        const char *label = c->label[order] ? c->label[order] : t->head.key[column];
        if (!text)
            continue;
        if (!digits || strlen(text) > LEAD_PHONE_LONGEST || phone_normalize(digits, t->country, &number) != PHONE_OK) {
            add_custom(custom, any, t->head.name[column], text);
            continue;
        }
        json_open_object(&out);
        json_name(&out, "phone_e164");
        json_put_string(&out, number.digits);
        json_name(&out, "original_phone");
        json_put_string(&out, text);
        json_name(&out, "label");
        json_put_string(&out, label && utf8_count(label) <= LEAD_LABEL_LONGEST ? label : NULL);
        json_close_object(&out);
        count++;
    }
    json_close_array(&out);
    *phones = count ? out.str.text : NULL;
}

static bool take_cells(struct import_batch *b, const struct import_text *t, const struct csv_row *row, struct cells *out, const char **phones)
{
    const struct csv_head *head = &t->head;
    struct json_out custom = { 0 };
    bool any = false, further = false;

    *out = (struct cells){ 0 };
    *phones = NULL;
    for (size_t i = 0; i < row->count; i++) {
        const char *cell = plain_cell(b->arena, row->cell[i]);
        if (!*cell)
            continue;
        if (i >= head->count) {
            refuse(b, t, row, "row", "too_many_fields", "The row has more fields than the first row; perhaps a separator stands unquoted in one.");
            return false;
        }
        if (has_control_character(cell)) {
            refuse(b, t, row, head->name[i], "control_character", "The field holds a control character.");
            return false;
        }
        switch (head->column[i]) {
        case CSV_NAME:        out->name = cell; break;
        case CSV_FIRST_NAME:  out->first = cell; break;
        case CSV_LAST_NAME:   out->last = cell; break;
        case CSV_PHONE:       out->phone = cell; break;
        case CSV_CATEGORY:    out->category = cell; break;
        case CSV_EXTERNAL_ID: out->external = cell; break;
        case CSV_MORE_PHONE:
            out->further[head->order[i]] = cell;
            out->column[head->order[i]] = i;
            further = true;
            break;
        case CSV_PHONE_LABEL: out->label[head->order[i]] = cell; break;
        case CSV_CUSTOM:
            if (!any)
                custom = json_out_make(b->arena, LARGEST_CUSTOM);
            add_custom(&custom, &any, head->key[i], cell);
            break;
        case CSV_IGNORED: case CSV_COLUMN_COUNT: break;
        }
    }
    /* who has only a second number has one number */
    for (int order = 2; further && !out->phone && order <= CSV_MOST_PHONES; order++) {
        out->phone = out->further[order];
        out->further[order] = NULL;
    }
    if (further) {
        if (!any)
            custom = json_out_make(b->arena, LARGEST_CUSTOM);
        settle_further(b, t, out, &custom, &any, phones);
    }
    if (any)
        json_close_object(&custom);
    out->custom = !any ? "{}" : str_broken(&custom.str) ? NULL : custom.str.text;
    if (!out->name && (out->first || out->last))
        out->name = arena_printf(b->arena, "%s%s%s", out->first ? out->first : "", out->first && out->last ? " " : "", out->last ? out->last : "");
    return true;
}

static bool longer(const char *text, size_t characters)
{
    return text && strlen(text) > characters && utf8_count(text) > characters;
}

static bool good_cells(struct import_batch *b, const struct import_text *t, const struct csv_row *row, const struct cells *c, struct e164 *number)
{
    const char *digits = c->phone ? csv_phone(b->arena, c->phone) : NULL;

    if (!c->phone)
        refuse(b, t, row, "phone", "missing_phone", "There is no phone number.");
    else if (!digits)
        refuse(b, t, row, "phone", "scientific_notation", "A spreadsheet has rounded this number; format the column as text and export it again.");
    else if (longer(c->phone, LEAD_PHONE_LONGEST))
        refuse(b, t, row, "phone", "too_long", "The phone number may have at most 100 characters.");
    else if (longer(c->name, LEAD_NAME_LONGEST))
        refuse(b, t, row, "name", "too_long", "The name may have at most 300 characters.");
    else if (longer(c->category, LEAD_NAME_LONGEST))
        refuse(b, t, row, "category", "too_long", "The category may have at most 300 characters.");
    else if (longer(c->external, LEAD_EXTERNAL_LONGEST))
        refuse(b, t, row, "external_id", "too_long", "The external_id may have at most 200 characters.");
    else if (!c->custom)
        refuse(b, t, row, "row", "too_long", "The other columns hold more than 64 KiB.");
    else {
        enum phone_verdict verdict = phone_normalize(digits, t->country, number);
        if (verdict == PHONE_OK)
            return true;
        refuse(b, t, row, "phone", phone_verdict_code(verdict), phone_verdict_message(verdict));
    }
    return false;
}

/* ---- the batch ---- */

/* {"a":1} and {"b":2} as {"a":1,"b":2}; PostgreSQL keeps the later of two members with one name. */
static const char *join_objects(struct arena *a, const char *earlier, const char *later)
{
    if (!earlier || !later)
        return later ? later : earlier;
    return arena_printf(a, "%.*s,%s", (int)strlen(earlier) - 1, earlier, later + 1);
}

static void fill(struct import_batch *b, size_t n, const struct cells *c, const char *phone, const char *phones)
{
    bool filled = !str_equal(c->custom, "{}");

    if (c->name)
        b->name[n] = c->name;
    if (c->category)
        b->category[n] = c->category;
    if (c->external)
        b->external[n] = c->external;
    if (phones)
        b->phones[n] = phones;
    b->phone[n] = phone;
    b->original[n] = c->phone;
    b->custom[n] = join_objects(b->arena, b->custom[n], filled ? c->custom : NULL);
    b->has_external = b->has_external || c->external;
    b->has_category = b->has_category || c->category;
    b->has_custom = b->has_custom || filled;
    b->has_phones = b->has_phones || phones;
}

static void add_new(struct import_batch *b, const struct import_text *t, const struct csv_row *row)
{
    size_t n = b->count++;

    b->external[n] = b->name[n] = b->category[n] = b->custom[n] = b->phones[n] = NULL;
    b->id[n] = uuid_text(b->arena, uuid_make());
    if (t->policy == IMPORT_REFUSE) {
        b->line[n] = arena_printf(b->arena, "%zu", row->line);
        b->text[n] = utf8_shown(b->arena, t->bytes + row->start, row->end - row->start, SHOWN_OF_A_ROW);
    }
}

void import_batch_add(struct import_batch *b, const struct import_text *t, const struct csv_row *row)
{
    struct cells c;
    struct e164 number;
    const char *phones;
    uint16_t *external_slot = NULL, *phone_slot;

    if (row->problem) {
        refuse(b, t, row, "row", row->problem, row->sentence);
        return;
    }
    if (!take_cells(b, t, row, &c, &phones) || !good_cells(b, t, row, &c, &number))
        return;
    const char *phone = str_equal(c.phone, number.digits) ? c.phone : arena_text(b->arena, number.digits);
    int same_external = c.external ? look_up(b->by_external, b->external, c.external, &external_slot) : -1;
    int same_phone = look_up(b->by_phone, b->phone, phone, &phone_slot);
    int same = same_external >= 0 ? same_external : same_phone >= 0 && (!c.external || !b->external[same_phone]) ? same_phone : -1;
    if (same >= 0 && t->policy == IMPORT_REFUSE) {
        refuse(b, t, row, "phone", "duplicate", "An earlier row of this file has this external_id or number.");
        return;
    }
    if (same >= 0 && t->policy == IMPORT_SKIP) {
        b->skipped++;
        return;
    }
    size_t n = same >= 0 ? (size_t)same : b->count;
    if (same >= 0)
        b->merged++;
    else
        add_new(b, t, row);
    fill(b, n, &c, phone, phones);
    if (c.external && same_external < 0)
        *external_slot = (uint16_t)(n + 1);
    if (same_phone < 0)
        *phone_slot = (uint16_t)(n + 1);
}

bool import_batch_full(const struct import_batch *b)
{
    return b->count == IMPORT_BATCH_ROWS || b->refused == IMPORT_BATCH_REFUSALS || arena_used(b->arena) > BATCH_BYTES;
}

void import_batch_clear(struct import_batch *b, int64_t from)
{
    memset(b->by_external, 0, sizeof b->by_external);
    memset(b->by_phone, 0, sizeof b->by_phone);
    b->count = b->refused = 0;
    b->merged = b->skipped = 0;
    b->has_external = b->has_category = b->has_custom = b->has_phones = false;
    b->from = b->to = from;
    arena_reset(b->arena);
}
