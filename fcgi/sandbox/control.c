#include <stdlib.h>
#include <string.h>

#include "sandbox/journal.h"
#include "sandbox/serve.h"
#include "sandbox/traffic.h"

/* ---- answers ---- */

static void reply_ok(struct request *request)
{
    struct json_out out = json_out_make(request->arena, 1024);
    json_open_object(&out);
    json_name(&out, "ok"), json_put_flag(&out, true);
    json_close_object(&out);
    reply_json(request, 200, &out);
}

static void reply_error(struct request *request, const struct err *e)
{
    const char *code = e->fields ? e->fields->code : e->code;
    const char *detail = e->fields ? e->fields->detail : e->message;
    reply_problem(request, err_http_status(e->kind), code, "%s", detail);
}

static const struct json *body_of(struct request *request)
{
    const struct json *body;
    struct err *e = json_read(request->arena, request->body, request->body_size, &body);
    if (e) {
        reply_error(request, e);
        return NULL;
    }
    if (json_type_of(body) != JSON_OBJECT) {
        reply_problem(request, 422, "not_an_object", "a JSON object is expected");
        return NULL;
    }
    return body;
}

/* ---- reset, script, speed ---- */

static void reset(struct request *request)
{
    provider_twilio.dropped();
    provider_vapi.dropped();
    provider_livekit.dropped();
    for (struct account *a = accounts_first(); a; a = a->next)
        a->next_slot_ms = 0;
    world_reset();
    reply_ok(request);
}

static void script(struct request *request)
{
    const struct json *body = body_of(request);
    if (!body)
        return;
    struct err *e = scripts_post(request->arena, body);
    if (e)
        reply_error(request, e);
    else
        reply_ok(request);
}

static void speed(struct request *request)
{
    const struct json *body = body_of(request);
    if (!body)
        return;
    const struct json *factor = json_get(body, "factor"), *callbacks = json_get(body, "callbacks");
    double number = world_speed();
    bool flag = world_callbacks();
    if (factor && (!json_number(factor, &number) || number < 0.001 || number > 100000)) {
        reply_problem(request, 422, "out_of_range", "factor is a number from 0.001 to 100000");
        return;
    }
    if (callbacks && !json_flag(callbacks, &flag)) {
        reply_problem(request, 422, "not_a_flag", "callbacks is true or false");
        return;
    }
    if (factor)
        world_set_speed(number);
    if (callbacks)
        world_set_callbacks(flag);
    reply_ok(request);
}

/* ---- accounts and numbers ---- */

static struct account *account_of(struct request *request, const struct json *body)
{
    const char *sid = json_string(json_get(body, "account_sid"));
    struct account *account = json_get(body, "account_sid") ? account_find(sid) : accounts_first();
    if (!account)
        reply_problem(request, 404, "not_found", "there is no such account");
    return account;
}

static bool add_one(struct account *account, const struct json *item)
{
    const char *phone = json_string(item), *trunk = NULL, *kind = "local";
    bool release = false;
    if (json_type_of(item) == JSON_OBJECT) {
        phone = json_string(json_get(item, "phone_number"));
        trunk = json_string(json_get(item, "trunk_sid"));
        if (json_string(json_get(item, "type")))
            kind = json_string(json_get(item, "type"));
        json_flag(json_get(item, "release"), &release);
    }
    struct number *n = release && phone ? account_number(account, phone) : NULL;
    if (n) {
        account_release(account, n);
        return true;
    }
    if (trunk && (strlen(trunk) != SID_SIZE - 1 || !str_starts(trunk, "TK")))
        return false;
    enum number_kind which = str_equal(kind, "toll-free") || str_equal(kind, "TOLL_FREE") ? NUMBER_TOLL_FREE
                             : str_equal(kind, "mobile") || str_equal(kind, "MOBILE")     ? NUMBER_MOBILE
                                                                                          : NUMBER_LOCAL;
    return release || account_add_number(account, phone, which, trunk);
}

static void numbers(struct request *request)
{
    const struct json *body = body_of(request);
    struct account *account = body ? account_of(request, body) : NULL;
    if (!account)
        return;
    int64_t count;
    const struct json *list = json_get(body, "numbers");
    if (json_integer(json_get(body, "count"), &count)) {
        if (count < 0 || count > 100000) {
            reply_problem(request, 422, "out_of_range", "count is a number from 0 to 100000");
            return;
        }
        account_set_count(account, (unsigned)count);
    } else if (json_type_of(list) != JSON_ARRAY) {
        reply_problem(request, 422, "required", "count, or numbers as a list");
        return;
    }
    for (size_t i = 0; i < json_length(list); i++)
        if (!add_one(account, json_at(list, i))) {
            reply_problem(request, 422, "invalid_number",
                          "numbers[%zu]: an E.164 number, or an object with phone_number, type, "
                          "trunk_sid, release",
                          i);
            return;
        }
    struct json_out out = json_out_make(request->arena, 4096);
    json_open_object(&out);
    json_name(&out, "account_sid"), json_put_string(&out, account->sid);
    json_name(&out, "count"), json_put_integer(&out, account->number_count);
    json_close_object(&out);
    reply_json(request, 200, &out);
}

