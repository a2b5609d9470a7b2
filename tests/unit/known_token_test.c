#include "test.h"

#include "web/known_token.h"

static struct known_token token(const char *hash, int64_t expires_at)
{
    struct known_token t = { .epoch = 3, .expires_at = expires_at, .role = 2 };
    memset(t.hash, hash[0], 64);
    memcpy(t.hash, hash, strlen(hash));
    return t;
}

TEST("what was kept is found by the whole hash only")
{
    struct known_token kept = token("abc1", 1000), near = token("abc2", 1000), found;
    OK(!known_token_find(kept.hash, 10, &found));
    known_token_keep(&kept);
    OK(known_token_find(kept.hash, 10, &found));
    EQUAL_INT(found.epoch, 3);
    EQUAL_INT(found.role, 2);
    OK(!known_token_find(near.hash, 10, &found));
    known_token_keep(&near);
    OK(known_token_find(near.hash, 10, &found));
    OK(!known_token_find(kept.hash, 10, &found));
}

TEST("a token that has expired is not known any more")
{
    struct known_token kept = token("def", 1000), found;
    known_token_keep(&kept);
    OK(known_token_find(kept.hash, 1059, &found));
    OK(!known_token_find(kept.hash, 1060, &found));
}
