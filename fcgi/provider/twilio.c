/*
 * provider/twilio.c - Twilio's REST API: each verb as a request writer and an answer reader.
 *
 * Facts used here: create needs To, From and Url; arrays are sent by repeating the parameter; 429 was not processed; any other
 * 4xx with a JSON code is a definite no; everything else about a create is unknown.  Callback URLs carry attempt and tenant in the query,
 * which the signature covers, and retry wishes in the fragment, which it does not.
 */
#include "provider/twilio.h"

#include <string.h>

#include "base/json.h"

#define FORM_CEILING (16 << 10)

static const char *const form_headers[] = { "Content-Type: application/x-www-form-urlencoded", "Accept: application/json", NULL };
static const char *const plain_headers[] = { "Accept: application/json", NULL };

static void authorise(const struct account *account, struct http_request *out)
{
    bool key = account->api_key && account->api_secret;

    out->user = key ? account->api_key : account->account_sid;
    out->password = key ? account->api_secret : account->auth_token;
}

static const char *calls_url(struct arena *arena, const struct account *account, const char *rest)
{
    return arena_printf(arena, "%s/2010-04-01/Accounts/%s/Calls%s", account->base_url, account->account_sid, rest);
}

/* ---- words ---- */

static const struct { const char *theirs, *ours; } statuses[] = {
    { "queued", "planned" },       { "initiated", "dialing" }, { "ringing", "ringing" },     { "in-progress", "in_progress" },
    { "answered", "in_progress" }, { "completed", "completed" }, { "busy", "busy" },         { "no-answer", "no_answer" },
    { "failed", "failed" },        { "canceled", "canceled" },
};

const char *twilio_status(const char *word)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (str_equal(word, statuses[i].theirs))
            return statuses[i].ours;
    return NULL;
}

const char *twilio_answered_by(const char *word)
{
    if (str_blank(word))
        return NULL;
    if (str_equal(word, "human"))
        return "human";
    return str_starts(word, "machine") || str_equal(word, "fax") ? "machine" : "unknown";
}

/* ---- placing a call ---- */

static const char *callback(struct arena *arena, const struct dial *dial, const char *path)
{
    return arena_printf(arena, "%s%s?a=%s&t=%s" TWILIO_CALLBACK_RETRIES, dial->public_base_url, path, uuid_text(arena, dial->attempt),
                        uuid_text(arena, dial->tenant));
}

static void add_machine_detection(struct arena *arena, struct str *form, const struct dial *dial)
{
    int timeout_ms = dial->wait_for_beep ? 30000 : dial->machine_detection_timeout_ms;

    form_add(form, "MachineDetection", dial->wait_for_beep ? "DetectMessageEnd" : "Enable");
    form_add(form, "MachineDetectionTimeout", arena_printf(arena, "%d", (timeout_ms + 500) / 1000));
    if (!dial->async_machine_detection)
        return;
    form_add(form, "AsyncAmd", "true");
    form_add(form, "AsyncAmdStatusCallback", callback(arena, dial, "/api/twilio/amd"));
    form_add(form, "AsyncAmdStatusCallbackMethod", "POST");
}

static fallible call_request(struct arena *arena, const struct account *account, const struct dial *dial, struct http_request *out)
{
    struct str form = str_make(arena, FORM_CEILING);

    form_add(&form, "To", dial->to);
    form_add(&form, "From", dial->from);
    form_add(&form, "Url", callback(arena, dial, "/api/outbound-caller/voice"));
    form_add(&form, "Method", "POST");
    form_add(&form, "StatusCallback", callback(arena, dial, "/api/outbound-caller/call-status"));
    form_add(&form, "StatusCallbackMethod", "POST");
    static const char *const events[] = { "initiated", "ringing", "answered", "completed" };
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        form_add(&form, "StatusCallbackEvent", events[i]);
    form_add(&form, "Timeout", arena_printf(arena, "%d", dial->ring_seconds));
    if (dial->machine_detection)
        add_machine_detection(arena, &form, dial);
    if (str_broken(&form))
        return err_make(arena, __FILE__, __LINE__, ERR_INTERNAL, NULL, NULL, "the request to the carrier is too long");
    *out = (struct http_request){
        .method = "POST", .url = calls_url(arena, account, ".json"), .headers = form_headers, .body = form.text, .body_size = form.length,
        .timeout_ms = 15000, .send_before_ms = dial->send_before_ms, .once = true,
    };
    authorise(account, out);
    return NULL;
}

