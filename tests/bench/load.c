/*
 * load.c - sends prepared HTTP/1.1 requests over kept connections, and tells how long each took.
 *
 *     load --port 8080 --file requests --connections 64 --seconds 3                       closed loop
 *     load --port 8080 --file requests --connections 64 --seconds 10 --rate 1000          open loop
 *
 * The file holds requests one behind the other, each as its length in decimal, a line feed, and its bytes.  --from skips as
 * many as an earlier run has used, --count stops after so many, --again 1 begins anew at the file's end.
 *
 * Closed loop: each connection sends its next request when it has its answer; a request's time begins with its first byte.
 * Open loop: request n is due at n / rate, whether or not a connection is free, and its time begins then.  A server that stalls
 * is thus charged for every request that had to wait, not for one per connection.
 *
 * Times go into buckets less than one per cent wide, so that a run of any length needs the same memory.  The answer is one
 * JSON object; times are in microseconds.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOST_CONNECTIONS 1024
#define ANSWER_ROOM      (64 << 10)                             /* head and as much of a chunked body as is looked at */
#define SUB_BUCKETS      128
#define BUCKETS          (SUB_BUCKETS * 26)

struct message { const char *bytes; size_t size; };

struct connection {
    int                   fd;                                   /* -1: to be opened at the next use */
    const struct message *request;                              /* NULL: idle */
    size_t                sent;
    int64_t               since_us;                             /* its time begins here */
    int64_t               given_us;                             /* it was handed to this connection */
    char                  answer[ANSWER_ROOM];
    size_t                got;
    int                   status;
    bool                  head_done, chunked, closing;
    size_t                body_left;
};

static struct {
    int         port;
    const char *file;
    long        connections, from, count, timeout_ms;
    double      seconds, rate;
    bool        again;
} wish = { .connections = 1, .count = -1, .timeout_ms = 30000, .seconds = 1e9 };

static struct message    *message;
static size_t             message_count;
static struct connection *connection;
static int                poller;
static uint64_t           bucket[BUCKETS], statuses[600];
static uint64_t           done, broken;
static int64_t            longest_us, begin_us, last_us;
static double             sum_us;

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void fail(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- times ---- */

static size_t bucket_of(uint64_t us)
{
    size_t shift = 0;
    while ((us >> shift) >= 2 * SUB_BUCKETS)
        shift++;
    size_t n = shift * SUB_BUCKETS + (us >> shift);
    return n < BUCKETS ? n : BUCKETS - 1;
}

static uint64_t bucket_top(size_t n)
{
    size_t shift = n < 2 * SUB_BUCKETS ? 0 : n / SUB_BUCKETS - 1;
    return ((uint64_t)(n - shift * SUB_BUCKETS + 1) << shift) - 1;
}

static uint64_t quantile(double part)
{
    uint64_t wanted = (uint64_t)(part * (double)done + 0.5), seen = 0;
    for (size_t n = 0; n < BUCKETS; n++) {
        seen += bucket[n];
        if (seen >= wanted && seen)
            return bucket_top(n) < (uint64_t)longest_us ? bucket_top(n) : (uint64_t)longest_us;
    }
    return (uint64_t)longest_us;
}

static void count(const struct connection *c)
{
    last_us = now_us();
    int64_t took_us = last_us - c->since_us;
    if (took_us < 0)
        took_us = 0;
    bucket[bucket_of((uint64_t)took_us)]++;
    if (took_us > longest_us)
        longest_us = took_us;
    sum_us += (double)took_us;
    statuses[c->status >= 0 && c->status < 600 ? c->status : 0]++;
    done++;
}

/* ---- requests ---- */

static void read_requests(void)
{
    int fd = open(wish.file, O_RDONLY);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) || about.st_size == 0)
        fail(wish.file);
    const char *text = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    if (text == MAP_FAILED)
        fail(wish.file);
    close(fd);
    const char *end = text + about.st_size;
    size_t room = 0;
    while (text < end) {
        char *rest;
        size_t size = strtoul(text, &rest, 10);
        if (*rest != '\n' || size > (size_t)(end - rest - 1)) {
            errno = EINVAL;
            fail(wish.file);
        }
        if (message_count == room) {
            room = room ? room * 2 : 1024;
            message = reallocarray(message, room, sizeof *message);
            if (!message)
                fail("memory");
        }
        message[message_count++] = (struct message){ rest + 1, size };
        text = rest + 1 + size;
    }
}

