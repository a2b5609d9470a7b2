/*
 * model/browser.h - what a program calls itself, in two words that a person recognises.
 */
#pragma once

#include "base/arena.h"

/* "Firefox, Linux" of a User-Agent header; the first word of one that is no browser's; NULL without one. */
const char *browser_family(struct arena *, const char *user_agent);
