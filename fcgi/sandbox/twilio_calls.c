#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sandbox/traffic.h"
#include "sandbox/twilio.h"

enum { MOST_TWIML = 4000, LIST_CEILING = 16 << 20 };

static const char *const create_known[] = {
    "To", "From", "Method", "FallbackUrl", "FallbackMethod", "StatusCallback", "StatusCallbackEvent",
    "StatusCallbackMethod", "SendDigits", "Timeout", "Record", "RecordingChannels",
    "RecordingStatusCallback", "RecordingStatusCallbackMethod", "SipAuthUsername", "SipAuthPassword",
    "MachineDetection", "MachineDetectionTimeout", "RecordingStatusCallbackEvent", "Trim", "CallerId",
    "MachineDetectionSpeechThreshold", "MachineDetectionSpeechEndThreshold",
    "MachineDetectionSilenceTimeout", "AsyncAmd", "AsyncAmdStatusCallback",
    "AsyncAmdStatusCallbackMethod", "Byoc", "CallReason", "CallToken", "RecordingTrack", "TimeLimit",
    "ClientNotificationUrl", "Url", "Twiml", "ApplicationSid", NULL
};
static const char *const update_known[] = {
    "Url", "Method", "Status", "FallbackUrl", "FallbackMethod", "StatusCallback", "StatusCallbackMethod",
    "Twiml", "TimeLimit", NULL
};
static const char *const list_known[] = {
    "To", "From", "ParentCallSid", "Status", "StartTime", "StartTime<", "StartTime>", "EndTime",
    "EndTime<", "EndTime>", "PageSize", "Page", "PageToken", NULL
};

/* ---- the resource ---- */

static const char *formatted(struct arena *arena, const char *phone)
{
    if (strlen(phone) == 12 && str_starts(phone, "+1"))
        return arena_printf(arena, "(%.3s) %.3s-%s", phone + 2, phone + 5, phone + 8);
    return phone;
}

static void put_subresources(struct json_out *out, const char *uri)
{
    static const char *const names[] = { "events", "notifications", "recordings" };
    static const char *const paths[] = { "Events", "Notifications", "Recordings" };
    json_name(out, "subresource_uris");
    json_open_object(out);
    for (int i = 0; i < 3; i++)
        twilio_put(out, names[i], arena_printf(out->str.arena, "%s/%s.json", uri, paths[i]));
    json_close_object(out);
}

static void put_call(struct json_out *out, const struct call *c)
{
    struct arena *arena = out->str.arena;
    const char *uri = arena_printf(arena, "/2010-04-01/Accounts/%s/Calls/%s", c->account->sid, c->sid);
    bool over = call_status_over(c->status);
    const struct number *n = account_number(c->account, c->direction == CALL_INBOUND ? c->to : c->from);
    json_open_object(out);
    twilio_put(out, "sid", c->sid);
    twilio_put(out, "account_sid", c->account->sid);
    twilio_put(out, "parent_call_sid", c->parent ? c->parent->sid : NULL);
    twilio_put(out, "to", c->to);
    twilio_put(out, "from", c->from);
    twilio_put(out, "to_formatted", formatted(arena, c->to));
    twilio_put(out, "from_formatted", formatted(arena, c->from));
    twilio_put(out, "phone_number_sid", n ? n->sid : NULL);
    twilio_put(out, "status", call_status_public(c->status));
    twilio_put_time(out, "start_time", c->started);
    twilio_put_time(out, "end_time", c->ended);
    twilio_put(out, "duration", over ? arena_printf(arena, "%d", c->duration) : NULL);
    twilio_put(out, "price", call_price(arena, c));
    twilio_put(out, "price_unit", "USD");
    twilio_put(out, "direction", call_direction_names[c->direction]);
    twilio_put(out, "answered_by", c->answered_by);
    twilio_put(out, "caller_name", NULL);
    twilio_put(out, "forwarded_from", NULL);
    twilio_put(out, "group_sid", NULL);
    twilio_put(out, "queue_time", arena_printf(arena, "%d", c->queue_ms));
    twilio_put(out, "trunk_sid", NULL);
    twilio_put(out, "api_version", "2010-04-01");
    twilio_put_time(out, "date_created", c->created);
    twilio_put_time(out, "date_updated", c->updated);
    twilio_put(out, "uri", arena_printf(arena, "%s.json", uri));
    put_subresources(out, uri);
    json_close_object(out);
}

static void reply_call(struct request *request, int status, struct call *call)
{
    struct json_out out = json_out_make(request->arena, RESOURCE_CEILING);
    put_call(&out, call);
    request->call = call;
    twilio_reply(request, status, &out);
}

