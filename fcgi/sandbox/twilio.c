#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <event2/http.h>

#include "sandbox/twilio.h"

static const char *const VERSION = "/2010-04-01";

/* ---- answers ---- */

void twilio_put(struct json_out *out, const char *name, const char *text)
{
    json_name(out, name);
    json_put_string(out, text);
}

void twilio_put_time(struct json_out *out, const char *name, struct utc at)
{
    twilio_put(out, name, at.us ? utc_text_rfc2822(out->str.arena, at) : NULL);
}

void twilio_reply(struct request *request, int status, struct json_out *out)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request->http);
    char id[SID_SIZE];
    world_random_sid(id, "RQ");
    evhttp_add_header(headers, "Twilio-Request-Id", id);
    evhttp_add_header(headers, "Twilio-Concurrent-Requests", "1");
    evhttp_add_header(headers, "Twilio-Request-Duration", "0.001");
    if (!request->verdict)
        request->verdict = status < 400 ? "accepted" : "refused";
    if (out)
        reply_json(request, status, out);
    else
        reply_empty(request, status);
}

void twilio_error(struct request *request, int status, int code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    const char *message = arena_vprintf(request->arena, format, list);
    va_end(list);
    struct json_out out = json_out_make(request->arena, 64 << 10);
    json_open_object(&out);
    json_name(&out, "code"), json_put_integer(&out, code);
    twilio_put(&out, "message", message);
    twilio_put(&out, "more_info",
               arena_printf(request->arena, "https://www.twilio.com/docs/errors/%d", code));
    json_name(&out, "status"), json_put_integer(&out, status);
    json_close_object(&out);
    if (!request->verdict)
        request->verdict = arena_printf(request->arena, "refused %d %s", code, message);
    twilio_reply(request, status, &out);
}

bool twilio_known(struct request *request, const struct pairs *given, const char *const *names)
{
    for (size_t i = 0; i < given->count; i++) {
        const char *const *name = names;
        while (*name && !str_equal(*name, given->item[i].name))
            name++;
        if (!*name) {
            twilio_error(request, 400, 20001, "Unknown parameters: the parameter '%s' is not known here",
                         given->item[i].name);
            return false;
        }
    }
    return true;
}

/* ---- pages ---- */

bool page_read(struct request *request, struct page *page)
{
    const char *size = pairs_find(&request->query, "PageSize"), *number = pairs_find(&request->query, "Page");
    *page = (struct page){ .size = 50, .token = pairs_find(&request->query, "PageToken") };
    if (size && !str_to_long(size, 1, INT64_MAX, &page->size)) {
        twilio_error(request, 400, 20001, "PageSize must be a number from 1 to 1000");
        return false;
    }
    if (page->size > 1000)
        page->size = 1000;
    if (number && !str_to_long(number, 0, INT64_MAX, &page->number)) {
        twilio_error(request, 400, 20001, "Page must be a number from 0");
        return false;
    }
    if (page->number && !page->token) {
        twilio_error(request, 400, 20001, "Page %lld needs its PageToken: follow next_page_uri",
                     (long long)page->number);
        return false;
    }
    return true;
}

static char *page_uri(const struct request *request, const struct page *page, int64_t number,
                      const char *token)
{
    struct str out = str_make(request->arena, 64 << 10), query = str_make(request->arena, 64 << 10);
    size_t path = strcspn(request->path, "?");
    str_add_bytes(&out, request->path, path);
    for (size_t i = 0; i < request->query.count; i++) {
        const struct pair *pair = &request->query.item[i];
        if (!str_equal(pair->name, "Page") && !str_equal(pair->name, "PageSize") &&
            !str_equal(pair->name, "PageToken"))
            form_add(&query, pair->name, pair->value);
    }
    form_add(&query, "PageSize", arena_printf(request->arena, "%lld", (long long)page->size));
    form_add(&query, "Page", arena_printf(request->arena, "%lld", (long long)number));
    if (token)
        form_add(&query, "PageToken", token);
    str_addf(&out, "?%s", query.text);
    return out.text;
}

