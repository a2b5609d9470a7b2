/*
 * provider/twilio_prices.c - see provider/twilio_prices.h.
 */
#include "provider/twilio_prices.h"

#include <string.h>

#include "base/json.h"
#include "model/cost.h"
#include "provider/twilio.h"

void twilio_price_request(struct arena *arena, const struct account *account, const char *sid, struct http_request *out)
{
    provider_twilio.fetch_request(arena, account, sid, out);
}

void twilio_line_prices_request(struct arena *arena, const struct account *account, const char *parent_sid, struct http_request *out)
{
    provider_twilio.find_request(arena, account, "", "", out);
    out->url = arena_printf(arena, "%s/2010-04-01/Accounts/%s/Calls.json?ParentCallSid=%s&PageSize=1000", account->base_url, account->account_sid,
                            url_encode(arena, parent_sid));
}

/* In capitals; false for what is no currency. */
static bool read_currency(const char *text, char out[4])
{
    if (!text || strlen(text) != 3)
        return false;
    for (int i = 0; i < 4; i++)
        out[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
    return strspn(out, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
}

static bool add(struct call_price *sum, const struct call_price *line)
{
    int64_t micros;

    if (sum->currency[0] && line->currency[0] && !str_equal(sum->currency, line->currency))
        return false;
    if (__builtin_add_overflow(sum->micros, line->micros, &micros))
        return false;
    if (line->currency[0])
        memcpy(sum->currency, line->currency, sizeof sum->currency);
    sum->micros = micros;
    sum->minutes += line->minutes;
    return true;
}

static enum price_found read_line(const struct json *call, struct call_price *out)
{
    const char *status = twilio_status(json_string(json_get(call, "status")));
    const char *price = json_string(json_get(call, "price"));
    const char *seconds = json_string(json_get(call, "duration"));
    int64_t duration = 0;

    *out = (struct call_price){ 0 };
    if (seconds)
        str_to_long(seconds, 0, 1000000, &duration);
    if (!status || str_equal(status, "planned") || str_equal(status, "dialing") || str_equal(status, "ringing") || str_equal(status, "in_progress"))
        return PRICE_LATER;
    out->minutes = (int32_t)((duration + 59) / 60);
    if (!price)
        return str_equal(status, "completed") ? PRICE_LATER : PRICE_KNOWN;
    if (!micros_parse(price, &out->micros) || !read_currency(json_string(json_get(call, "price_unit")), out->currency))
        return PRICE_LATER;
    if (out->micros < 0)
        out->micros = -out->micros;
    return PRICE_KNOWN;
}

static bool read_body(struct arena *arena, const struct http_answer *answer, const struct json **body)
{
    return answer->outcome == HTTP_ANSWERED && answer->status == 200 && !json_read(arena, answer->body, answer->body_size, body);
}

enum price_found twilio_price_answer(struct arena *arena, const struct http_answer *answer, struct call_price *out)
{
    const struct json *body;

    *out = (struct call_price){ 0 };
    if (answer->outcome == HTTP_ANSWERED && answer->status == 404)
        return PRICE_GONE;
    return read_body(arena, answer, &body) ? read_line(body, out) : PRICE_LATER;
}

enum price_found twilio_line_prices_answer(struct arena *arena, const struct http_answer *answer, struct call_price *sum)
{
    const struct json *body;
    struct call_price line;

    if (!read_body(arena, answer, &body))
        return PRICE_LATER;
    const struct json *calls = json_get(body, "calls");
    if (json_type_of(calls) != JSON_ARRAY)
        return PRICE_LATER;
    for (size_t i = 0; i < json_length(calls); i++)
        if (read_line(json_at(calls, i), &line) != PRICE_KNOWN || !add(sum, &line))
            return PRICE_LATER;
    return PRICE_KNOWN;
}
