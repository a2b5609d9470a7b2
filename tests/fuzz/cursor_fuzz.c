/* Pages and headers of a request: limits hold, and a cursor that is accepted is the id it was made of.  Lines: query,
 * Accept-Language (and User-Agent), If-Match. */
#include "fuzz.h"

#include "base/shape.h"
#include "model/browser.h"
#include "web/req.h"
#include "web/route.h"

struct thing { struct uuid id; };
static const struct shape thing_shape = SHAPE(struct thing, "thing", FIELD(struct thing, id, OUT));

FUZZ
{
    static const struct route route = { .method = GET, .pattern = "/things" };
    const char *at = bytes, *query = next_part(arena, &at, bytes + size);
    const char *language = next_part(arena, &at, bytes + size), *match = next_part(arena, &at, bytes + size);
    char *const env[] = { arena_printf(arena, "HTTP_ACCEPT_LANGUAGE=%s", language ? language : ""),
                          arena_printf(arena, "HTTP_IF_MATCH=%s", match ? match : ""), NULL };
    struct req r = { .ctx = ctx, .route = &route, .env = env, .method = "GET", .path = "/things", .query = query ? query : "" };

    const char *chosen = req_language(&r);
    MUST(!chosen || strcmp(chosen, "en") == 0 || strcmp(chosen, "tr") == 0);
    const char *family = browser_family(arena, language);
    MUST(!family || strlen(family) < 64);

    struct thing thing = { .id = { { 1, 2, 3 } } };
    struct err *ignored = req_if_match(&r, &thing_shape, &thing);
    (void)ignored;

    struct page page;
    if (!form_parse(arena, r.query, strlen(r.query), &r.query_pairs) || req_page(&r, &page))
        return;
    MUST(page.limit >= 1 && page.limit <= 1000);
    if (uuid_is_none(page.after))
        return;
    struct pairs again = { .item = (struct pair[]){ { "cursor", base64url_encode(arena, page.after.byte, sizeof page.after.byte) } }, .count = 1 };
    struct page second;
    r.query_pairs = again;
    MUST(req_page(&r, &second) == NULL && uuid_equal(second.after, page.after));
}
