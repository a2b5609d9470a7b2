#include "model/browser.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

enum { LONGEST_WORD = 40 };

struct mark { const char *sign, *name; };

/* In this order: most browsers also name the ones that they descend from. */
static const struct mark browsers[] = {
    { "Edg", "Edge" }, { "OPR/", "Opera" }, { "SamsungBrowser/", "Samsung Internet" }, { "Firefox/", "Firefox" }, { "FxiOS/", "Firefox" },
    { "CriOS/", "Chrome" }, { "Chrome/", "Chrome" }, { "Safari/", "Safari" },
};
static const struct mark systems[] = {
    { "iPhone", "iPhone" }, { "iPad", "iPad" }, { "Android", "Android" }, { "Windows", "Windows" }, { "Mac OS X", "macOS" },
    { "CrOS", "ChromeOS" }, { "Linux", "Linux" },
};

static const char *find(const struct mark *marks, size_t count, const char *text)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(text, marks[i].sign))
            return marks[i].name;
    return NULL;
}

const char *browser_family(struct arena *arena, const char *user_agent)
{
    if (str_blank(user_agent))
        return NULL;
    const char *browser = find(browsers, sizeof browsers / sizeof *browsers, user_agent);
    const char *system = find(systems, sizeof systems / sizeof *systems, user_agent);
    if (browser)
        return system ? arena_printf(arena, "%s, %s", browser, system) : browser;
    size_t length = strspn(user_agent, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");
    return length ? arena_copy(arena, user_agent, length < LONGEST_WORD ? length : LONGEST_WORD) : NULL;
}
