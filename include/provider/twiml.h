/*
 * provider/twiml.h - the documents we answer with, built by libxml2's writer and nothing else.
 *
 * Every document is complete and at most 64 KiB; a text that XML cannot carry makes the builder fail, and the caller answers
 * the fixed apology.
 */
#pragma once

#include "base/err.h"

/* Language of <Say>: "en" -> en-US, "tr" -> tr-TR. */

/* Greeting inside a one-digit Gather that posts to gather_url, then the no-input sentence and the end. */
fallible twiml_menu(struct arena *, const char *locale, const char *greeting, const char *no_input, const char *gather_url, const char **out);
/* A sentence, then the end. */
fallible twiml_say(struct arena *, const char *locale, const char *sentence, const char **out);
/* A sentence, then a line to an agent's phone with callbacks for it. */
fallible twiml_connect(struct arena *, const char *locale, const char *sentence, const char *caller_id, const char *agent_phone,
                       const char *status_url, const char **out);
extern const char twiml_hangup[];                               /* <Response><Hangup/></Response> */
extern const char twiml_empty[];                                /* <Response/> */
extern const char twiml_apology[];                              /* the fixed sentence for when the database is away */
