#include "test.h"

#include <string.h>

#include "base/qr.h"
#include "base/totp.h"

/* RFC 6238, appendix B: the secret "12345678901234567890"; codes there have eight digits, ours are their last six. */
static const char secret[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

TEST("the vectors of RFC 6238 come out")
{
    static const struct { int64_t secs; const char *code; } vectors[] = {
        { 59, "287082" }, { 1111111109, "081804" }, { 1111111111, "050471" }, { 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" },
    };
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        int64_t step = vectors[i].secs / TOTP_STEP_SECS;
        EQUAL_TEXT(totp_code(arena, secret, step), vectors[i].code);
        EQUAL_INT(totp_step(arena, secret, vectors[i].code, vectors[i].secs), step);
    }
}

TEST("a code counts for its step and its neighbours")
{
    int64_t step = 1234567890 / TOTP_STEP_SECS, begins = step * TOTP_STEP_SECS;
    const char *code = totp_code(arena, secret, step);
    EQUAL_INT(totp_step(arena, secret, code, begins - TOTP_STEP_SECS), step);
    EQUAL_INT(totp_step(arena, secret, code, begins + 2 * TOTP_STEP_SECS - 1), step);
    EQUAL_INT(totp_step(arena, secret, code, begins - TOTP_STEP_SECS - 1), 0);
    EQUAL_INT(totp_step(arena, secret, code, begins + 2 * TOTP_STEP_SECS), 0);
}

TEST("anything else is no code")
{
    static const char *const bad[] = { "", "0", "00592", "0059240", "005925", "00592a", " 005924", "-05924" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        EQUAL_INT(totp_step(arena, secret, bad[i], 1234567890), 0);
    EQUAL_INT(totp_step(arena, secret, NULL, 1234567890), 0);
    EQUAL_INT(totp_step(arena, "not base32!", "005924", 1234567890), 0);
    EQUAL_INT(totp_step(arena, NULL, "005924", 1234567890), 0);
}

TEST("secrets and recovery codes are long, readable and never the same")
{
    const char *one = totp_secret(arena), *other = totp_secret(arena);
    EQUAL_INT(strlen(one), 32);
    OK(strspn(one, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == 32 && strcmp(one, other) != 0);
    OK(totp_code(arena, one, 1));
    const char *code = totp_recovery_code(arena);
    EQUAL_INT(strlen(code), 19);
    OK(code[4] == '-' && code[9] == '-' && code[14] == '-' && strcmp(code, totp_recovery_code(arena)) != 0);
}

TEST("the address says what applications ask for, and its picture is a square")
{
    const char *uri = totp_uri(arena, secret, "Out & dial", "ann@example.com");
    EQUAL_TEXT(uri, "otpauth://totp/Out%20%26%20dial:ann%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Out%20%26%20dial"
                    "&algorithm=SHA1&digits=6&period=30");
    const char *svg = qr_svg(arena, uri);
    OK(svg && strstr(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ") == svg && strstr(svg, "M4 4h7v1h-7z"));
    char *endless = memset(arena_alloc(arena, 5001), 'x', 5000);
    endless[5000] = '\0';
    OK(!qr_svg(arena, endless));
}
