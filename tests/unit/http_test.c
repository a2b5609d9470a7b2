#include "test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/str.h"

/*
 * A server in this process.  The path says what it does: /ok answers and keeps the connection, /drop closes
 * without an answer, /silent never answers, /cut breaks off inside the body, /big sends 64 KiB,
     /busy says 429,
 * /interim sends a 100 first, /echo returns the request itself.  Everything it has read is counted.
 */
struct server {
    int         listener, port;
    pthread_t   thread;
    atomic_int  seen, dropped, connections;
    atomic_bool ending;
};

static struct server server;

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static void answer(int fd, const char *extra, const char *status, const char *body, size_t size)
{
    dprintf(fd, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nContent-Type: text/plain\r\n%s\r\n", status, size,
    extra);
    (void)!send(fd, body, size, MSG_NOSIGNAL);
}

/* One request with its body; false at the end of the connection. */
static bool read_request(int fd, char *text, size_t space)
{
    size_t have = 0;
    for (;;) {
        ssize_t got = recv(fd, text + have, space - have - 1, 0);
        if (got <= 0)
            return false;
        have += (size_t)got;
        text[have] = '\0';
        char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\nContent-Length:");
        if (end && have >= (size_t)(end + 4 - text) + (length ? strtoul(length + 17, NULL, 10) : 0))
            return true;
    }
}

static bool serve_one(int fd, const char *request)
{
    static char big[64 << 10];
    const char *path = strchr(request, ' ') + 1;
    atomic_fetch_add(&server.seen, 1);
    if (str_starts(path, "/drop")) {
        atomic_fetch_add(&server.dropped, 1);
        return false;
    }
    if (str_starts(path, "/silent")) {
        char c;
        while (recv(fd, &c, 1, 0) > 0)
            continue;
        return false;
    }
    if (str_starts(path, "/cut")) {
        say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        return false;
    }
    if (str_starts(path, "/big"))
        answer(fd, "", "200 OK", big, sizeof big);
    else if (str_starts(path, "/busy"))
        answer(fd, "Retry-After: 7\r\nX-Request-Id: x1\r\nTwilio-Request-Id: RQ1\r\n",
            "429 Too Many Requests", "{}", 2);
    else if (str_starts(path, "/moved"))
        answer(fd, "Location: /ok\r\n", "302 Found", "", 0);
    else if (str_starts(path, "/interim"))
        say(fd, "HTTP/1.1 100 Continue\r\nX-Request-Id: no\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: "
                "2\r\n\r\nok");
    else if (str_starts(path, "/echo"))
        answer(fd, "", "200 OK", request, strlen(request));
    else
        answer(fd, "", "200 OK", "fine", 4);
    return true;
}

static void *serve_connection(void *data)
{
    int fd = (int)(intptr_t)data;
    char *text = malloc(256 << 10);
    while (read_request(fd, text, 256 << 10) && serve_one(fd, text))
        continue;
    free(text);
    close(fd);
    return NULL;
}

static void *accept_all(void *data)
{
    (void)data;
    for (int fd; (fd = accept(server.listener, NULL, NULL)) >= 0;) {
        pthread_t thread;
        atomic_fetch_add(&server.connections, 1);
        pthread_create(&thread, NULL, serve_connection, (void *)(intptr_t)fd);
        pthread_detach(thread);
    }
    return NULL;
}

static int listen_somewhere(int *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    OK(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 64) == 0);
    OK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static struct ctx ctx;

static void begin(void)
{
    if (!server.port) {
        http_init();
        server.listener = listen_somewhere(&server.port);
        pthread_create(&server.thread, NULL, accept_all, NULL);
    }
    ctx.arena = arena;
    server.seen = server.dropped = server.connections = 0;
}

static const char *url(const char *path)
{
    return arena_printf(arena, "http://127.0.0.1:%d%s", server.port, path);
}

static struct http_answer send_to(const char *path, struct http_request request)
{
    struct http_answer answer;
    request.method = request.method ? request.method : "GET";
    request.url = path[0] == '/' ? url(path) : path;
    http_send(&ctx, &request, &answer);
    OK(answer.body && (answer.outcome == HTTP_ANSWERED) == !answer.error);
    return answer;
}

