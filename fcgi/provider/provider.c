/*
 * provider/provider.c - the carriers this build knows.
 */
#include "provider/provider.h"

#include "base/str.h"

static const struct provider *const providers[] = { &provider_twilio };

const struct provider *provider_find(const char *name)
{
    for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
        if (str_equal(providers[i]->name, name))
            return providers[i];
    return NULL;
}