/* What a definite refusal means.  A code that is not listed here concerns this number only. */
static const struct { int code; const char *outcome, *detail; } refusals[] = {
    { 20003, "account",   "The carrier does not accept the account's credentials." },
    { 20005, "account",   "The carrier account is not active." },
    { 10001, "account",   "The carrier account is not active." },
    { 20006, "account",   "The carrier denied access." },
    { 20403, "account",   "The carrier denied access." },
    { 20008, "account",   "These are test credentials; they place no calls." },
    { 20429, "later",     "Too many requests at once at the carrier." },
    { 10004, "later",     "The carrier account's limit of simultaneous calls is reached." },
    { 21210, "caller_id", "The caller ID is not verified at the carrier." },
    { 21212, "caller_id", "The carrier does not accept the caller ID." },
    { 21202, "refused",   "The carrier does not dial premium numbers." },
    { 21203, "refused",   "International calls are switched off at the carrier." },
    { 21211, "refused",   "The carrier does not accept the number." },
    { 21214, "refused",   "The number cannot be reached." },
    { 21215, "refused",   "The carrier account may not call that country; allow it in its geographic permissions." },
    { 21216, "refused",   "The carrier blocks this number." },
    { 21217, "refused",   "The carrier does not accept the number." },
    { 21219, "refused",   "A trial account calls verified numbers only." },
};

static void read_refusal(struct arena *arena, const struct http_answer *answer, struct dial_result *out)
{
    const struct json *body = NULL;
    int64_t code = 0;

    if (!json_read(arena, answer->body, answer->body_size, &body) && json_integer(json_get(body, "code"), &code))
        out->code = arena_printf(arena, "%lld", (long long)code);
    out->outcome = "refused";
    out->detail = "The carrier refused the call.";
    if (answer->status == 401 || answer->status == 403) {
        out->outcome = "account";
        out->detail = "The carrier does not accept the account's credentials.";
    }
    if (answer->status == 429) {
        out->outcome = "later";
        out->detail = "Too many requests at once at the carrier.";
    }
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (refusals[i].code != code)
            continue;
        out->outcome = refusals[i].outcome;
        out->detail = refusals[i].detail;
    }
    out->retry_ms = http_retry_after_ms(answer->retry_after, 1000);
}

/* The id of a call; NULL when the answer has none that could be one. */
static const char *call_sid(const struct json *call)
{
    const char *sid = json_string(json_get(call, "sid"));
    return sid && str_starts(sid, "CA") && strlen(sid) == 34 ? sid : NULL;
}

static void call_answer(struct arena *arena, const struct account *account, const struct http_answer *answer, struct dial_result *out)
{
    const struct json *body = NULL;

    *out = (struct dial_result){ .outcome = "unknown", .http_status = (int)answer->status, .detail = "The carrier gave no clear answer." };
    if (answer->outcome == HTTP_NOT_SENT) {
        out->outcome = "not_sent";
        out->detail = "The request never left: the carrier could not be reached, or its permit ran out.";
        return;
    }
    if (answer->outcome == HTTP_UNKNOWN)
        return;
    if (answer->status >= 400 && answer->status < 500 && answer->status != 408) {
        read_refusal(arena, answer, out);
        return;
    }
    if (answer->status / 100 != 2 || json_read(arena, answer->body, answer->body_size, &body))
        return;
    const char *sid = call_sid(body);
    const char *owner = json_string(json_get(body, "account_sid"));
    if (!sid || (owner && !str_equal(owner, account->account_sid)))
        return;
    out->outcome = "accepted";
    out->sid = sid;
    out->detail = NULL;
}

/* ---- asking and stopping ---- */

