/* The settings file: any bytes are settings or a list of what is wrong, and no secret is printed. */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/settings.h"

static const char *secret;

static void no_secret(void *data, const char *name, const char *value, const char *about)
{
    (void)data, (void)about;
    MUST(strcmp(name, "JWT_SECRET") != 0 || strcmp(value, secret) != 0);
}

FUZZ
{
    if (memmem(bytes, size, "_FILE", 5))                        /* would read whatever file the bytes name */
        return;
    int file = memfd_create("settings", 0);
    MUST(file >= 0 && write(file, bytes, size) == (ssize_t)size);
    setenv("OUTDIAL_SETTINGS", arena_printf(arena, "/proc/self/fd/%d", file), 1);
    struct settings settings = { 0 };
    if (!settings_load(arena, &settings) && settings.jwt_secret) {
        secret = settings.jwt_secret;
        settings_print(&settings, no_secret, NULL);
        MUST(settings_number(settings.threads) > 0);
    }
    close(file);
    (void)ctx;
}