TEST("an answer comes with status, body and type, over a kept connection")
{
    begin();
    for (int i = 0; i < 5; i++) {
        struct http_answer a = send_to("/ok", (struct http_request){ 0 });
        EQUAL_INT(a.outcome, HTTP_ANSWERED);
        EQUAL_INT(a.status, 200);
        EQUAL_TEXT(a.body, "fine");
        EQUAL_INT(a.body_size, 4);
        EQUAL_TEXT(a.content_type, "text/plain");
        EQUAL_TEXT(a.retry_after, NULL);
    }
    EQUAL_INT(server.connections, 1);
}

TEST("method, headers, body and Basic authentication arrive as given")
{
    begin();
    static const char *const headers[] = { "Content-Type: application/json", "X-One: 1", NULL };
    struct http_answer a = send_to("/echo/../x?a=b", (struct http_request){ .method = "POST",
        .headers = headers, .body = "{\"a\":1}",
                                   .body_size = 7, .user = "AC1", .password = "p:w" });
    OK(str_starts(a.body, "POST /echo/../x?a=b HTTP/1.1\r\n"));
    OK(strstr(a.body, "Authorization: Basic QUMxOnA6dw==\r\n") && strstr(a.body, "X-One: 1\r\n"));
    OK(strstr(a.body, "Content-Type: application/json\r\n") && strstr(a.body, "\r\n\r\n{\"a\":1}")
        && !strstr(a.body, "Expect"));
    a = send_to("/echo", (struct http_request){ .method = "DELETE" });
    OK(str_starts(a.body, "DELETE /echo HTTP/1.1\r\n") && !strstr(a.body, "Authorization"));
    a = send_to("/echo", (struct http_request){ .method = "POST" });
    OK(str_starts(a.body, "POST /echo ") && strstr(a.body, "Content-Length: 0\r\n"));
    a = send_to("/echo", (struct http_request){ .method = "PUT", .body = "x", .body_size = 1 });
    OK(str_starts(a.body, "PUT /echo "));
    a = send_to("/ok", (struct http_request){ .method = "HEAD" });
    EQUAL_INT(a.outcome, HTTP_ANSWERED);
}

TEST("a request marked once is seen once, although its kept connection dies unanswered")
{
    begin();
    for (int i = 0; i < 20; i++) {
        send_to("/ok", (struct http_request){ 0 });
        server.dropped = 0;
        struct http_answer a = send_to("/drop", (struct http_request){ .method = "POST", .body = "To=1",
            .body_size = 4, .once = true });
        EQUAL_INT(a.outcome, HTTP_UNKNOWN);
        EQUAL_INT(server.dropped, 1);
    }
}

TEST("without the mark libcurl sends again: this is what the mark is for")
{
    begin();
    send_to("/ok", (struct http_request){ 0 });
    struct http_answer a = send_to("/drop", (struct http_request){ .method = "POST", .body = "To=1",
        .body_size = 4 });
    EQUAL_INT(a.outcome, HTTP_UNKNOWN);
    OK(server.dropped > 1);
}

TEST("silence ends with the time given, as unknown")
{
    begin();
    struct http_answer a = send_to("/silent", (struct http_request){ .method = "POST", .timeout_ms = 200,
        .once = true });
    EQUAL_INT(a.outcome, HTTP_UNKNOWN);
    OK(a.took_ms >= 190 && a.took_ms < 5000);
    EQUAL_INT(server.seen, 1);
}

TEST("an answer that breaks off or grows too large is unknown")
{
    begin();
    EQUAL_INT(send_to("/cut", (struct http_request){ 0 }).outcome, HTTP_UNKNOWN);
    struct http_answer a = send_to("/big", (struct http_request){ .answer_ceiling = (64 << 10) - 1 });
    EQUAL_INT(a.outcome, HTTP_UNKNOWN);
    EQUAL_TEXT(a.error, "the answer is too large");
    EQUAL_INT(send_to("/big", (struct http_request){ .answer_ceiling = 64 << 10 }).body_size, 64 << 10);
}