static void read_call(const struct json *call, struct call_state *out)
{
    const char *duration = json_string(json_get(call, "duration"));
    const char *direction = json_string(json_get(call, "direction"));

    *out = (struct call_state){
        .sid = call_sid(call),
        .status = twilio_status(json_string(json_get(call, "status"))),
        .answered_by = twilio_answered_by(json_string(json_get(call, "answered_by"))),
        .duration = -1,
        .by_api = str_equal(direction, "outbound-api"),
    };
    if (duration)
        str_to_long(duration, 0, 1000000, &out->duration);
    utc_parse_rfc2822(json_string(json_get(call, "date_created")), &out->created_at);
    utc_parse_rfc2822(json_string(json_get(call, "end_time")), &out->ended_at);
}

static void fetch_request(struct arena *arena, const struct account *account, const char *sid, struct http_request *out)
{
    *out = (struct http_request){
        .method = "GET", .url = calls_url(arena, account, arena_printf(arena, "/%s.json", sid)), .headers = plain_headers, .timeout_ms = 10000,
    };
    authorise(account, out);
}

static bool fetch_answer(struct arena *arena, const struct http_answer *answer, struct call_state *out)
{
    const struct json *body = NULL;

    *out = (struct call_state){ .duration = -1 };
    if (answer->outcome != HTTP_ANSWERED)
        return false;
    if (answer->status == 404)
        return true;
    if (answer->status != 200 || json_read(arena, answer->body, answer->body_size, &body))
        return false;
    read_call(body, out);
    return out->sid && out->status;
}

static void find_request(struct arena *arena, const struct account *account, const char *to, const char *from, struct http_request *out)
{
    /* A call that waits in the carrier's queue has no start time yet, so no StartTime filter: the list comes newest first, and
     * whoever reads it compares creation dates. */
    *out = (struct http_request){
        .method = "GET", .headers = plain_headers, .timeout_ms = 10000,
        .url = calls_url(arena, account, arena_printf(arena, ".json?To=%s&From=%s&PageSize=200", url_encode(arena, to), url_encode(arena, from))),
    };
    authorise(account, out);
}

static bool find_answer(struct arena *arena, const struct http_answer *answer, struct call_state **out, size_t *count)
{
    const struct json *body = NULL;

    if (answer->outcome != HTTP_ANSWERED || answer->status != 200 || json_read(arena, answer->body, answer->body_size, &body))
        return false;
    const struct json *calls = json_get(body, "calls");
    if (json_type_of(calls) != JSON_ARRAY)
        return false;
    *count = json_length(calls);
    *out = arena_array(arena, *count + 1, sizeof **out);
    for (size_t i = 0; i < *count; i++) {
        read_call(json_at(calls, i), &(*out)[i]);
        if (!(*out)[i].sid)
            return false;
    }
    return true;
}

static void update_request(struct arena *arena, const struct account *account, const char *sid, const char *form, struct http_request *out)
{
    *out = (struct http_request){
        .method = "POST", .url = calls_url(arena, account, arena_printf(arena, "/%s.json", sid)), .headers = form_headers,
        .body = form, .body_size = strlen(form), .timeout_ms = 10000,
    };
    authorise(account, out);
}

static void stop_request(struct arena *arena, const struct account *account, const char *sid, const char *how, struct http_request *out)
{
    update_request(arena, account, sid, str_equal(how, "live") ? "Status=completed" : "Status=canceled", out);
}

static bool stop_answer(struct arena *arena, const struct http_answer *answer, struct call_state *out)
{
    /* 21220, "not in a state that allows it": it is over or was answered; the caller asks again. */
    if (answer->outcome == HTTP_ANSWERED && answer->status == 400)
        return false;
    return fetch_answer(arena, answer, out);
}

static void redirect_request(struct arena *arena, const struct account *account, const char *sid, const char *url, struct http_request *out)
{
    struct str form = str_make(arena, FORM_CEILING);

    form_add(&form, "Url", url);
    form_add(&form, "Method", "POST");
    update_request(arena, account, sid, form.text, out);
}

const struct provider provider_twilio = {
    .name = "twilio",
    .call_request = call_request,
    .call_answer = call_answer,
    .fetch_request = fetch_request,
    .fetch_answer = fetch_answer,
    .find_request = find_request,
    .find_answer = find_answer,
    .stop_request = stop_request,
    .stop_answer = stop_answer,
    .redirect_request = redirect_request,
};
