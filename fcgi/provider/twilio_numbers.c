/*
 * provider/twilio_numbers.c - IncomingPhoneNumbers and the account resource of Twilio's API of 2010-04-01.
 */
#include "provider/twilio_numbers.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "model/phone.h"

enum { PAGE_SIZE = 50, FORM_CEILING = 4096 };                   /* pages of the size the provider itself prefers */

static const char *const headers[] = { "Accept: application/json", NULL };
static const char *const form_headers[] = { "Content-Type: application/x-www-form-urlencoded", "Accept: application/json", NULL };

static void authorise(const struct account *account, struct http_request *out)
{
    bool key = account->api_key && account->api_secret;

    out->user = key ? account->api_key : account->account_sid;
    out->password = key ? account->api_secret : account->auth_token;
}

/* "https://host:port", the part of an address that says whose it is. */
static size_t origin_length(const char *url)
{
    const char *host = strstr(url, "://");
    return host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : 0;
}

bool twilio_numbers_request(struct arena *arena, const struct account *account, const char *next, struct http_request *out)
{
    size_t origin = origin_length(account->base_url);
    const char *url;

    if (!next)
        url = arena_printf(arena, "%s/2010-04-01/Accounts/%s/IncomingPhoneNumbers.json?PageSize=%d", account->base_url,
                           account->account_sid, PAGE_SIZE);
    else if (next[0] == '/' && next[1] != '/')
        url = arena_printf(arena, "%s%s", account->base_url, next);
    else if (strncmp(next, account->base_url, origin) == 0 && next[origin] == '/')
        url = next;
    else
        return false;
    *out = (struct http_request){ .method = "GET", .url = url, .headers = headers };
    authorise(account, out);
    return true;
}

static bool capable(const struct json *number, const char *of)
{
    bool yes = false;
    json_flag(json_get(json_get(number, "capabilities"), of), &yes);
    return yes;
}

static void read_number(struct arena *arena, const struct json *number, struct provider_number *out)
{
    const char *created = json_string(json_get(number, "date_created"));

    *out = (struct provider_number){
        .sid = arena_text(arena, json_string(json_get(number, "sid"))),
        .number = arena_text(arena, json_string(json_get(number, "phone_number"))),
        .kind = arena_text(arena, json_string(json_get(number, "type"))),
        .trunk_sid = arena_text(arena, json_string(json_get(number, "trunk_sid"))),
        .voice = capable(number, "voice"),
        .sms = capable(number, "sms") || capable(number, "SMS"),
        .mms = capable(number, "mms") || capable(number, "MMS"),
    };
    if (created && !utc_parse_rfc2822(created, &out->created_at))
        out->created_at = (struct utc){ 0 };
}

static struct err *upstream(struct arena *arena, const char *code, const char *sentence)
{
    return err_make(arena, __FILE__, __LINE__, ERR_UPSTREAM, code, NULL, "%s", sentence);
}

fallible twilio_numbers_answer(struct arena *arena, const struct http_answer *answer, struct provider_numbers *out)
{
    const struct json *page = NULL;

    *out = (struct provider_numbers){ 0 };
    if (answer->outcome != HTTP_ANSWERED)
        return upstream(arena, "provider_unreachable", "Twilio could not be reached. Try again in a moment.");
    if (answer->status == 401 || answer->status == 403)
        return upstream(arena, "provider_credentials", "Twilio refuses the credentials of this account. Check account_sid and auth_token.");
    if (answer->status != 200)
        return upstream(arena, NULL, arena_printf(arena, "Twilio answered with status %ld instead of its list of numbers.", answer->status));
    if (json_read(arena, answer->body, answer->body_size, &page) != NULL)
        return upstream(arena, NULL, "Twilio's answer cannot be read.");
    const struct json *list = json_get(page, "incoming_phone_numbers");
    if (json_type_of(list) != JSON_ARRAY)
        return upstream(arena, NULL, "Twilio's answer is no list of numbers.");
    out->item = arena_array(arena, json_length(list), sizeof *out->item);
    out->count = json_length(list);
    for (size_t i = 0; i < out->count; i++)
        read_number(arena, json_at(list, i), &out->item[i]);
    out->next = arena_text(arena, json_string(json_get(page, "next_page_uri")));
    if (out->next && !*out->next)
        out->next = NULL;
    return NULL;
}

void twilio_number_find_request(struct arena *arena, const struct account *account, const char *number, struct http_request *out)
{
    *out = (struct http_request){
        .method = "GET", .headers = headers, .timeout_ms = 10000,
        .url = arena_printf(arena, "%s/2010-04-01/Accounts/%s/IncomingPhoneNumbers.json?PhoneNumber=%s", account->base_url, account->account_sid,
                            url_encode(arena, number)),
    };
    authorise(account, out);
}

/* ---- what is for sale ---- */

static const struct { const char *ours, *theirs; } types[] = { { "local", "Local" }, { "toll_free", "TollFree" }, { "mobile", "Mobile" } };

