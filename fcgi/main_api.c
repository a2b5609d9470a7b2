/*
 * outdial-api - a FastCGI worker: threads that accept on one listening socket, each with an arena of its own.  The database they
 * share: two lanes that gather what their requests ask (db/lane.h), and a few connections for what must be alone.
 *
 * The socket is file descriptor 0, given by whoever starts the process, so that it outlives every worker; without one,
 * OUTDIAL_LISTEN names a unix socket to make.  Everything else is in the settings.
 *
 * Waiting happens in epoll_pwait, which alone lets SIGUSR1 through: the wish to stop can arrive neither between the look at
 * `stopping` and the wait, nor in the middle of a request.  EPOLLEXCLUSIVE wakes few threads per connection, and a
 * listening socket that does not block lets the ones that came too late go back to sleep.
 */
#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <libxml/parser.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/http.h"
#include "base/log.h"
#include "base/secret.h"
#include "db/db.h"
#include "service/imports.h"
#include "web/dispatch.h"
#include "web/guard.h"
#include "web/measure.h"
#include "web/openapi.h"

#define ARENA_CEILING  ((size_t)8 << 20)
#define STACK_SIZE     ((size_t)1 << 20)
#define MOST_THREADS   256
#define FAREWELL_SECS  10
#define BACKLOG        1024

static struct settings settings;
static struct lanes   *lanes;
static int             listener;
static atomic_bool     stopping;

static size_t read_body(void *data, char *into, size_t most)
{
    FCGX_Request *request = data;
    int n = FCGX_GetStr(into, most > INT32_MAX ? INT32_MAX : (int)most, request->in);
    return n > 0 ? (size_t)n : 0;
}

static bool write_reply(void *data, const char *bytes, size_t size)
{
    FCGX_Request *request = data;
    return FCGX_PutStr(bytes, (int)size, request->out) == (int)size;
}

/* nginx takes the end of a connection for the end of the answer; what is no FastCGI record makes it end its own in the middle. */
static void cut_reply(void *data)
{
    static const char no_record[8];
    FCGX_Request *request = data;

    FCGX_FFlush(request->out);
    send(request->ipcFd, no_record, sizeof no_record, MSG_NOSIGNAL);
    shutdown(request->ipcFd, SHUT_RDWR);
}

/*
 * The library shuts a connection down and waits for nginx to close it too, lest unread input should reset it.  Where all input
 * has been taken there is nothing to wait for: a detached connection is only closed.
 */
static void close_at_once(FCGX_Request *request)
{
    char more;
    if (FCGX_GetStr(&more, 1, request->in) == 0)
        FCGX_Detach(request);
}

static void serve(struct ctx *ctx, FCGX_Request *request)
{
    struct exchange x = { .env = request->envp, .read = read_body, .write = write_reply, .cut = cut_reply, .data = request };
    dispatch(ctx, &settings, &x);
    db_rest(ctx->db);
    request->keepConnection = 0;                                /* a kept connection would keep this thread with it */
    close_at_once(request);
    FCGX_Finish_r(request);
}

static int make_epoll(void)
{
    int e = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN | EPOLLEXCLUSIVE };
    if (e < 0 || epoll_ctl(e, EPOLL_CTL_ADD, listener, &event)) {
        log_error(NULL, "worker.broken", KV("because", strerror(errno)));
        exit(1);
    }
    return e;
}

static void *work(void *unused)
{
    (void)unused;
    struct arena *arena = arena_create(ARENA_CEILING);
    struct db *db = db_create_sharing(lanes);
    struct ctx ctx = { .arena = arena, .db = db };
    FCGX_Request request;
    sigset_t all_but_wake;
    int e = make_epoll();

    pthread_sigmask(SIG_BLOCK, NULL, &all_but_wake);
    sigdelset(&all_but_wake, SIGUSR1);
    FCGX_InitRequest(&request, listener, FCGI_FAIL_ACCEPT_ON_INTR);
    while (!stopping) {
        struct epoll_event event;
        /* A connection may have woken nobody else, so it is taken even if the wish to stop came meanwhile. */
        if (epoll_pwait(e, &event, 1, -1, &all_but_wake) > 0 && FCGX_Accept_r(&request) == 0)
            serve(&ctx, &request);
    }
    FCGX_Free(&request, 1);
    close(e);
    db_destroy(db);
    arena_destroy(arena);
    return NULL;
}

static void wake(int signal_number)
{
    (void)signal_number;
}

static bool is_listening(int fd)
{
    int yes = 0;
    socklen_t size = sizeof yes;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 && yes;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof address.sun_path) {
        fprintf(stderr, "outdial-api: OUTDIAL_LISTEN is longer than a socket's path may be\n");
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(path);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) || chmod(path, 0660) || listen(fd, BACKLOG)) {
        fprintf(stderr, "outdial-api: cannot listen at %s: %s\n", path, strerror(errno));
        return -1;
    }
    return fd;
}

