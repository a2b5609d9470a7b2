/*
 * main_dialer.c - program outdial-dialer: configuration, signals, loop.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/http.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "dialer/loop.h"

static struct dialer *dialer;

static void *wait_for_signal(void *set)
{
    int number;

    sigwait(set, &number);
    dialer_stop(dialer);
    return NULL;
}

int main(void)
{
    struct arena *arena = arena_create(1 << 20);
    struct settings settings;
    static sigset_t set;
    pthread_t signals;

    log_open("outdial-dialer", LOG_INFO);
    struct err *err = settings_load(arena, &settings);
    if (err || str_blank(settings.database_url)) {
        fprintf(stderr, "outdial-dialer: %s\n", err ? err->message : "DATABASE_URL is not set");
        return 2;
    }
    if (!secret_init() || (settings.master_key && !secret_master_key(settings.master_key))) {
        fprintf(stderr, "outdial-dialer: OUTDIAL_MASTER_KEY is not 32 bytes in hex or base64\n");
        return 2;
    }
    http_init();
    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);

    dialer = dialer_create(&settings, "outdial-dialer");
    pthread_create(&signals, NULL, wait_for_signal, &set);
    dialer_run(dialer);
    pthread_join(signals, NULL);
    dialer_destroy(dialer);
    arena_destroy(arena);
    return 0;
}
