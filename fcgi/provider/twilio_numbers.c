/*
 * provider/twilio_numbers.c - IncomingPhoneNumbers and the account resource of Twilio's API of 2010-04-01.
 */
#include "provider/twilio_numbers.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"

enum { PAGE_SIZE = 50 };                                        /* the size the provider itself prefers */

static const char *const headers[] = { "Accept: application/json", NULL };

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