static bool find_listener(void)
{
    const char *path = getenv("OUTDIAL_LISTEN");
    if (is_listening(0))
        listener = 0;
    else if (path && *path)
        listener = listen_at(path);
    else {
        fprintf(stderr, "outdial-api: file descriptor 0 is no listening socket, and OUTDIAL_LISTEN is not set\n");
        return false;
    }
    return listener >= 0 && fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK) == 0;
}

static enum log_level level_of(const char *name)
{
    static const char *const names[] = { "debug", "info", "warning", "error" };
    for (int i = 0; i < 4; i++) {
        if (str_equal(name, names[i]))
            return (enum log_level)i;
    }
    return LOG_INFO;
}

/*
 * What cannot become better by waiting stops the process here: wrong settings, a statement the schema does not know.
 * A database that is away is waited for by the requests.
 */
static bool prepare(struct arena *arena)
{
    struct err *err = settings_load(arena, &settings);
    if (err) {
        fprintf(stderr, "outdial-api: %s\n", err_chain(arena, err));
        return false;
    }
    log_open("outdial-api", level_of(settings.log_level));
    FCGX_Init();
    http_init();
    xmlInitParser();
    if (!secret_init() || (settings.master_key && *settings.master_key && !secret_master_key(settings.master_key))) {
        fprintf(stderr, "outdial-api: no entropy, or OUTDIAL_MASTER_KEY is not 32 bytes of hex or base64\n");
        return false;
    }
    if (!settings.database_url || !settings.jwt_secret) {
        fprintf(stderr, "outdial-api: DATABASE_URL and JWT_SECRET are needed\n");
        return false;
    }
    measure_open(&settings);

    struct ctx ctx = { .arena = arena };
    err = guard_init(&ctx, &settings);
    if (err) {
        fprintf(stderr, "outdial-api: %s\n", err->message);
        return false;
    }
    ctx.db = db_create(settings.database_url, "outdial-api", false);
    err = db_ready(&ctx);
    db_destroy(ctx.db);
    if (err && err->kind != ERR_UNAVAILABLE) {
        fprintf(stderr, "outdial-api: %s\n", err_chain(arena, err));
        return false;
    }
    return true;
}

/*
 * First of all: libfcgi's handlers would swallow a SIGTERM that comes while the worker is still getting ready.  Blocked,
 * it waits for sigwait.
 */
static void block_signals(sigset_t *ours)
{
    sigemptyset(ours);
    sigaddset(ours, SIGTERM);
    sigaddset(ours, SIGINT);
    sigset_t deaf = *ours;
    sigaddset(&deaf, SIGHUP);
    sigaddset(&deaf, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &deaf, NULL);
}

/* After FCGX_Init, whose handlers these replace. */
static void handle_signals(void)
{
    signal(SIGPIPE, SIG_IGN);
    sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = wake }, NULL);
}

/* Lets every thread finish the request it has; whoever takes longer than the farewell is left behind. */
static void say_goodbye(pthread_t *thread, unsigned count)
{
    struct timespec until;
    unsigned late = 0;

    stopping = true;
    for (unsigned i = 0; i < count; i++)
        pthread_kill(thread[i], SIGUSR1);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += FAREWELL_SECS;
    for (unsigned i = 0; i < count; i++)
        late += pthread_timedjoin_np(thread[i], NULL, &until) != 0;
    log_info(NULL, "worker.stopped", KV("late", late));
    if (late > 0)
        _exit(0);
}

int main(void)
{
    pthread_t thread[MOST_THREADS];
    pthread_attr_t attributes;
    sigset_t stop_signals;
    struct err *err;
    int which;

    block_signals(&stop_signals);
    mallopt(M_ARENA_MAX, 2);
    struct arena *arena = arena_create((size_t)1 << 20);
    if (!prepare(arena) || !find_listener())
        return 2;
    unsigned count = (unsigned)settings_number(settings.threads);
    if (count < 1 || count > MOST_THREADS) {
        fprintf(stderr, "outdial-api: OUTDIAL_THREADS is a number from 1 to %d\n", MOST_THREADS);
        return 2;
    }

    openapi_prepare();
    handle_signals();
    lanes = lanes_create(settings.database_url, "outdial-api");
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    for (unsigned i = 0; i < count; i++) {
        if (pthread_create(&thread[i], &attributes, work, NULL)) {
            fprintf(stderr, "outdial-api: cannot start %u threads\n", count);
            return 1;
        }
    }
    pthread_attr_destroy(&attributes);
    err = svc_imports_keep(&(struct ctx){ .arena = arena }, &settings);
    if (err) {
        fprintf(stderr, "outdial-api: %s\n", err_chain(arena, err));
        return 1;
    }
    log_info(NULL, "worker.started", KV("threads", count));
    sigwait(&stop_signals, &which);
    say_goodbye(thread, count);
    lanes_destroy(lanes);
    arena_destroy(arena);
    return 0;
}
