/*
 * outdial-sandbox: a telephone network to practise on.  It plays the carriers' published interfaces on a loopback
 * port, rings nobody, and knows afterwards what really happened.
 *
 *     SANDBOX_PORT      port on 127.0.0.1
 *     SANDBOX_TOKEN     bearer token of /control
 *     SANDBOX_STATE     directory of the journal; without it nothing survives a restart
 *     SANDBOX_ACCOUNTS  JSON file: [{"account_sid","auth_token","api_key","api_secret","phone_number","numbers"}];
 *                       numbers is "demo", a count or a list
 *     SANDBOX_SEED      of the faults that strike by chance
 *     PUBLIC_BASE_URL   numbers call PUBLIC_BASE_URL/api/twilio/inbound until told otherwise
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/http.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "sandbox/journal.h"
#include "sandbox/sender.h"
#include "sandbox/serve.h"

static int64_t number_from(const char *name, int64_t lowest, int64_t highest, int64_t otherwise)
{
    const char *text = getenv(name);
    int64_t number = otherwise;
    if (text && !str_to_long(text, lowest, highest, &number)) {
        fprintf(stderr, "outdial-sandbox: %s must be a number from %lld to %lld\n", name, (long long)lowest,
                (long long)highest);
        exit(2);
    }
    return number;
}

int main(void)
{
    int64_t port = number_from("SANDBOX_PORT", 1, 65535, 8081);
    int64_t seed = number_from("SANDBOX_SEED", 0, INT64_MAX, 20260101);
    const char *token = getenv("SANDBOX_TOKEN");
    if (str_blank(token)) {
        fprintf(stderr, "outdial-sandbox: SANDBOX_TOKEN is not set\n");
        return 2;
    }
    log_open("outdial-sandbox", LOG_INFO);
    if (!secret_init())
        return 1;
    http_init();
    world_init((uint64_t)seed);
    if (!accounts_load(getenv("SANDBOX_ACCOUNTS"), getenv("PUBLIC_BASE_URL")) ||
        !journal_open(getenv("SANDBOX_STATE")) || !serve_start((uint16_t)port, token) || !sender_start())
        return 1;
    for (unsigned i = 0, known = calls_count(); i < known; i++)
        calls_at(i)->provider->resume(calls_at(i));
    log_info(NULL, "sandbox.ready", KV("port", (int)port), KV("calls", calls_count()));
    serve_run();
    sender_stop();
    log_info(NULL, "sandbox.stopped", KV("calls", calls_count()));
    return 0;
}
