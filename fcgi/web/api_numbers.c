/*
 * web/api_numbers.c - phone numbers over HTTP.
 */
#include "service/number_orders.h"
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

static void put(struct json_out *out, const char *name, const char *value)
{
    json_name(out, name);
    json_put_string(out, value);
}

/* GET .../phone-numbers/available?country&type&area_code&contains&limit */
fallible api_number_search(struct req *r)
{
    struct number_search search = { .country = req_query(r, "country"), .type = req_query(r, "type"), .area_code = req_query(r, "area_code"),
                                    .contains = req_query(r, "contains") };
    struct offered_number *offer = NULL;
    size_t count;
    struct page page;

    TRY(req_page(r, &page));
    search.limit = page.limit;
    TRY(svc_numbers_search(r->ctx, r->settings, &search, &offer, &count));
    struct json_out *out = reply_object(r);
    json_name(out, "data");
    json_open_array(out);
    for (size_t i = 0; i < count && (int64_t)i < page.limit; i++) {
        json_open_object(out);
        put(out, "number", offer[i].number);
        put(out, "type", offer[i].type);
        put(out, "country", offer[i].country);
        put(out, "region", offer[i].region);
        put(out, "locality", offer[i].locality);
        put(out, "addressRequirements", offer[i].address_requirements);
        json_name(out, "capabilities");
        json_put_raw(out, offer[i].capabilities);
        json_close_object(out);
    }
    json_close_array(out);
    json_name(out, "next_cursor");
    json_put_null(out);
    return reply_object_end(r, 200);
}

struct number_order { const char *number, *phone_number; struct uuid campaign_id; };
const struct shape number_order_shape = SHAPE(struct number_order, "order",
    FIELD(struct number_order, number, IN, .longest = 40, .about = "One that the search has found"),
    FIELD_NAMED(struct number_order, phone_number, "phoneNumber", IN, .longest = 40, .about = "The same under another name"),
    FIELD_NAMED(struct number_order, campaign_id, "campaignId", IN, .about = "Campaign that it is linked to"));

/* POST .../phone-numbers */
fallible api_number_buy(struct req *r)
{
    struct number_order order = { 0 };
    struct number number;

    TRY(req_create(r, &number_order_shape, &order));
    if (!uuid_is_none(r->replay_attempt)) {
        TRY(svc_number_stand(r->ctx, r->replay_attempt, &number));
    } else {
        struct number_wish wish = { .number = order.number ? order.number : order.phone_number, .campaign = order.campaign_id };
        if (r->idempotency_key) {
            wish.key_principal = r->ctx->principal;
            wish.key_route = req_route_name(r);
            wish.key = r->idempotency_key;
            wish.key_hash = r->idempotency_hash;
        }
        TRY(svc_number_buy(r->ctx, r->settings, &wish, &number));
    }
    reply_header(r, "Location", "%s/%s", r->path, uuid_text(r->ctx->arena, number.id));
    return reply_json(r, str_equal(number.state, "buying") ? 202 : 201, &number_shape, &number);
}

/* DELETE .../phone-numbers/:id */
fallible api_number_release(struct req *r)
{
    struct number number;
    bool gone;

    TRY(numbers_get(r->ctx, r->id, &number));
    TRY(req_if_match(r, &number_shape, &number));
    TRY(svc_number_release(r->ctx, r->settings, r->id, &gone));
    if (gone)
        return reply_empty(r, 204);
    TRY(numbers_get(r->ctx, r->id, &number));
    return reply_json(r, 202, &number_shape, &number);
}
