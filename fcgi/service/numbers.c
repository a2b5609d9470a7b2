#include "service/numbers.h"

#include <string.h>
#include <time.h>

#include "base/str.h"
#include "model/account.h"
#include "model/phone.h"
#include "provider/twilio_numbers.h"
#include "service/calls.h"
#include "store/accounts.h"

enum { MOST_PAGES = 500, TRIES = 3, PAGE_MS = 10000, PAGE_MEMORY = 8 << 20, LIST_CEILING = 4 << 20, MOST_NUMBERS = 10000, TABLE = 16411 };

/* One import on its way. */
struct import {
    struct ctx           *ctx;
    const struct account *account;
    struct json_out       rows;
    const char           *visited[MOST_PAGES];
    size_t                pages;
    const char          **known;                                /* numbers that have a row: a hash table, open addressing */
    size_t                count;
    const char           *next;                                 /* NULL = the list is complete, or nothing was asked yet */
};

static void destroy(struct arena **arena)
{
    arena_destroy(*arena);
}

static void put(struct json_out *out, const char *name, const char *value)
{
    json_name(out, name);
    json_put_string(out, value);
}

/* Whether the number comes for the first time: a list that moves while it is read names some twice. */
static bool is_new(struct import *im, const char *number)
{
    size_t hash = 5381;
    for (const char *c = number; *c; c++)
        hash = hash * 33 + (unsigned char)*c;
    for (size_t i = hash % TABLE;; i = (i + 1) % TABLE) {
        if (!im->known[i]) {
            im->known[i] = arena_text(im->ctx->arena, number);
            im->count++;
            return true;
        }
        if (str_equal(im->known[i], number))
            return false;
    }
}

static void put_row(struct import *im, const struct provider_number *n)
{
    struct json_out *out = &im->rows;
    const struct { const char *name; bool value; } can[] = { { "voice", n->voice }, { "sms", n->sms }, { "mms", n->mms } };

    json_open_object(out);
    put(out, "sid", n->sid);
    put(out, "number", n->number);
    put(out, "type", number_type(n->number, n->kind));
    put(out, "trunk_sid", n->trunk_sid);
    put(out, "purchased_at", utc_text(im->ctx->arena, n->created_at));
    json_name(out, "capabilities");
    json_open_object(out);
    for (size_t i = 0; i < sizeof can / sizeof *can; i++) {
        json_name(out, can[i].name);
        json_put_flag(out, can[i].value);
    }
    json_close_object(out);
    json_close_object(out);
}

/* A page that did not come is asked for again: reading twice changes nothing. */
static bool worth_another(const struct http_answer *answer)
{
    return answer->outcome != HTTP_ANSWERED || answer->status == 429 || answer->status >= 500;
}

static void fetch(struct ctx *ctx, const struct http_request *request, struct http_answer *answer)
{
    for (int attempt = 1;; attempt++) {
        http_send(ctx, request, answer);
        if (!worth_another(answer) || attempt == TRIES)
            return;
        int64_t ms = http_retry_after_ms(answer->retry_after, 300L << attempt);
        ms = ms > 3000 ? 3000 : ms;
        nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
    }
}

static fallible come_by(struct import *im)
{
    struct ctx *ctx = im->ctx;

    for (size_t i = 0; i < im->pages; i++) {
        if (str_equal(im->visited[i], im->next ? im->next : ""))
            FAIL_CODE(ctx, UPSTREAM, "list_incomplete", "The provider's list leads in a circle. What was read is kept, nothing was deactivated.");
    }
    if (im->pages == MOST_PAGES)
        FAIL_CODE(ctx, UPSTREAM, "list_incomplete", "The provider's list has no end. What was read is kept, nothing was deactivated.");
    im->visited[im->pages++] = im->next ? im->next : "";
    return NULL;
}

/* The page's JSON is many times what is kept of it, so it has memory of its own. */
static fallible read_page(struct import *im)
{
    __attribute__((cleanup(destroy))) struct arena *memory = arena_create(PAGE_MEMORY);
    struct ctx page_ctx = *im->ctx;
    struct http_request request;
    struct http_answer answer;
    struct provider_numbers page;

    TRY(come_by(im));
    page_ctx.arena = memory;
    if (!twilio_numbers_request(memory, im->account, im->next, &request))
        FAIL_CODE(im->ctx, UPSTREAM, "list_incomplete", "The provider's list leads to another server. What was read is kept, nothing was deactivated.");
    request.timeout_ms = PAGE_MS;
    fetch(&page_ctx, &request, &answer);
    struct err *err = twilio_numbers_answer(memory, &answer, &page);
    if (err)
        return err_make(im->ctx->arena, __FILE__, __LINE__, err->kind, arena_text(im->ctx->arena, err->code), NULL, "%s", err->message);
    if (arena_overflowed(memory))
        FAIL(im->ctx, UPSTREAM, "A page of the provider's list is too large.");
    for (size_t i = 0; i < page.count; i++) {
        if (im->count == MOST_NUMBERS)
            FAIL(im->ctx, UPSTREAM, "The account has more than %d numbers: too many to import at once.", MOST_NUMBERS);
        if (page.item[i].sid && page.item[i].number && phone_has_e164_shape(page.item[i].number) && is_new(im, page.item[i].number))
            put_row(im, &page.item[i]);
    }
    im->next = arena_text(im->ctx->arena, page.next);
    return NULL;
}

static fallible choose_account(struct ctx *ctx, const struct settings *settings, struct uuid id, struct account *out)
{
    struct rows rows;

    if (uuid_is_none(id))
        return svc_account(ctx, settings, "twilio", out);
    struct err *err = accounts_whole(ctx, id, &rows);
    if (err && err->kind == ERR_NOT_FOUND)
        FAIL_FIELD(ctx, "account_id", "not_found", "There is no provider account with this id.");
    TRY(err);
    account_open(ctx, settings, &rows, 0, out);
    if (!str_equal(out->provider, "twilio") || !out->account_sid || !out->auth_token)
        FAIL_FIELD(ctx, "account_id", "not_configured", "This is no Twilio account with account_sid and auth_token.");
    return NULL;
}

fallible svc_numbers_import(struct ctx *ctx, const struct settings *settings, struct uuid id, struct numbers_stored *out, struct list *data)
{
    struct account account;
    struct import im = { .ctx = ctx, .account = &account, .rows = json_out_make(ctx->arena, LIST_CEILING),
                         .known = arena_array(ctx->arena, TABLE, sizeof(char *)) };
    struct err *err = NULL;
    int64_t began_ms = boot_now_ms();

    TRY(choose_account(ctx, settings, id, &account));
    json_open_array(&im.rows);
    do
        err = read_page(&im);
    while (!err && im.next);
    json_close_array(&im.rows);
    if (str_broken(&im.rows.str))
        FAIL(ctx, UPSTREAM, "The provider's list is too large to be imported at once.");
    ctx->deadline_ms = boot_now_ms() + 10000;                   /* the pages may have taken longer than a statement may wait */
    TRY(numbers_store(ctx, account.id, im.rows.str.text, err == NULL, (double)(boot_now_ms() - began_ms) / 1000, out));
    TRY(err);
    return numbers_of_account(ctx, account.id, data);
}

fallible svc_number_change(struct ctx *ctx, struct number *number)
{
    if (number->livekit_trunk_id && (!str_starts(number->livekit_trunk_id, "ST_") || !trunk_provider(number->livekit_trunk_id)))
        FAIL_FIELD(ctx, "livekitTrunkId", "malformed", "A LiveKit trunk is written ST_ and letters or digits.");
    return numbers_save(ctx, number);
}