TEST("an expired permit sends nothing, also on a kept connection")
{
    begin();
    send_to("/ok", (struct http_request){ 0 });
    struct http_answer a = send_to("/ok", (struct http_request){ .method = "POST",
        .send_before_ms = boot_now_ms(), .once = true });
    EQUAL_INT(a.outcome, HTTP_NOT_SENT);
    EQUAL_TEXT(a.error, "the permit to send had run out");
    EQUAL_INT(server.seen, 1);
    a = send_to("/ok", (struct http_request){ .method = "POST", .send_before_ms = boot_now_ms() + 60000,
        .once = true });
    EQUAL_INT(a.outcome, HTTP_ANSWERED);
}

TEST("no name, no listener, no TLS, no such protocol: never sent")
{
    begin();
    int port, fd = listen_somewhere(&port);
    close(fd);
    EQUAL_INT(send_to(arena_printf(arena, "http://127.0.0.1:%d/", port), (struct http_request){ 0 }).outcome,
        HTTP_NOT_SENT);
    EQUAL_INT(send_to("http://nowhere.invalid/", (struct http_request){ 0 }).outcome, HTTP_NOT_SENT);
    EQUAL_INT(send_to(arena_printf(arena, "https://127.0.0.1:%d/", server.port),
        (struct http_request){ .timeout_ms = 1000 }).outcome,
              HTTP_NOT_SENT);
    EQUAL_INT(send_to("file:///etc/passwd", (struct http_request){ 0 }).outcome, HTTP_NOT_SENT);
    EQUAL_INT(send_to("no url", (struct http_request){ 0 }).outcome, HTTP_NOT_SENT);
}

TEST("a listener that never accepts a TLS handshake: never sent, although connected")
{
    begin();
    int port, fd = listen_somewhere(&port);
    struct http_answer a = send_to(arena_printf(arena, "https://127.0.0.1:%d/", port),
        (struct http_request){ .timeout_ms = 200 });
    EQUAL_INT(a.outcome, HTTP_NOT_SENT);
    close(fd);
}

TEST("headers that matter are kept, interim answers and redirects are not followed")
{
    begin();
    struct http_answer a = send_to("/busy", (struct http_request){ .method = "POST" });
    EQUAL_INT(a.status, 429);
    EQUAL_TEXT(a.retry_after, "7");
    EQUAL_TEXT(a.request_id, "RQ1");
    EQUAL_INT(http_retry_after_ms(a.retry_after, 1), 7000);
    a = send_to("/interim", (struct http_request){ 0 });
    EQUAL_INT(a.status, 201);
    EQUAL_TEXT(a.request_id, NULL);
    EQUAL_INT(send_to("/moved", (struct http_request){ 0 }).status, 302);
    EQUAL_INT(server.seen, 3);
}

