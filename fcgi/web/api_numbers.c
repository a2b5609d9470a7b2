/*
 * web/api_numbers.c - phone numbers over HTTP.
 */
#include "service/numbers.h"
#include "web/api.h"
#include "web/schemas.h"

struct import_wish { struct uuid account_id; };
const struct shape import_wish_shape = SHAPE(struct import_wish, "import",
    FIELD(struct import_wish, account_id, IN));

/* POST .../phone-numbers/import */
fallible api_number_import(struct req *r)
{
    struct import_wish wish = { 0 };
    struct numbers_stored stored;
    struct list data;

    if (r->body_size)
        TRY(req_create(r, &import_wish_shape, &wish));
    TRY(svc_numbers_import(r->ctx, r->settings, wish.account_id, &stored, &data));
    struct json_out *out = reply_object(r);
    json_name(out, "imported");
    json_put_integer(out, stored.imported);
    json_name(out, "updated");
    json_put_integer(out, stored.updated);
    json_name(out, "total");
    json_put_integer(out, stored.total);
    json_name(out, "data");
    json_open_array(out);
    for (size_t i = 0; i < data.count; i++)
        shape_write(out, &number_shape, (const struct number *)data.item + i);
    json_close_array(out);
    return reply_object_end(r, 200);
}

static fallible read_filter(struct req *r, struct number_filter *out)
{
    const char *campaign = req_query(r, "campaignId");

    *out = (struct number_filter){ .type = req_query(r, "type"), .active = req_query(r, "isActive"), .number = req_query(r, "number") };
    if (campaign && !uuid_parse(campaign, &out->campaign))
        FAIL_FIELD(r->ctx, "campaignId", "malformed", "campaignId is a campaign's id.");
    if (out->active && !str_equal(out->active, "true") && !str_equal(out->active, "false"))
        FAIL_FIELD(r->ctx, "isActive", "malformed", "isActive is true or false.");
    return NULL;
}

/* GET .../phone-numbers */
fallible api_number_list(struct req *r)
{
    struct number_filter filter;
    struct page page;
    struct list rows;

    TRY(read_filter(r, &filter));
    TRY(req_page(r, &page));
    TRY(numbers_list(r->ctx, &filter, page.limit + 1, page.after, &rows));
    return reply_list(r, &page, &number_shape, &rows);
}

/* GET .../phone-numbers/:id */
fallible api_number_get(struct req *r)
{
    struct number number;
    TRY(numbers_get(r->ctx, r->id, &number));
    return reply_json(r, 200, &number_shape, &number);
}

/* PUT and PATCH .../phone-numbers/:id */
fallible api_number_update(struct req *r)
{
    struct number number;

    TRY(numbers_get(r->ctx, r->id, &number));
    struct number before = number;
    TRY(req_update(r, &number_shape, &number));
    TRY(req_if_match(r, &number_shape, &before));
    TRY(svc_number_change(r->ctx, &number));
    return reply_json(r, 200, &number_shape, &number);
}