/* How many may be sent at all. */
static size_t allowance(void)
{
    size_t left = (size_t)wish.from < message_count ? message_count - (size_t)wish.from : 0;
    if (wish.again)
        left = SIZE_MAX;
    return wish.count >= 0 && (size_t)wish.count < left ? (size_t)wish.count : left;
}

/* ---- connections ---- */

static void look_for(struct connection *c, uint32_t events, int how)
{
    struct epoll_event event = { .events = events, .data.ptr = c };
    if (epoll_ctl(poller, how, c->fd, &event))
        fail("epoll_ctl");
}

static void open_connection(struct connection *c)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)wish.port), .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof address))
        fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    look_for(c, EPOLLIN, EPOLL_CTL_ADD);
}

static void close_connection(struct connection *c)
{
    close(c->fd);
    c->fd = -1;
}

/* A request that got no answer counts as broken, with no status. */
static void give_up(struct connection *c)
{
    broken++;
    c->status = 0;
    count(c);
    c->request = NULL;
    close_connection(c);
}

static void push(struct connection *c)
{
    while (c->sent < c->request->size) {
        ssize_t n = send(c->fd, c->request->bytes + c->sent, c->request->size - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            look_for(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
            return;
        }
        if (n < 0) {
            give_up(c);
            return;
        }
        c->sent += (size_t)n;
    }
}

static void give(struct connection *c, const struct message *request, int64_t since_us)
{
    if (c->fd < 0)
        open_connection(c);
    c->request = request;
    c->sent = c->got = c->body_left = 0;
    c->status = 0;
    c->head_done = c->chunked = c->closing = false;
    c->since_us = since_us;
    c->given_us = now_us();
    push(c);
}

/* ---- answers ---- */

static const char *header(const char *head, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line && line[2]; line = strstr(line + 2, "\r\n"))
        if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':')
            return line + 3 + length + strspn(line + 3 + length, " ");
    return NULL;
}

static void read_head(struct connection *c, char *end)
{
    const char *value;
    *end = '\0';
    c->status = c->got > 12 ? atoi(c->answer + 9) : 0;
    value = header(c->answer, "Content-Length");
    c->body_left = value ? strtoul(value, NULL, 10) : 0;
    value = header(c->answer, "Transfer-Encoding");
    c->chunked = value && strncasecmp(value, "chunked", 7) == 0;
    value = header(c->answer, "Connection");
    c->closing = value && strncasecmp(value, "close", 5) == 0;
    c->head_done = true;
    size_t rest = c->got - (size_t)(end + 4 - c->answer);
    memmove(c->answer, end + 4, rest);
    c->got = rest;
}

/* True when the answer is complete. */
static bool digest(struct connection *c)
{
    if (!c->head_done) {
        c->answer[c->got] = '\0';
        char *end = strstr(c->answer, "\r\n\r\n");
        if (!end)
            return false;
        read_head(c, end);
    }
    if (c->chunked) {
        if (c->got >= 5 && memcmp(c->answer + c->got - 5, "0\r\n\r\n", 5) == 0)
            return true;
        if (c->got > 5) {
            memmove(c->answer, c->answer + c->got - 5, 5);
            c->got = 5;
        }
        return false;
    }
    c->body_left -= c->got < c->body_left ? c->got : c->body_left;
    c->got = 0;
    return c->body_left == 0;
}

/* True when the connection is free again. */
static bool pull(struct connection *c)
{
    for (;;) {
        ssize_t n = recv(c->fd, c->answer + c->got, sizeof c->answer - 1 - c->got, 0);
        if (n < 0 && errno == EAGAIN)
            return false;
        if (n <= 0) {
            if (c->request)
                give_up(c);
            else
                close_connection(c);
            return true;
        }
        if (!c->request) {
            close_connection(c);                                /* an answer that nobody asked for */
            return true;
        }
        c->got += (size_t)n;
        if (digest(c)) {
            count(c);
            c->request = NULL;
            if (c->closing)
                close_connection(c);
            return true;
        }
        if (c->got == sizeof c->answer - 1) {
            give_up(c);
            return true;
        }
    }
}

/* ---- both loops ---- */

static struct connection *idle_one(void)
{
    for (long i = 0; i < wish.connections; i++)
        if (!connection[i].request)
            return &connection[i];
    return NULL;
}