static void account_settings(struct request *request)
{
    const struct json *body = body_of(request);
    struct account *account = body ? account_of(request, body) : NULL;
    if (!account)
        return;
    double per_second;
    if (!json_number(json_get(body, "cps"), &per_second) || per_second < 0) {
        reply_problem(request, 422, "out_of_range", "cps is calls per second, 0 for no limit");
        return;
    }
    account->calls_per_second = per_second;
    account->next_slot_ms = 0;
    struct json_out *out = journal_begin("cps");
    json_name(out, "account"), json_put_string(out, account->sid);
    json_name(out, "cps"), json_put_real(out, per_second);
    journal_keep();
    reply_ok(request);
}

static void inbound(struct request *request)
{
    const struct json *body = body_of(request);
    if (!body)
        return;
    const char *to = json_string(json_get(body, "to")), *from = json_string(json_get(body, "from"));
    struct account *owner;
    struct number *number = to ? number_anywhere(to, &owner) : NULL;
    if (!number) {
        reply_problem(request, 404, "not_found", "no account owns the number in to");
        return;
    }
    if (!from || !*from || strlen(from) > 255) {
        reply_problem(request, 422, "required", "from is who calls: a number or text");
        return;
    }
    struct call *call;
    struct err *e = provider_twilio.inbound(request->arena, owner, number, from, &call);
    if (e) {
        reply_error(request, e);
        return;
    }
    struct json_out out = json_out_make(request->arena, 4096);
    json_open_object(&out);
    json_name(&out, "sid"), json_put_string(&out, call->sid);
    json_close_object(&out);
    reply_json(request, 201, &out);
}

/* ---- long lists ---- */

struct reading { unsigned generation; uint64_t at; bool begun; };

static struct reading *reading_from(uint64_t at)
{
    struct reading *r = calloc(1, sizeof *r);
    if (!r)
        abort();
    *r = (struct reading){ .generation = world_generation(), .at = at };
    return r;
}

static void separate(struct json_out *out, struct reading *r)
{
    if (r->begun)
        str_add_char(&out->str, ',');
    r->begun = true;
}

/* Every element is written as a document of its own behind what is there. */
static bool next_call(struct json_out *out, void *state)
{
    struct reading *r = state;
    if (r->generation != world_generation() || r->at >= calls_count())
        return false;
    separate(out, r);
    struct json_out one = json_out_make(out->str.arena, 16 << 20);
    call_json(&one, calls_at((unsigned)r->at++));
    str_add_bytes(&out->str, one.str.text, one.str.length);
    return true;
}

static bool next_exchange(struct json_out *out, void *state)
{
    struct reading *r = state;
    if (r->generation != world_generation() || r->at > traffic_last())
        return false;
    if (r->at < traffic_oldest())
        r->at = traffic_oldest();
    const struct exchange *x = traffic_at(r->at++);
    if (!x)
        return r->at <= traffic_last();
    separate(out, r);
    struct json_out one = json_out_make(out->str.arena, 1 << 20);
    traffic_json(&one, x);
    str_add_bytes(&out->str, one.str.text, one.str.length);
    return true;
}

static void calls(struct request *request)
{
    reply_stream(request, "{\"calls\":[", "]}", next_call, reading_from(0));
}

static void log_since(struct request *request)
{
    const char *text = pairs_find(&request->query, "since");
    int64_t since = 0;
    if (text && !str_to_long(text, 0, INT64_MAX - 1, &since)) {
        reply_problem(request, 422, "out_of_range", "since is the seq of an entry");
        return;
    }
    reply_stream(request, "{\"log\":[", "]}", next_exchange, reading_from((uint64_t)since + 1));
}

static const struct { const char *method, *path; void (*handle)(struct request *); } commands[] = {
    { "POST", "/reset",   reset },
    { "POST", "/script",  script },
    { "POST", "/inbound", inbound },
    { "POST", "/numbers", numbers },
    { "POST", "/account", account_settings },
    { "POST", "/speed",   speed },
    { "GET",  "/calls",   calls },
    { "GET",  "/log",     log_since },
};

void control_handle(struct request *request)
{
    bool path_known = false;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (!str_equal(commands[i].path, request->path))
            continue;
        path_known = true;
        if (str_equal(commands[i].method, request->method)) {
            commands[i].handle(request);
            return;
        }
    }
    if (path_known)
        reply_problem(request, 405, "method_not_allowed", "not that method");
    else
        reply_problem(request, 404, "not_found",
                      "control knows reset, script, inbound, numbers, account, speed, calls and log");
}
