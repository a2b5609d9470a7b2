/*
 * web/api_lists.c - lists of leads over HTTP.
 */
#include "base/str.h"
#include "store/leads.h"
#include "store/lists.h"
#include "web/api.h"
#include "web/lead_ids.h"
#include "web/schemas.h"

const struct shape lead_ids_shape = SHAPE(struct lead_ids, "list of leads",
    FIELD_LIST(struct lead_ids, lead_ids, IN | REQUIRED, .longest = LEAD_EXTERNAL_LONGEST));

fallible lead_ids_read(struct req *r, const char ***out, size_t *count)
{
    const struct json *object;

    TRY(req_object(r, &object));
    const struct json *list = json_get(object, "lead_ids");
    *count = json_length(list);
    *out = arena_array(r->ctx->arena, *count + 1, sizeof **out);
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = json_string(json_at(list, i));
    return NULL;
}

fallible lead_ids_reply(struct req *r, int64_t added, int64_t of)
{
    struct json_out *out = reply_object(r);

    json_name(out, "added");
    json_put_integer(out, added);
    json_name(out, "already_there");
    json_put_integer(out, of - added);
    return reply_object_end(r, 200);
}

/* GET .../lead-lists */
fallible api_list_list(struct req *r)
{
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(lists_list(r->ctx, page.limit, page.after, &rows));
    return reply_list(r, &page, &lead_list_shape, &rows);
}

static fallible named(struct req *r, const struct lead_list *l)
{
    if (str_blank(l->name))
        FAIL_FIELD(r->ctx, "name", "required", "A list needs a name");
    return NULL;
}

/* POST .../lead-lists */
fallible api_list_create(struct req *r)
{
    struct lead_list l = { 0 };

    TRY(req_create(r, &lead_list_shape, &l));
    TRY(named(r, &l));
    TRY(lists_insert(r->ctx, &l));
    reply_header(r, "Location", "%s/%s", r->path, uuid_text(r->ctx->arena, l.id));
    return reply_json(r, 201, &lead_list_shape, &l);
}

/* GET .../lead-lists/:id */
fallible api_list_get(struct req *r)
{
    struct lead_list l;

    TRY(lists_find(r->ctx, r->id, &l));
    return reply_json(r, 200, &lead_list_shape, &l);
}

/* PATCH .../lead-lists/:id */
fallible api_list_update(struct req *r)
{
    struct lead_list l;

    TRY(lists_find(r->ctx, r->id, &l));
    TRY(req_if_match(r, &lead_list_shape, &l));
    TRY(req_update(r, &lead_list_shape, &l));
    TRY(named(r, &l));
    TRY(lists_update(r->ctx, &l));
    return reply_json(r, 200, &lead_list_shape, &l);
}

/* DELETE .../lead-lists/:id; its leads stay. */
fallible api_list_delete(struct req *r)
{
    struct lead_list l;

    TRY(lists_find(r->ctx, r->id, &l));
    TRY(req_if_match(r, &lead_list_shape, &l));
    TRY(lists_delete(r->ctx, l.id));
    return reply_empty(r, 204);
}

/* POST .../lead-lists/:id/leads {lead_ids} */
fallible api_list_add_leads(struct req *r)
{
    struct lead_ids body = { 0 };
    struct lead_list l;
    const char **written, **ids;
    struct err *found = NULL;
    size_t count;
    int64_t added;

    TRY(req_create(r, &lead_ids_shape, &body));
    TRY(lists_find(r->ctx, r->id, &l));
    TRY(lead_ids_read(r, &written, &count));
    ids = arena_array(r->ctx->arena, count + 1, sizeof *ids);
    TRY(leads_resolve(r->ctx, written, count, ids));
    for (size_t i = 0; i < count; i++)
        if (!ids[i])
            found = err_field(r->ctx->arena, found, arena_printf(r->ctx->arena, "lead_ids[%zu]", i), "not_found", "There is no lead with this id or external_id.");
    if (found)
        return found;
    TRY(lists_add(r->ctx, l.id, ids, count, &added));
    return lead_ids_reply(r, added, (int64_t)count);
}