/* ---- judging parameters ---- */

struct judged { struct request *request; const struct pairs *form; bool refused; };

static const char *value_of(const struct judged *j, const char *name)
{
    const char *value = pairs_find(j->form, name);
    return value && *value ? value : NULL;
}

static void refuse(struct judged *j, int code, const char *message, const char *detail)
{
    if (!j->refused)
        twilio_error(j->request, 400, code, "%s%s", message, detail ? detail : "");
    j->refused = true;
}

static void judge_urls(struct judged *j)
{
    static const char *const names[] = { "Url", "FallbackUrl", "StatusCallback", "AsyncAmdStatusCallback",
                                         "RecordingStatusCallback" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (value_of(j, names[i]) && !hook_url_valid(value_of(j, names[i])))
            refuse(j, 21205, names[i], " is not a valid URL");
    static const char *const methods[] = { "Method", "FallbackMethod", "StatusCallbackMethod",
                                           "AsyncAmdStatusCallbackMethod", "RecordingStatusCallbackMethod" };
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        const char *method = value_of(j, methods[i]);
        if (method && !str_equal(method, "GET") && !str_equal(method, "POST"))
            refuse(j, 21209, methods[i], " must be GET or POST");
    }
}

static void judge_number(struct judged *j, const char *name, int64_t lowest, int64_t highest, int code)
{
    const char *text = value_of(j, name);
    int64_t number;
    if (text && !str_to_long(text, lowest, highest, &number))
        refuse(j, code, name,
               arena_printf(j->request->arena, " must be a number from %lld to %lld", (long long)lowest,
                            (long long)highest));
}

static void judge_choice(struct judged *j, const char *name, int code, const char *first, const char *second)
{
    const char *text = value_of(j, name);
    if (text && !str_equal(text, first) && !str_equal(text, second))
        refuse(j, code, name, arena_printf(j->request->arena, " must be %s or %s", first, second));
}

static void judge_events(struct judged *j)
{
    for (size_t i = 0; i < j->form->count; i++) {
        const char *value = j->form->item[i].value;
        if (str_equal(j->form->item[i].name, "StatusCallbackEvent") && !str_equal(value, "initiated") &&
            !str_equal(value, "ringing") && !str_equal(value, "answered") && !str_equal(value, "completed"))
            refuse(j, 21626, "StatusCallbackEvent: unknown event ", value);
    }
}

static void judge_detection(struct judged *j)
{
    judge_choice(j, "MachineDetection", 21234, "Enable", "DetectMessageEnd");
    judge_choice(j, "AsyncAmd", 21234, "true", "false");
    judge_number(j, "MachineDetectionTimeout", 3, 59, 21234);
    judge_number(j, "MachineDetectionSpeechThreshold", 1000, 6000, 21234);
    judge_number(j, "MachineDetectionSpeechEndThreshold", 500, 5000, 21234);
    judge_number(j, "MachineDetectionSilenceTimeout", 2000, 10000, 21234);
}

static void judge_instructions(struct judged *j)
{
    const char *twiml = value_of(j, "Twiml"), *digits = value_of(j, "SendDigits");
    if (value_of(j, "ApplicationSid"))
        refuse(j, 21218, "ApplicationSid: there is no such application", NULL);
    else if (!value_of(j, "Url") && !twiml)
        refuse(j, 21205, "Url parameter is required", NULL);
    if (twiml && utf8_count(twiml) > MOST_TWIML)
        refuse(j, 20001, "Twiml must not be longer than 4000 characters", NULL);
    if (digits && (strlen(digits) > 32 || digits[strspn(digits, "0123456789ABCD#*wW")]))
        refuse(j, 21206, "SendDigits is not valid", NULL);
}

static void judge_ends(struct judged *j, const struct account *account)
{
    const char *to = value_of(j, "To"), *from = value_of(j, "From");
    if (!to)
        refuse(j, 21201, "No 'To' number is specified", NULL);
    else if (!from)
        refuse(j, 21213, "No 'From' number is specified", NULL);
    else if (!phone_is_e164(to) && !(str_starts(to, "client:") && to[7]) &&
             !(str_starts(to, "sip:") && strchr(to, '@')))
        refuse(j, 21211, "The 'To' number is not a valid phone number: ", to);
    else if (str_equal(to, from))
        refuse(j, 21211, "'To' and 'From' must not be the same: ", to);
    else if (str_starts(from, "client:") && str_starts(to, "client:"))
        return;
    else if (!phone_is_e164(from))
        refuse(j, 21212, "The 'From' number is not a valid phone number: ", from);
    else if (!account_number(account, from))
        refuse(j, 21210, "'From' is neither owned nor verified by this account: ", from);
}

