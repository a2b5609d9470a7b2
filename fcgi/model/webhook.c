/*
 * model/webhook.c - see model/webhook.h.
 */
#include "model/webhook.h"

#include <string.h>

#include "base/http.h"
#include "base/secret.h"
#include "base/str.h"

enum { SECRET_BYTES = 32, LONGEST_URL = 2000, PRIVILEGED_PORTS = 1024 };

static const char secret_prefix[] = "whsec_";

const struct webhook_event webhook_events[] = {
#define X(name, about) { name, about },
    WEBHOOK_EVENTS(X)
#undef X
};
const size_t webhook_event_count = sizeof webhook_events / sizeof *webhook_events;

static const char *const event_names[] = {
#define X(name, about) name,
    WEBHOOK_EVENTS(X)
#undef X
    "*", NULL,
};

const char *const webhook_states[] = { "waiting", "delivered", "failed", NULL };

const struct shape webhook_event_shape = SHAPE(struct webhook_event, "webhook event",
    FIELD(struct webhook_event, name, OUT),
    FIELD(struct webhook_event, about, OUT));

const struct shape webhook_endpoint_shape = SHAPE(struct webhook_endpoint, "webhook endpoint",
    FIELD(struct webhook_endpoint, id, OUT),
    FIELD(struct webhook_endpoint, url, IN | OUT | REQUIRED, .longest = LONGEST_URL, .about = "https"),
    FIELD(struct webhook_endpoint, description, IN | OUT, .longest = 500),
    FIELD_LIST(struct webhook_endpoint, events, IN | OUT, .among = event_names, .about = "absent, null or [\"*\"]: all of them"),
    FIELD(struct webhook_endpoint, is_active, IN | OUT),
    FIELD(struct webhook_endpoint, disabled_reason, OUT, .about = "why it was disabled when nobody did it"),
    FIELD(struct webhook_endpoint, disabled_at, OUT),
    FIELD(struct webhook_endpoint, failing_since, OUT, .about = "the first of the present row of failures"),
    FIELD(struct webhook_endpoint, full_since, OUT, .about = "so much waits for it that further events are not queued"),
    FIELD(struct webhook_endpoint, old_secret_until, OUT, .about = "until then the secret before this one signs as well"),
    FIELD(struct webhook_endpoint, created_at, OUT),
    FIELD(struct webhook_endpoint, updated_at, OUT));

const struct shape webhook_delivery_shape = SHAPE(struct webhook_delivery, "delivery",
    FIELD(struct webhook_delivery, id, OUT),
    FIELD(struct webhook_delivery, event_id, OUT, .about = "the header webhook-id"),
    FIELD(struct webhook_delivery, event_type, OUT),
    FIELD(struct webhook_delivery, state, OUT, .among = webhook_states),
    FIELD(struct webhook_delivery, attempts, OUT),
    FIELD_JSON(struct webhook_delivery, response_status, OUT, .type = "integer|null"),
    FIELD(struct webhook_delivery, response, OUT, .about = "its first kilobyte"),
    FIELD(struct webhook_delivery, error, OUT, .about = "why there was no answer"),
    FIELD_JSON(struct webhook_delivery, duration_ms, OUT, .type = "integer|null"),
    FIELD(struct webhook_delivery, next_try_at, OUT),
    FIELD(struct webhook_delivery, created_at, OUT),
    FIELD(struct webhook_delivery, settled_at, OUT));

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* The address that a host is without asking anybody. */
static bool literal(const char *host, struct address *out)
{
    bool here = str_equal(host, "localhost") || str_equal(host, "localhost.") || ends_with(host, ".localhost");
    return address_parse(here ? "127.0.0.1" : host, out);
}

static struct err *check_url(struct ctx *ctx, const struct networks *beyond, const char *text)
{
    struct http_url url;
    struct address a;

    if (!http_url_parse(ctx->arena, text, &url) || url.has_user || url.has_fragment)
        FAIL_FIELD(ctx, "url", "malformed", "url is an address such as https://example.com/hooks, without name, password and fragment.");
    bool known = literal(url.host, &a), added = known && networks_contain(beyond, a);
    if (known && !added && !address_is_public(a))
        FAIL_FIELD(ctx, "url", "address_not_public", "Webhooks go to public addresses only. The operator of this installation can add others with OUTDIAL_WEBHOOK_ALLOW.");
    if (!url.tls && (known ? !added : beyond->count == 0))
        FAIL_FIELD(ctx, "url", "https_required", "url must begin with https://.");
    if (url.port > 0 && url.port < PRIVILEGED_PORTS && url.port != 443 && url.port != 80 && !added)
        FAIL_FIELD(ctx, "url", "port_not_allowed", "The port is 443, 80 or 1024 and above.");
    return NULL;
}

static fallible check_events(struct ctx *ctx, const char **events)
{
    const struct json *list;

    if (!*events)
        return NULL;
    TRY(json_read(ctx->arena, *events, strlen(*events), &list));
    if (json_length(list) == 0)
        FAIL_FIELD(ctx, "events", "required", "An endpoint hears at least one event; leave events out for all.");
    for (size_t i = 0; i < json_length(list); i++)
        if (str_equal(json_string(json_at(list, i)), "*")) {
            *events = NULL;
            break;
        }
    return NULL;
}

fallible webhook_check(struct ctx *ctx, const struct networks *beyond, struct webhook_endpoint *e)
{
    struct err *wrong_url = check_url(ctx, beyond, e->url), *wrong_events = check_events(ctx, &e->events);

    if (wrong_url && wrong_events)
        wrong_url->fields->next = wrong_events->fields;
    return wrong_url ? wrong_url : wrong_events;
}

char *webhook_secret_make(struct arena *arena)
{
    unsigned char chance[SECRET_BYTES];
    secret_random(chance, sizeof chance);
    return arena_printf(arena, "%s%s", secret_prefix, base64_encode(arena, chance, sizeof chance));
}

char *webhook_sign(struct arena *arena, const char *secret, const char *id, int64_t timestamp, const char *body, size_t size)
{
    unsigned char digest[32];
    size_t key_size = 0;
    const void *key = str_starts(secret, secret_prefix) ? base64_decode(arena, secret + strlen(secret_prefix), &key_size) : NULL;
    if (!key)
        return NULL;
    struct str signed_text = str_make(arena, strlen(id) + size + 64);
    str_addf(&signed_text, "%s.%lld.", id, (long long)timestamp);
    str_add_bytes(&signed_text, body, size);
    hmac_sha256(key, key_size, signed_text.text, signed_text.length, digest);
    return arena_printf(arena, "v1,%s", base64_encode(arena, digest, sizeof digest));
}
