/* Instants and ids as text: what is read and written again is the same instant and the same id. */
#include "fuzz.h"

#include "base/clock.h"
#include "base/uuid.h"

FUZZ
{
    struct utc at, again;
    struct uuid id, same;
    int64_t whole;
    double real;
    if (utc_parse(bytes, &at) && at.us)
        MUST(utc_parse(utc_text(arena, at), &again) && again.us / 1000 == at.us / 1000);
    if (utc_parse_rfc2822(bytes, &at) && at.us)
        MUST(utc_parse_rfc2822(utc_text_rfc2822(arena, at), &again) && again.us == at.us);
    utc_parse_row(bytes, &at);
    if (uuid_parse(bytes, &id) && !uuid_is_none(id))
        MUST(uuid_parse(uuid_text(arena, id), &same) && uuid_equal(id, same));
    if (str_to_long(bytes, -1000, 1000, &whole))
        MUST(whole >= -1000 && whole <= 1000);
    if (str_to_double(bytes, -1, 1, &real))
        MUST(real >= -1 && real <= 1);
    size_t length;
    void *raw = base64_decode(arena, bytes, &length);
    if (raw) {
        size_t second;
        void *back = base64_decode(arena, base64_encode(arena, raw, length), &second);
        MUST(back && second == length && memcmp(raw, back, length) == 0);
    }
    char *decoded = url_decode(arena, bytes, size, true);
    if (decoded)
        MUST(strcmp(url_decode(arena, url_encode(arena, decoded), strlen(url_encode(arena, decoded)), false), decoded) == 0);
    (void)ctx;
}