void twilio_available_request(struct arena *arena, const struct account *account, const struct number_search *search, struct http_request *out)
{
    struct str query = str_make(arena, FORM_CEILING);
    const char *type = types[0].theirs;

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_equal(types[i].ours, search->type))
            type = types[i].theirs;
    if (search->area_code)
        form_add(&query, "AreaCode", search->area_code);
    if (search->contains)
        form_add(&query, "Contains", search->contains);
    form_add(&query, "VoiceEnabled", "true");
    form_add(&query, "PageSize", arena_printf(arena, "%lld", (long long)search->limit));
    *out = (struct http_request){
        .method = "GET", .headers = headers, .timeout_ms = 10000,
        .url = arena_printf(arena, "%s/2010-04-01/Accounts/%s/AvailablePhoneNumbers/%s/%s.json?%s", account->base_url, account->account_sid,
                            search->country, type, query.text),
    };
    authorise(account, out);
}

static const char *capabilities_text(struct arena *arena, const struct json *number)
{
    struct json_out out = json_out_make(arena, 256);
    const struct { const char *name; bool value; } can[] = {
        { "voice", capable(number, "voice") },
        { "sms", capable(number, "sms") || capable(number, "SMS") },
        { "mms", capable(number, "mms") || capable(number, "MMS") },
    };

    json_open_object(&out);
    for (size_t i = 0; i < sizeof can / sizeof *can; i++) {
        json_name(&out, can[i].name);
        json_put_flag(&out, can[i].value);
    }
    json_close_object(&out);
    return out.str.text;
}

/* Twilio writes an unknown place as null or as nothing. */
static const char *told(struct arena *arena, const struct json *object, const char *name)
{
    const char *text = json_string(json_get(object, name));
    return str_blank(text) ? NULL : arena_text(arena, text);
}

/* The provider's own code of an error; 0 = it gave none. */
static int64_t error_code(struct arena *arena, const struct http_answer *answer)
{
    const struct json *body = NULL;
    int64_t code = 0;

    if (!json_read(arena, answer->body, answer->body_size, &body))
        json_integer(json_get(body, "code"), &code);
    return code;
}

fallible twilio_available_answer(struct arena *arena, const struct http_answer *answer, struct offered_number **out, size_t *count)
{
    const struct json *page = NULL;

    *count = 0;
    if (answer->outcome != HTTP_ANSWERED)
        return upstream(arena, "provider_unreachable", "Twilio could not be reached. Try again in a moment.");
    if (answer->status == 401 || answer->status == 403)
        return upstream(arena, "provider_credentials", "Twilio refuses the credentials of this account. Check account_sid and auth_token.");
    if (answer->status == 404)
        return NULL;
    if (answer->status == 400)
        return err_make(arena, __FILE__, __LINE__, ERR_INVALID, "search_refused", NULL, "Twilio does not understand this search (its error %lld). Check area_code and contains.",
                        (long long)error_code(arena, answer));
    if (answer->status != 200 || json_read(arena, answer->body, answer->body_size, &page) != NULL)
        return upstream(arena, NULL, arena_printf(arena, "Twilio answered with status %ld instead of its list of numbers.", answer->status));
    const struct json *list = json_get(page, "available_phone_numbers");
    if (json_type_of(list) != JSON_ARRAY)
        return upstream(arena, NULL, "Twilio's answer is no list of numbers.");
    *out = arena_array(arena, json_length(list) + 1, sizeof **out);
    for (size_t i = 0; i < json_length(list); i++) {
        const struct json *item = json_at(list, i);
        const char *number = told(arena, item, "phone_number");
        if (!number || !phone_has_e164_shape(number))
            continue;
        (*out)[(*count)++] = (struct offered_number){
            .number = number, .country = told(arena, item, "iso_country"), .region = told(arena, item, "region"),
            .locality = told(arena, item, "locality"), .address_requirements = told(arena, item, "address_requirements"),
            .capabilities = capabilities_text(arena, item),
        };
    }
    return NULL;
}

/* ---- buying and giving back ---- */

void twilio_buy_request(struct arena *arena, const struct account *account, const char *number, const char *public_base_url, int64_t send_before_ms,
                        struct http_request *out)
{
    struct str form = str_make(arena, FORM_CEILING);

    form_add(&form, "PhoneNumber", number);
    form_add(&form, "VoiceUrl", arena_printf(arena, "%s/api/twilio/inbound", public_base_url));
    form_add(&form, "VoiceMethod", "POST");
    form_add(&form, "StatusCallback", arena_printf(arena, "%s/api/outbound-caller/call-status", public_base_url));
    form_add(&form, "StatusCallbackMethod", "POST");
    *out = (struct http_request){
        .method = "POST", .headers = form_headers, .body = form.text, .body_size = form.length, .timeout_ms = 10000, .once = true,
        .send_before_ms = send_before_ms,
        .url = arena_printf(arena, "%s/2010-04-01/Accounts/%s/IncomingPhoneNumbers.json", account->base_url, account->account_sid),
    };
    authorise(account, out);
}