void page_write(struct json_out *out, const struct request *request, const struct page *page)
{
    int64_t start = page->number * page->size;
    json_name(out, "page"), json_put_integer(out, page->number);
    json_name(out, "page_size"), json_put_integer(out, page->size);
    json_name(out, "start"), json_put_integer(out, start);
    json_name(out, "end"), json_put_integer(out, start + (page->written ? page->written - 1 : 0));
    twilio_put(out, "uri", page_uri(request, page, page->number, page->token));
    twilio_put(out, "first_page_uri", page_uri(request, page, 0, NULL));
    json_name(out, "previous_page_uri"), json_put_null(out);
    twilio_put(out, "next_page_uri",
               page->more ? page_uri(request, page, page->number + 1, page->last) : NULL);
}

/* ---- the account itself ---- */

static void account_resource(struct request *request, const struct account *account)
{
    struct json_out out = json_out_make(request->arena, 64 << 10);
    json_open_object(&out);
    twilio_put(&out, "sid", account->sid);
    twilio_put(&out, "owner_account_sid", account->sid);
    twilio_put(&out, "friendly_name", "Sandbox");
    twilio_put(&out, "status", "active");
    twilio_put(&out, "type", "Full");
    twilio_put(&out, "auth_token", account->auth_token);
    twilio_put_time(&out, "date_created", account->created);
    twilio_put_time(&out, "date_updated", account->created);
    twilio_put(&out, "uri", arena_printf(request->arena, "%s/Accounts/%s.json", VERSION, account->sid));
    json_name(&out, "subresource_uris");
    json_open_object(&out);
    json_close_object(&out);
    json_close_object(&out);
    twilio_reply(request, 200, &out);
}

static void balance(struct request *request, const struct account *account)
{
    struct json_out out = json_out_make(request->arena, 4096);
    json_open_object(&out);
    twilio_put(&out, "account_sid", account->sid);
    twilio_put(&out, "balance", "1000.00");
    twilio_put(&out, "currency", "USD");
    json_close_object(&out);
    twilio_reply(request, 200, &out);
}

/* ---- routing ---- */

static struct account *authenticated(struct request *request)
{
    const char *header = request_header(request, "Authorization");
    size_t size;
    char *decoded =
        header && str_starts(header, "Basic ") ? base64_decode(request->arena, header + 6, &size) : NULL;
    char *colon = decoded ? memchr(decoded, ':', size) : NULL;
    if (!colon)
        return NULL;
    char *user = arena_copy(request->arena, decoded, (size_t)(colon - decoded));
    char *password = arena_copy(request->arena, colon + 1, size - (size_t)(colon + 1 - decoded));
    return account_authenticate(user, password);
}

static void route(struct request *request, struct account *account, const char *rest)
{
    if (str_starts(rest, "/Calls"))
        twilio_calls(request, account, rest + strlen("/Calls"));
    else if (str_starts(rest, "/IncomingPhoneNumbers"))
        twilio_numbers(request, account, rest + strlen("/IncomingPhoneNumbers"));
    else if (str_starts(rest, "/AvailablePhoneNumbers"))
        twilio_available(request, account, rest + strlen("/AvailablePhoneNumbers"));
    else if (str_starts(rest, "/OutgoingCallerIds"))
        twilio_caller_ids(request, account, rest + strlen("/OutgoingCallerIds"));
    else if (str_equal(rest, ".json") && str_equal(request->method, "GET"))
        account_resource(request, account);
    else if (str_equal(rest, "/Balance.json") && str_equal(request->method, "GET"))
        balance(request, account);
    else
        twilio_error(request, 404, 20404, "The requested resource %s%s was not found", VERSION,
                     request->path);
}

static void handle(struct request *request)
{
    const char *path = request->path;
    struct account *account = authenticated(request);
    if (!account) {
        evhttp_add_header(evhttp_request_get_output_headers(request->http), "WWW-Authenticate",
                          "Basic realm=\"Twilio API\"");
        twilio_error(request, 401, 20003, "Authenticate");
        return;
    }
    const char *accounts = "/2010-04-01/Accounts/";
    if (!str_starts(path, accounts) || strlen(path) < strlen(accounts) + SID_SIZE - 1) {
        twilio_error(request, 404, 20404, "The requested resource %s was not found", path);
        return;
    }
    const char *sid = path + strlen(accounts);
    if (strncmp(sid, account->sid, SID_SIZE - 1)) {
        twilio_error(request, 401, 20003, "Authenticate");
        return;
    }
    route(request, account, sid + SID_SIZE - 1);
}

const struct provider provider_twilio = {
    "twilio", "/twilio", handle, life_resume, life_dropped, life_inbound
};