static bool any_busy(void)
{
    for (long i = 0; i < wish.connections; i++)
        if (connection[i].request)
            return true;
    return false;
}

static void drop_late_ones(void)
{
    int64_t limit_us = now_us() - wish.timeout_ms * 1000;
    for (long i = 0; i < wish.connections; i++)
        if (connection[i].request && connection[i].given_us < limit_us)
            give_up(&connection[i]);
}

static size_t run(void)
{
    size_t given = 0, most = allowance();
    int64_t end_us, next_look_us;

    begin_us = now_us();
    end_us = begin_us + (int64_t)(wish.seconds * 1e6);
    next_look_us = begin_us + 1000000;
    for (;;) {
        int64_t now = now_us();
        int wait_ms = 100;
        bool more = given < most && now < end_us;
        while (more) {
            int64_t due_us = wish.rate > 0 ? begin_us + (int64_t)((double)given * 1e6 / wish.rate) : now;
            if (due_us >= end_us)
                more = false;
            struct connection *c = more && due_us <= now ? idle_one() : NULL;
            if (!c) {
                if (more && due_us > now)
                    wait_ms = due_us - now < 1000 ? 0 : (int)((due_us - now) / 1000);
                break;
            }
            give(c, &message[((size_t)wish.from + given) % message_count], wish.rate > 0 ? due_us : now_us());
            more = ++given < most;
        }
        if (!more && !any_busy())
            return given;
        struct epoll_event event[64];
        int n = epoll_wait(poller, event, 64, wait_ms);
        for (int i = 0; i < n; i++) {
            struct connection *c = event[i].data.ptr;
            if (c->fd >= 0 && c->request && event[i].events & EPOLLOUT) {
                look_for(c, EPOLLIN, EPOLL_CTL_MOD);
                push(c);
            }
            if (c->fd >= 0 && event[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                pull(c);
        }
        if (now >= next_look_us) {
            drop_late_ones();
            next_look_us = now + 1000000;
        }
    }
}

static void report(size_t given)
{
    double seconds = (double)(last_us - begin_us) / 1e6;
    printf("{\"requests\":%zu,\"answers\":%lu,\"broken\":%lu,\"seconds\":%.6f,\"per_second\":%.1f,", given, done - broken, broken, seconds,
           seconds > 0 ? (double)(done - broken) / seconds : 0);
    printf("\"mean\":%.1f,\"p50\":%lu,\"p90\":%lu,\"p99\":%lu,\"p999\":%lu,\"max\":%ld,\"statuses\":{", done ? sum_us / (double)done : 0,
           quantile(0.5), quantile(0.9), quantile(0.99), quantile(0.999), longest_us);
    for (size_t status = 0, first = 1; status < 600; status++)
        if (statuses[status]) {
            printf("%s\"%zu\":%lu", first ? "" : ",", status, statuses[status]);
            first = 0;
        }
    printf("}}\n");
}

static void read_wish(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (!strcmp(name, "--port")) wish.port = atoi(value);
        else if (!strcmp(name, "--file")) wish.file = value;
        else if (!strcmp(name, "--connections")) wish.connections = atol(value);
        else if (!strcmp(name, "--from")) wish.from = atol(value);
        else if (!strcmp(name, "--count")) wish.count = atol(value);
        else if (!strcmp(name, "--seconds")) wish.seconds = atof(value);
        else if (!strcmp(name, "--rate")) wish.rate = atof(value);
        else if (!strcmp(name, "--timeout-ms")) wish.timeout_ms = atol(value);
        else if (!strcmp(name, "--again")) wish.again = atoi(value);
        else wish.file = NULL, argc = 0;
    }
    if (!wish.file || !wish.port || wish.connections < 1 || wish.connections > MOST_CONNECTIONS || wish.from < 0 || argc % 2 == 0) {
        fprintf(stderr, "usage: load --port N --file F [--connections N] [--from N] [--count N] [--seconds S] [--rate R] [--timeout-ms N] [--again 1]\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    read_wish(argc, argv);
    read_requests();
    connection = calloc((size_t)wish.connections, sizeof *connection);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (!connection || poller < 0)
        fail("memory");
    for (long i = 0; i < wish.connections; i++) {
        connection[i].fd = -1;
        open_connection(&connection[i]);
    }
    report(run());
    return 0;
}