TEST("Retry-After is clamped, and nonsense falls back")
{
    static const struct { const char *header; int64_t ms; } cases[] = {
        { NULL, 42 }, { "", 42 }, { "-1", 42 }, { "Wed, 21 Oct 2026 07:28:00 GMT", 42 }, { "1.5", 42 },
        { "99999999999999999999", 42 },
        { "999999999", 42 }, { "0", 500 }, { "1", 1000 }, { "900", 900000 }, { "3600", 900000 } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EQUAL_INT(http_retry_after_ms(cases[i].header, 42), cases[i].ms);
}

/* ------------------------------------------------------------------ the loop */

struct tally { int answered, not_sent, unknown, more; struct http_loop *loop; };

static void count(void *data, const struct http_answer *a)
{
    struct tally *t = data;
    t->answered += a->outcome == HTTP_ANSWERED;
    t->not_sent += a->outcome == HTTP_NOT_SENT;
    t->unknown += a->outcome == HTTP_UNKNOWN;
    if (a->outcome == HTTP_ANSWERED)
        EQUAL_TEXT(a->body, "fine");
    if (t->more > 0) {
        t->more--;
        http_loop_start(t->loop, &(struct http_request){ .method = "GET", .url = url("/ok") }, count, t);
    }
}

static void finish_all(struct http_loop *loop)
{
    int64_t until = boot_now_ms() + 20000;
    while (http_loop_running(loop) && boot_now_ms() < until)
        http_loop_run(loop, 1000, -1);
    EQUAL_INT(http_loop_running(loop), 0);
}

TEST("many run at once, the request may be forgotten at once, and done may start more")
{
    begin();
    struct http_loop *loop = http_loop_create(8);
    struct tally t = { .loop = loop, .more = 20 };
    for (int i = 0; i < 60; i++) {
        char address[64], body[8] = "a=b";
        snprintf(address, sizeof address, "%s", url("/ok"));
        http_loop_start(loop, &(struct http_request){ .method = "POST", .url = address, .body = body,
            .body_size = 3, .once = true }, count, &t);
        memset(address, 'x', sizeof address);
    }
    EQUAL_INT(http_loop_running(loop), 60);
    finish_all(loop);
    EQUAL_INT(t.answered, 80);
    EQUAL_INT(server.seen, 80);
    OK(server.connections <= 8);
    http_loop_destroy(loop);
}

TEST("in the loop, too, a dying connection sees a request marked once only once")
{
    begin();
    struct http_loop *loop = http_loop_create(1);
    struct tally t = { .loop = loop };
    for (int i = 0; i < 10; i++) {
        http_loop_start(loop, &(struct http_request){ .method = "GET", .url = url("/ok") }, count, &t);
        finish_all(loop);
        http_loop_start(loop, &(struct http_request){ .method = "POST", .url = url("/drop"), .once = true },
            count, &t);
        finish_all(loop);
    }
    EQUAL_INT(t.answered, 10);
    EQUAL_INT(t.unknown, 10);
    EQUAL_INT(server.dropped, 10);
    http_loop_destroy(loop);
}

TEST("a request still waiting for a connection when its time or permit ends was not sent")
{
    begin();
    struct http_loop *loop = http_loop_create(1);
    struct tally first = { .loop = loop }, second = first, third = first;
    http_loop_start(loop, &(struct http_request){ .method = "POST", .url = url("/silent"), .timeout_ms = 600,
        .once = true }, count, &first);
    http_loop_run(loop, 50, -1);
    http_loop_start(loop, &(struct http_request){ .method = "POST", .url = url("/ok"), .timeout_ms = 200,
        .once = true }, count, &second);
    http_loop_start(loop, &(struct http_request){ .method = "POST", .url = url("/ok"),
        .send_before_ms = boot_now_ms() + 100, .once = true },
                    count, &third);
    finish_all(loop);
    EQUAL_INT(first.unknown, 1);
    EQUAL_INT(second.not_sent, 1);
    EQUAL_INT(third.not_sent, 1);
    EQUAL_INT(server.seen, 1);
    http_loop_destroy(loop);
}

static void *wake(void *loop)
{
    http_loop_wake(loop);
    return NULL;
}

TEST("waiting ends early when woken or when the extra descriptor is readable")
{
    begin();
    struct http_loop *loop = http_loop_create(0);
    pthread_t thread;
    int64_t before = boot_now_ms();
    pthread_create(&thread, NULL, wake, loop);
    http_loop_run(loop, 10000, -1);
    pthread_join(thread, NULL);
    int ends[2];
    OK(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
    http_loop_run(loop, 10000, ends[0]);
    OK(boot_now_ms() - before < 5000);
    before = boot_now_ms();
    char c;
    OK(read(ends[0], &c, 1) == 1);
    http_loop_run(loop, 100, ends[0]);
    OK(boot_now_ms() - before >= 99);
    close(ends[0]);
    close(ends[1]);
    http_loop_destroy(loop);
}

TEST("everything that runs is given up at once, and each is told so")
{
    begin();
    struct http_loop *loop = http_loop_create(0);
    struct tally t = { .loop = loop };
    for (int i = 0; i < 5; i++)
        http_loop_start(loop, &(struct http_request){ .method = "GET", .url = url("/silent") }, count, &t);
    http_loop_run(loop, 20, -1);
    http_loop_give_up(loop);
    EQUAL_INT(http_loop_running(loop), 0);
    EQUAL_INT(t.answered, 0);
    EQUAL_INT(t.unknown + t.not_sent, 5);
    http_loop_destroy(loop);
}

TEST("a loop may be given up while requests are running")
{
    begin();
    struct http_loop *loop = http_loop_create(0);
    struct tally t = { .loop = loop };
    for (int i = 0; i < 5; i++)
        http_loop_start(loop, &(struct http_request){ .method = "GET", .url = url("/silent") }, count, &t);
    http_loop_run(loop, 20, -1);
    http_loop_destroy(loop);
    EQUAL_INT(t.answered + t.unknown + t.not_sent, 0);
}

static void *send_many(void *data)
{
    struct arena *own = arena_create(1 << 20);
    struct ctx c = { .arena = own };
    char *address = data;
    intptr_t good = 0;
    for (int i = 0; i < 50; i++) {
        struct http_answer a;
        http_send(&c, &(struct http_request){ .method = "GET", .url = address }, &a);
        good += a.outcome == HTTP_ANSWERED && str_equal(a.body, "fine");
        arena_reset(own);
    }
    arena_destroy(own);
    return (void *)good;
}

TEST("each thread keeps a connection of its own")
{
    begin();
    pthread_t thread[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&thread[i], NULL, send_many, arena_text(arena, url("/ok")));
    for (int i = 0; i < 4; i++) {
        void *good;
        pthread_join(thread[i], &good);
        EQUAL_INT((intptr_t)good, 50);
    }
    EQUAL_INT(server.connections, 4);
}

TEST("a tenant's URL is judged by the address that is connected to, whatever name it has, and nothing is sent to a wrong one")
{
    begin();
    struct networks none = { 0 }, loopback;
    const char *wrong;
    OK(networks_parse(arena, "127.0.0.0/8", &loopback, &wrong));
    const char *named = arena_printf(arena, "http://localhost:%d/ok", server.port);
    const char *const urls[] = { url("/ok"), named, arena_printf(arena, "https://localhost:%d/ok", server.port),
                                 arena_printf(arena, "http://2130706433:%d/ok", server.port) };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct http_answer a = send_to(urls[i], (struct http_request){ .beyond = &none });
        EQUAL_INT(a.outcome, HTTP_NOT_SENT);
        OK(strstr(a.error, "not at an address that webhooks may be sent to") && !strstr(a.error, "127.0.0.1"));
    }
    EQUAL_INT(server.connections, 0);
    EQUAL_INT(send_to(named, (struct http_request){ .beyond = &loopback }).outcome, HTTP_ANSWERED);
    OK(networks_parse(arena, "10.0.0.0/8", &loopback, &wrong));
    EQUAL_INT(send_to(named, (struct http_request){ .beyond = &loopback }).outcome, HTTP_NOT_SENT);
}

TEST("a kept connection of our own is no way around that")
{
    begin();
    struct networks none = { 0 };
    EQUAL_INT(send_to("/ok", (struct http_request){ 0 }).outcome, HTTP_ANSWERED);
    int seen = server.seen;
    EQUAL_INT(send_to("/ok", (struct http_request){ .beyond = &none }).outcome, HTTP_NOT_SENT);
    EQUAL_INT(server.seen, seen);
}

TEST("a clipped answer is complete at its ceiling")
{
    begin();
    struct http_answer a = send_to("/big", (struct http_request){ .clip = true, .answer_ceiling = 1024 });
    EQUAL_INT(a.outcome, HTTP_ANSWERED);
    EQUAL_INT(a.status, 200);
    EQUAL_INT(a.body_size, 1024);
    a = send_to("/ok", (struct http_request){ .clip = true, .answer_ceiling = 4 });
    EQUAL_INT(a.body_size, 4);
    EQUAL_INT(send_to("/cut", (struct http_request){ .clip = true }).outcome, HTTP_UNKNOWN);
}

TEST("a URL's parts are those that a request would use")
{
    struct http_url u;
    OK(http_url_parse(arena, "HTTPS://Example.COM:8443/a?b", &u));
    OK(u.tls && !u.has_user && !u.has_fragment);
    EQUAL_TEXT(u.host, "example.com");
    EQUAL_INT(u.port, 8443);
    OK(http_url_parse(arena, "http://0x7f.1/#x", &u));
    OK(!u.tls && u.has_fragment);
    EQUAL_TEXT(u.host, "127.0.0.1");
    EQUAL_INT(u.port, 0);
    OK(http_url_parse(arena, "https://me@[::1]/", &u) && u.has_user);
    EQUAL_TEXT(u.host, "::1");
    OK(!http_url_parse(arena, "ftp://example.com", &u) && !http_url_parse(arena, "https://", &u) && !http_url_parse(arena, NULL, &u));
}
