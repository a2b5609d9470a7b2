/*
 * provider/twilio.h - what only Twilio's webhooks need: signatures and form fields.
 *
 * A request is genuine when X-Twilio-Signature equals the HMAC-SHA1, under the account's primary auth token, of the public
 * URL exactly as sent (configured base + REQUEST_URI, never the Host header) followed by every form field, sorted by name,
 * distinct values of a repeated name sorted.  The URL is tried with and without its port, as Twilio's own SDK does.
 */
#pragma once

#include "base/str.h"
#include "provider/provider.h"

/* Fragment of the callback addresses we give out: how the carrier is to try again.  It is no part of what is sent or signed;
 * a client that signs the address as it stands in the document is believed all the same. */
#define TWILIO_CALLBACK_RETRIES "#rc=3&rp=5xx,ct,rt"

/* The signature itself, base64, for url and form (NULL for GET). */
char *twilio_signature(struct arena *, const char *auth_token, const char *url, const struct pairs *form);
bool  twilio_signed(struct arena *, const char *auth_token, const char *public_base_url, const char *request_uri,
                    const struct pairs *form, const char *signature);

/* Form (or query) fields of any voice webhook to neutral words. idempotency_token: I-Twilio-Idempotency-Token or NULL. */
void twilio_event(struct arena *, const struct pairs *fields, struct carrier_event *out);

/* "no-answer" -> "no_answer" ...; NULL for a status this version does not know. */
const char *twilio_status(const char *word);
const char *twilio_answered_by(const char *word);