static const struct { int code; const char *ours, *detail; } refusals[] = {
    { 21422, "number_unavailable", "This number is no longer for sale. Choose another one." },
    { 21421, "number_unavailable", "Twilio does not sell this number. Choose another one." },
    { 21404, "provider_limit",     "A trial account has one number. Upgrade the account at Twilio." },
    { 21631, "address_required",   "Numbers of this country need an address. Add one at Twilio, then buy the number there and import it." },
    { 21649, "bundle_required",    "Numbers of this country need regulatory documents. Add them at Twilio, then buy the number there and import it." },
};

/* A definite no: 4xx but a timeout.  outcome: the word for it. */
static bool read_refusal(struct arena *arena, const struct http_answer *answer, const char *outcome, struct number_answer *out)
{
    if (answer->outcome == HTTP_NOT_SENT) {
        *out = (struct number_answer){ .outcome = outcome, .code = "provider_unreachable", .detail = "Twilio could not be reached; nothing was done. Try again in a moment." };
        return true;
    }
    if (answer->outcome != HTTP_ANSWERED || answer->status / 100 != 4 || answer->status == 408)
        return false;
    *out = (struct number_answer){ .outcome = outcome, .code = "provider_refused" };
    if (answer->status == 401 || answer->status == 403) {
        out->code = "provider_credentials";
        out->detail = "Twilio refuses the credentials of this account. Check account_sid and auth_token.";
        return true;
    }
    if (answer->status == 429) {
        out->code = "provider_busy";
        out->detail = "Too many requests at once at Twilio; nothing was done. Try again in a moment.";
        return true;
    }
    int64_t code = error_code(arena, answer);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (refusals[i].code != code)
            continue;
        out->code = refusals[i].ours;
        out->detail = refusals[i].detail;
    }
    if (!out->detail)
        out->detail = arena_printf(arena, "Twilio refused (its error %lld).", (long long)code);
    return true;
}

void twilio_buy_answer(struct arena *arena, const char *number, const struct http_answer *answer, struct number_answer *out)
{
    const struct json *body = NULL;

    *out = (struct number_answer){ .outcome = "unknown", .detail = "Twilio gave no clear answer." };
    if (read_refusal(arena, answer, "not_bought", out) || answer->outcome != HTTP_ANSWERED || answer->status / 100 != 2 ||
        json_read(arena, answer->body, answer->body_size, &body))
        return;
    struct provider_number bought;
    read_number(arena, body, &bought);
    if (bought.sid && str_starts(bought.sid, "PN") && str_equal(bought.number, number))
        *out = (struct number_answer){ .outcome = "bought", .number = bought };
}

void twilio_release_request(struct arena *arena, const struct account *account, const char *sid, struct http_request *out)
{
    *out = (struct http_request){
        .method = "DELETE", .headers = headers, .timeout_ms = 8000,
        .url = arena_printf(arena, "%s/2010-04-01/Accounts/%s/IncomingPhoneNumbers/%s.json", account->base_url, account->account_sid, sid),
    };
    authorise(account, out);
}

void twilio_release_answer(struct arena *arena, const struct http_answer *answer, struct number_answer *out)
{
    *out = (struct number_answer){ .outcome = "unknown", .detail = "Twilio gave no clear answer." };
    if (answer->outcome == HTTP_ANSWERED && (answer->status / 100 == 2 || answer->status == 404))
        *out = (struct number_answer){ .outcome = "released" };
    else
        read_refusal(arena, answer, "kept", out);
}

void twilio_account_request(struct arena *arena, const struct account *account, struct http_request *out)
{
    *out = (struct http_request){
        .method = "GET", .headers = headers, .user = account->account_sid, .password = account->auth_token,
        .url = arena_printf(arena, "%s/2010-04-01/Accounts/%s.json", account->base_url, account->account_sid),
    };
}

const char *twilio_account_answer(struct arena *arena, const struct http_answer *answer, bool *ok)
{
    const struct json *body = NULL;

    *ok = false;
    if (answer->outcome != HTTP_ANSWERED)
        return "Twilio could not be reached.";
    if (answer->status == 401 || answer->status == 403)
        return "Twilio refuses these credentials. Check account_sid and auth_token.";
    if (answer->status == 404)
        return "Twilio knows no account with this SID.";
    if (answer->status != 200 || json_read(arena, answer->body, answer->body_size, &body) != NULL)
        return arena_printf(arena, "Twilio answered with status %ld.", answer->status);
    const char *status = json_string(json_get(body, "status"));
    *ok = !status || str_equal(status, "active");
    return *ok ? "Twilio accepts these credentials, and the account is active." :
                 arena_printf(arena, "Twilio accepts these credentials, but the account is %s.", status);
}
