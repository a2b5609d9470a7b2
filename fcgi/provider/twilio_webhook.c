/*
 * provider/twilio_webhook.c - genuine or not, and in which words.  See provider/twilio.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/secret.h"
#include "provider/twilio.h"

#define SIGNED_CEILING (256 << 10)

static int by_name_then_value(const void *left, const void *right)
{
    const struct pair *a = left, *b = right;
    int names = strcmp(a->name, b->name);

    return names ? names : strcmp(a->value, b->value);
}

char *twilio_signature(struct arena *arena, const char *auth_token, const char *url, const struct pairs *form)
{
    struct str data = str_make(arena, SIGNED_CEILING);
    unsigned char digest[20];

    str_add(&data, url);
    if (form && form->count) {
        struct pair *sorted = arena_array(arena, form->count, sizeof *sorted);
        memcpy(sorted, form->item, form->count * sizeof *sorted);
        qsort(sorted, form->count, sizeof *sorted, by_name_then_value);
        for (size_t i = 0; i < form->count; i++) {
            if (i && !by_name_then_value(&sorted[i - 1], &sorted[i]))
                continue;
            str_add(&data, sorted[i].name);
            str_add(&data, sorted[i].value);
        }
    }
    if (str_broken(&data))
        return NULL;
    hmac_sha1(auth_token, strlen(auth_token), data.text, data.length, digest);
    return base64_encode(arena, digest, sizeof digest);
}

/* The same URL with the scheme's standard port added, or without any port; NULL when there is nothing to vary. */
static const char *other_port(struct arena *arena, const char *url)
{
    const char *host = strstr(url, "://");
    if (!host)
        return NULL;
    host += 3;
    size_t host_size = strcspn(host, "/?");
    const char *colon = memchr(host, ':', host_size);
    if (colon)
        return arena_printf(arena, "%.*s%s", (int)(colon - url), url, host + host_size);
    return arena_printf(arena, "%.*s:%s%s", (int)(host + host_size - url), url, str_starts(url, "https:") ? "443" : "80", host + host_size);
}

bool twilio_signed(struct arena *arena, const char *auth_token, const char *public_base_url, const char *request_uri,
                   const struct pairs *form, const char *signature)
{
    if (str_blank(auth_token) || str_blank(signature) || !request_uri)
        return false;
    const char *url = arena_printf(arena, "%s%s", public_base_url, request_uri);
    const char *other = other_port(arena, url);

    return secret_equal(twilio_signature(arena, auth_token, url, form), signature)
           || (other && secret_equal(twilio_signature(arena, auth_token, other, form), signature))
           || secret_equal(twilio_signature(arena, auth_token, arena_printf(arena, "%s" TWILIO_CALLBACK_RETRIES, url), form), signature);
}

/* Kept with the event: what explains a call later.  Numbers, names and places of the called party are not. */
static const char *const kept[] = {
    "CallStatus", "AnsweredBy", "MachineDetectionDuration", "SequenceNumber", "Timestamp", "CallDuration", "SipResponseCode", "Direction",
    "DialCallStatus", "DialCallDuration", "Digits", "ErrorCode", "StirStatus", "CallbackSource", NULL,
};

static const char *payload(struct arena *arena, const struct pairs *fields)
{
    struct json_out out = json_out_make(arena, SIGNED_CEILING);

    json_open_object(&out);
    for (size_t i = 0; kept[i]; i++) {
        const char *value = pairs_find(fields, kept[i]);
        if (!value)
            continue;
        json_name(&out, kept[i]);
        json_put_string(&out, arena_printf(arena, "%.200s", utf8_valid(value, strlen(value)) && strlen(value) <= 200 ? value : ""));
    }
    json_close_object(&out);
    return out.str.text;
}

void twilio_event(struct arena *arena, const struct pairs *fields, struct carrier_event *out)
{
    const char *status = pairs_find(fields, "CallStatus");
    const char *sequence = pairs_find(fields, "SequenceNumber");
    const char *duration = pairs_find(fields, "CallDuration");
    const char *parent = pairs_find(fields, "ParentCallSid");

    *out = (struct carrier_event){
        .sid = pairs_find(fields, "CallSid"),
        .parent_sid = str_blank(parent) ? NULL : parent,
        .status = twilio_status(status),
        .answered_by = twilio_answered_by(pairs_find(fields, "AnsweredBy")),
        .to = pairs_find(fields, "To"),
        .from = pairs_find(fields, "From"),
        .digits = pairs_find(fields, "Digits"),
        .duration = -1,
        .payload = payload(arena, fields),
    };
    if (duration)
        str_to_long(duration, 0, 1000000, &out->duration);
    utc_parse_rfc2822(pairs_find(fields, "Timestamp"), &out->at);
    out->source_key = arena_printf(arena, "%.40s:%.20s:%.12s", out->sid ? out->sid : "", status ? status : "", sequence ? sequence : "");
}
