/* Webhook signatures: the order of the fields does not matter, our own signature is believed, and any other is not.
 * Lines: the request URI, then the form. */
#include "fuzz.h"

#include "base/json.h"
#include "provider/twilio.h"

FUZZ
{
    const char *at = bytes, *uri = next_part(arena, &at, bytes + size);
    struct pairs form = { 0 }, turned;
    if (!uri || !form_parse(arena, at ? at : "", at ? strlen(at) : 0, &form))
        return;
    const char *base = "https://example.test", *url = arena_printf(arena, "%s%s", base, uri);
    const char *signature = twilio_signature(arena, "token", url, &form);
    if (!signature)
        return;
    turned = (struct pairs){ arena_array(arena, form.count, sizeof *form.item), form.count };
    for (size_t i = 0; i < form.count; i++)
        turned.item[i] = form.item[form.count - 1 - i];
    MUST(strcmp(twilio_signature(arena, "token", url, &turned), signature) == 0);
    MUST(twilio_signed(arena, "token", base, uri, &turned, signature));
    MUST(!twilio_signed(arena, "another", base, uri, &form, signature));
    MUST(!twilio_signed(arena, "token", "https://elsewhere.test", uri, &form, signature));

    struct carrier_event event;
    twilio_event(arena, &form, &event);
    const struct json *payload;
    MUST(event.source_key && event.duration >= -1);
    MUST(json_read(arena, event.payload, strlen(event.payload), &payload) == NULL);
    (void)ctx;
}