static bool acceptable(struct request *request, const struct account *account, const struct pairs *form)
{
    struct judged j = { request, form, false };
    if (!twilio_known(request, form, create_known))
        return false;
    judge_ends(&j, account);
    judge_instructions(&j);
    judge_urls(&j);
    judge_events(&j);
    judge_number(&j, "Timeout", 1, 600, 21208);
    judge_number(&j, "TimeLimit", 1, 86400, 20001);
    judge_choice(&j, "Record", 20001, "true", "false");
    judge_detection(&j);
    return !j.refused;
}

/* ---- create ---- */

static bool struck_before(struct request *request, enum create_fault fault)
{
    if (fault == FAULT_DROP) {
        request->verdict = "drop: closed, not placed";
        reply_lost(request);
    } else if (fault == FAULT_429) {
        request->verdict = "429: not placed";
        twilio_error(request, 429, 20429, "Too Many Requests");
    } else {
        return false;
    }
    return true;
}

static void answer_create(struct request *request, struct call *call, enum create_fault fault)
{
    request->call = call;
    if (fault == FAULT_LOST_ANSWER) {
        request->verdict = "lost-answer: placed";
        reply_lost(request);
    } else if (fault == FAULT_500) {
        request->verdict = "500: placed";
        twilio_error(request, 500, 20500, "Internal Server Error");
    } else {
        if (fault == FAULT_LATE_ANSWER) {
            request->verdict = "late-answer: placed";
            request->hold_ms = LATE_MS;
        }
        reply_call(request, 201, call);
    }
}

static bool read_form(struct request *request, struct pairs *form)
{
    const char *type = request_header(request, "Content-Type");
    if (request->body_size && (!type || !str_starts(type, "application/x-www-form-urlencoded"))) {
        twilio_error(request, 415, 20001, "The body must be application/x-www-form-urlencoded");
        return false;
    }
    if (!form_parse(request->arena, request->body, request->body_size, form)) {
        twilio_error(request, 400, 20001, "The body cannot be read");
        return false;
    }
    return true;
}

static void create(struct request *request, struct account *account)
{
    struct pairs form;
    if (!read_form(request, &form) || !acceptable(request, account, &form))
        return;
    const char *to = pairs_find(&form, "To"), *from = pairs_find(&form, "From");
    enum create_fault fault = script_strike(to);
    if (struck_before(request, fault))
        return;
    const struct script *script = script_for(to);
    if (script->outcome == OUTCOME_REJECT) {
        int code = script->error_code ? script->error_code : 21211;
        request->verdict = arena_printf(request->arena, "refused %d as scripted", code);
        twilio_error(request, 400, code, "Refused as scripted");
        return;
    }
    struct call *call =
        call_place(&provider_twilio, account, CALL_OUTBOUND_API, to, from, NULL, request->body);
    life_start(call);
    answer_create(request, call, fault);
}

/* ---- update ---- */

static void change_status(struct request *request, struct call *call, const char *status)
{
    struct life *life = life_of(call);
    bool cancel = str_equal(status, "canceled");
    if (!cancel && !str_equal(status, "completed")) {
        twilio_error(request, 400, 20001, "Status must be canceled or completed");
    } else if (call_status_over(call->status) || (cancel && call->status == CALL_IN_PROGRESS)) {
        twilio_error(request, 400, 21220, "Call is not in a state that allows this: %s",
                     call_status_public(call->status));
    } else {
        life_hang_up(life);
        reply_call(request, 200, call);
    }
}

static void redirect(struct request *request, struct call *call, const struct pairs *form)
{
    const char *url = pairs_find(form, "Url"), *method = pairs_find(form, "Method");
    struct arena *world = world_arena();
    if (call->status != CALL_IN_PROGRESS) {
        twilio_error(request, 400, 21220, "Call is not in-progress. Cannot redirect.");
        return;
    }
    struct life *life = life_of(call);
    if (pairs_find(form, "FallbackUrl"))
        life->fallback =
            (struct hook){ arena_text(world, pairs_find(form, "FallbackUrl")),
                           str_equal(pairs_find(form, "FallbackMethod"), "GET") ? "GET" : "POST" };
    life_redirect(life, (struct hook){ arena_text(world, url), str_equal(method, "GET") ? "GET" : "POST" },
                  pairs_find(form, "Twiml"));
    reply_call(request, 200, call);
}

