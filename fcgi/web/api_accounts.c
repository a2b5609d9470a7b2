/*
 * web/api_accounts.c - provider accounts over HTTP: secrets go in and never come out.
 */
#include "service/accounts.h"
#include "store/accounts.h"
#include "web/api.h"

/* GET .../provider-accounts */
fallible api_account_list(struct req *r)
{
    struct page page;
    struct list rows;

    TRY(req_page(r, &page));
    TRY(accounts_list(r->ctx, page.limit + 1, page.after, &rows));
    return reply_list(r, &page, &provider_account_shape, &rows);
}

/* POST .../provider-accounts */
fallible api_account_create(struct req *r)
{
    struct provider_account account = { .calls_per_second = 1, .max_open_calls = 10, .screens_numbers = true };
    const struct json *body;

    TRY(req_object(r, &body));
    TRY(req_create(r, &provider_account_shape, &account));
    TRY(svc_account_add(r->ctx, body, &account));
    reply_header(r, "Location", "/api/v1/tenants/%s/provider-accounts/%s", uuid_text(r->ctx->arena, r->ctx->tenant),
                 uuid_text(r->ctx->arena, account.id));
    return reply_json(r, 201, &provider_account_shape, &account);
}

/* GET .../provider-accounts/:id */
fallible api_account_get(struct req *r)
{
    struct provider_account account;
    TRY(accounts_get(r->ctx, r->id, &account));
    return reply_json(r, 200, &provider_account_shape, &account);
}

/* PATCH .../provider-accounts/:id */
fallible api_account_update(struct req *r)
{
    struct provider_account account = { 0 };
    const struct json *body;

    TRY(req_object(r, &body));
    TRY(accounts_get(r->ctx, r->id, &account));
    struct provider_account before = account;
    TRY(req_update(r, &provider_account_shape, &account));
    TRY(req_if_match(r, &provider_account_shape, &before));
    TRY(svc_account_change(r->ctx, body, &account));
    return reply_json(r, 200, &provider_account_shape, &account);
}

/* DELETE .../provider-accounts/:id */
fallible api_account_delete(struct req *r)
{
    struct provider_account account;

    TRY(accounts_get(r->ctx, r->id, &account));
    TRY(req_if_match(r, &provider_account_shape, &account));
    TRY(accounts_remove(r->ctx, r->id));
    return reply_empty(r, 204);
}

/* POST .../provider-accounts/:id/test */
fallible api_account_test(struct req *r)
{
    const char *detail;
    bool ok;

    TRY(svc_account_test(r->ctx, r->settings, r->id, &ok, &detail));
    struct json_out *out = reply_object(r);
    json_name(out, "ok");
    json_put_flag(out, ok);
    json_name(out, "detail");
    json_put_string(out, detail);
    return reply_object_end(r, 200);
}