static void update(struct request *request, struct call *call)
{
    struct pairs form;
    if (!read_form(request, &form) || !twilio_known(request, &form, update_known))
        return;
    struct judged j = { request, &form, false };
    judge_urls(&j);
    judge_number(&j, "TimeLimit", 1, 86400, 20001);
    if (j.refused)
        return;
    const char *callback = value_of(&j, "StatusCallback");
    if (callback)
        call_status_callback(call, callback, value_of(&j, "StatusCallbackMethod"));
    if (value_of(&j, "Status"))
        change_status(request, call, value_of(&j, "Status"));
    else if (value_of(&j, "Url") || value_of(&j, "Twiml"))
        redirect(request, call, &form);
    else
        reply_call(request, 200, call);
}

/* ---- list ---- */

struct instants { bool given; struct utc from, until; };        /* a day, or a moment */

static bool read_instant(const char *text, struct instants *out)
{
    struct tm tm = { 0 };
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    out->given = true;
    if (end && !*end) {
        out->from = utc_from_seconds(timegm(&tm));
        out->until = utc_from_seconds(timegm(&tm) + 86400);
        return true;
    }
    if (!utc_parse(text, &out->from) && !utc_parse_rfc2822(text, &out->from))
        return false;
    out->until.us = out->from.us + 1;
    return true;
}

struct filter {
    const char     *to, *from, *parent;
    bool            by_status;
    enum call_status status;
    struct instants start, start_before, start_after, end, end_before, end_after;
};

static bool within(struct utc at, const struct instants *on, const struct instants *before,
                   const struct instants *after)
{
    if (!on->given && !before->given && !after->given)
        return true;
    return at.us && (!on->given || (at.us >= on->from.us && at.us < on->until.us)) &&
           (!before->given || at.us <= before->from.us) && (!after->given || at.us >= after->from.us);
}

static bool passes(const struct call *c, const struct filter *f)
{
    enum call_status status = c->status == CALL_INITIATED ? CALL_QUEUED : c->status;
    return !c->deleted && (!f->to || str_equal(c->to, f->to)) && (!f->from || str_equal(c->from, f->from)) &&
           (!f->parent || (c->parent && str_equal(c->parent->sid, f->parent))) &&
           (!f->by_status || status == f->status) &&
           within(c->started, &f->start, &f->start_before, &f->start_after) &&
           within(c->ended, &f->end, &f->end_before, &f->end_after);
}

static bool read_filter(struct request *request, struct filter *f)
{
    const struct pairs *q = &request->query;
    const struct { const char *name; struct instants *out; } times[] = {
        { "StartTime", &f->start }, { "StartTime<", &f->start_before }, { "StartTime>", &f->start_after },
        { "EndTime", &f->end },     { "EndTime<", &f->end_before },     { "EndTime>", &f->end_after } };
    const char *status = pairs_find(q, "Status");
    *f = (struct filter){ .to = pairs_find(q, "To"),
                          .from = pairs_find(q, "From"),
                          .parent = pairs_find(q, "ParentCallSid") };
    f->by_status = status != NULL;
    if (status && !call_status_parse(status, &f->status)) {
        twilio_error(request, 400, 20001, "Status is not a status of a call: %s", status);
        return false;
    }
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        const char *text = pairs_find(q, times[i].name);
        if (text && !read_instant(text, times[i].out)) {
            twilio_error(request, 400, 20001, "%s is neither a date nor a time", times[i].name);
            return false;
        }
    }
    return true;
}

static void list(struct request *request, struct account *account)
{
    struct page page;
    struct filter filter;
    if (!twilio_known(request, &request->query, list_known) || !page_read(request, &page) ||
        !read_filter(request, &filter))
        return;
    struct json_out out = json_out_make(request->arena, LIST_CEILING);
    json_open_object(&out);
    json_name(&out, "calls");
    json_open_array(&out);
    unsigned next = calls_count();
    if (page.token) {
        const struct call *last = strlen(page.token) > 2 ? call_find(page.token + 2) : NULL;
        next = last ? last->index : 0;
    }
    while (next-- > 0 && !page.more) {                          /* newest first */
        const struct call *c = calls_at(next);
        if (c->account != account || !passes(c, &filter))
            continue;
        if (page.written == page.size) {
            page.more = true;
            break;
        }
        put_call(&out, c);
        page.written++;
        snprintf(page.last, sizeof page.last, "PA%s", c->sid);
    }
    json_close_array(&out);
    page_write(&out, request, &page);
    json_close_object(&out);
    twilio_reply(request, 200, &out);
}

/* ---- events and notifications ---- */

static void put_parameters(struct json_out *out, const char *text)
{
    struct pairs form;
    json_name(out, "parameters");
    json_open_object(out);
    if (text && form_parse(out->str.arena, text, strlen(text), &form))
        for (size_t i = 0; i < form.count; i++)
            if (pairs_find(&form, form.item[i].name) == form.item[i].value)
                twilio_put(out, form.item[i].name, form.item[i].value);
    json_close_object(out);
}

static void put_event(struct json_out *out, const char *method, const char *url, const char *form,
                      const struct exchange *x)
{
    json_open_object(out);
    json_name(out, "request");
    json_open_object(out);
    twilio_put(out, "method", method);
    twilio_put(out, "url", url);
    put_parameters(out, form);
    json_close_object(out);
    json_name(out, "response");
    json_open_object(out);
    if (x) {
        json_name(out, "response_code"), json_put_integer(out, x->status);
        json_name(out, "request_duration"), json_put_integer(out, x->took_ms);
        twilio_put(out, "content_type", x->answer_type);
        twilio_put(out, "response_body", x->answer);
        twilio_put_time(out, "date_created", x->at);
    }
    json_close_object(out);
    json_close_object(out);
}

static void events(struct request *request, struct call *call)
{
    struct json_out out = json_out_make(request->arena, LIST_CEILING);
    struct page page = { .size = 50 };
    json_open_object(&out);
    json_name(&out, "events");
    json_open_array(&out);
    if (*call->request) {
        const char *url = arena_printf(
            request->arena, "https://api.twilio.com/2010-04-01/Accounts/%s/Calls.json", call->account->sid);
        put_event(&out, "POST", url, call->request, NULL);
    }
    for (const struct exchange_made *m = call->exchanges; m; m = m->next) {
        const struct exchange *x = traffic_at(m->seq);
        if (x && x->callback)
            put_event(&out, x->method, x->url, x->body, x);
    }
    json_close_array(&out);
    page_write(&out, request, &page);
    json_close_object(&out);
    twilio_reply(request, 200, &out);
}

static void notifications(struct request *request, struct call *call)
{
    struct json_out out = json_out_make(request->arena, LIST_CEILING);
    struct page page = { .size = 50 };
    struct life *life = life_of(call);
    json_open_object(&out);
    json_name(&out, "notifications");
    json_open_array(&out);
    for (const struct note *n = life ? life->notes : NULL; n; n = n->next) {
        json_open_object(&out);
        twilio_put(&out, "account_sid", call->account->sid);
        twilio_put(&out, "call_sid", call->sid);
        twilio_put(&out, "error_code", arena_printf(request->arena, "%d", n->code));
        twilio_put(&out, "log", n->code == 12200 || n->code == 21262 ? "1" : "0");
        twilio_put(&out, "message_text", n->text);
        twilio_put_time(&out, "message_date", n->at);
        json_close_object(&out);
    }
    json_close_array(&out);
    page_write(&out, request, &page);
    json_close_object(&out);
    twilio_reply(request, 200, &out);
}

/* ---- routing ---- */

static void one(struct request *request, struct call *call)
{
    if (str_equal(request->method, "GET")) {
        reply_call(request, 200, call);
    } else if (str_equal(request->method, "POST")) {
        update(request, call);
    } else if (!str_equal(request->method, "DELETE")) {
        twilio_error(request, 405, 20004, "Method not allowed");
    } else if (!call_status_over(call->status)) {
        twilio_error(request, 409, 20409, "A call that is not over cannot be deleted");
    } else {
        call_delete(call);
        twilio_reply(request, 204, NULL);
    }
}

void twilio_calls(struct request *request, struct account *account, const char *rest)
{
    if (str_equal(rest, ".json")) {
        if (str_equal(request->method, "POST"))
            create(request, account);
        else if (str_equal(request->method, "GET"))
            list(request, account);
        else
            twilio_error(request, 405, 20004, "Method not allowed");
        return;
    }
    char sid[SID_SIZE] = "";
    if (rest[0] == '/' && strlen(rest) > SID_SIZE)
        memcpy(sid, rest + 1, SID_SIZE - 1);
    struct call *call = sid[0] ? call_find(sid) : NULL;
    const char *sub = sid[0] ? rest + SID_SIZE : "";
    bool here = call && call->account == account && !call->deleted;
    if (here && str_equal(sub, ".json"))
        one(request, call);
    else if (here && str_equal(sub, "/Events.json") && str_equal(request->method, "GET"))
        events(request, call);
    else if (here && str_equal(sub, "/Notifications.json") && str_equal(request->method, "GET"))
        notifications(request, call);
    else
        twilio_error(request, 404, 20404, "The requested resource %s was not found", request->path);
}
