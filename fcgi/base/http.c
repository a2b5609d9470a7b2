#include "base/http.h"

#include <assert.h>
#include <ctype.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <curl/curl.h>

#include "base/clock.h"
#include "base/str.h"

enum {
    CONNECT_MS = 5000, TOTAL_MS = 15000, ANSWER_CEILING = 1 << 20, EXCHANGE_MEMORY = 64 << 10,
    SHORTEST_RETRY_MS = 500, LONGEST_RETRY_MS = 15 * 60 * 1000, ABSURD_RETRY_SECS = 7 * 86400,
};

bool (*http_transaction_open)(const struct ctx *);

/* One request on its way. */
struct exchange {
    struct http_request request;
    struct arena       *arena;                                  /* the answer lives here */
    CURL               *easy;
    struct curl_slist  *headers;
    struct str          body;
    const char         *retry_after, *request_id, *twilio_request_id;
    const char         *stopped;                                /* why we ended it ourselves, or NULL */
    bool                clipped;
    int                 sendings;                               /* how often a connection was given it */
    int64_t             began_ms;
    char                error[CURL_ERROR_SIZE];

    /* In a loop only. */
    struct exchange    *previous, *next;
    http_done          *done;
    void               *data;
};

static pthread_key_t kept_easy;

static void close_easy(void *easy)
{
    curl_easy_cleanup(easy);
}

void http_init(void)
{
    signal(SIGPIPE, SIG_IGN);                                   /* ours to do, under CURLOPT_NOSIGNAL */
    curl_global_init(CURL_GLOBAL_DEFAULT);
    pthread_key_create(&kept_easy, close_easy);
}

/* Whether the request may go to that address at all; see the header. */
static bool may_reach(struct exchange *x, bool known, struct address a)
{
    const struct networks *beyond = x->request.beyond;
    bool tls = strncasecmp(x->request.url, "https:", strlen("https:")) == 0;
    bool good = !beyond || (known && (networks_contain(beyond, a) || (tls && address_is_public(a))));
    if (!good)
        x->stopped = "the host is not at an address that webhooks may be sent to";
    return good;
}

static curl_socket_t open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct address a;
    bool known = address_of_socket(&to->addr, &a);
    if (purpose != CURLSOCKTYPE_IPCXN || !may_reach(data, known, a))
        return CURL_SOCKET_BAD;
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* A connection is ready and the request would be written next. */
static int before_sending(void *data, char *server_ip, char *own_ip, int server_port, int own_port)
{
    struct exchange *x = data;
    struct address a;
    (void)own_ip, (void)server_port, (void)own_port;
    bool known = address_parse(server_ip, &a);
    if (!may_reach(x, known, a))
        return CURL_PREREQFUNC_ABORT;
    x->stopped = NULL;                                          /* another address of the host was a good one */
    if (x->request.once && x->sendings > 0)
        x->stopped = "the connection was lost and the request is not sent again";
    else if (x->request.send_before_ms && boot_now_ms() >= x->request.send_before_ms)
        x->stopped = "the permit to send had run out";
    else
        x->sendings++;
    return x->stopped ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t take_body(char *bytes, size_t one, size_t count, void *data)
{
    struct exchange *x = data;
    size_t room = x->body.ceiling - x->body.length;
    if (x->request.clip && one * count > room) {
        str_add_bytes(&x->body, bytes, room);
        x->clipped = true;
        return 0;
    }
    str_add_bytes(&x->body, bytes, one * count);
    if (str_broken(&x->body)) {
        x->stopped = "the answer is too large";
        return 0;
    }
    return one * count;
}

/* The header's value when the line is that header, else NULL. */
static const char *header_value(struct arena *arena, const char *line, size_t size, const char *name)
{
    size_t length = strlen(name);
    if (size <= length || line[length] != ':' || strncasecmp(line, name, length) != 0)
        return NULL;
    return str_trim(arena, arena_copy(arena, line + length + 1, size - length - 1));
}

static size_t take_header(char *line, size_t one, size_t count, void *data)
{
    struct exchange *x = data;
    size_t size = one * count;
    const char *value;
    if (size > 5 && memcmp(line, "HTTP/", 5) == 0)              /* a final answer follows an interim one */
        x->retry_after = x->request_id = x->twilio_request_id = NULL;
    if ((value = header_value(x->arena, line, size, "Retry-After")))
        x->retry_after = value;
    if ((value = header_value(x->arena, line, size, "X-Request-Id")))
        x->request_id = value;
    if ((value = header_value(x->arena, line, size, "Twilio-Request-Id")))
        x->twilio_request_id = value;
    return size;
}

static void set_manners(struct exchange *x)
{
    CURL *easy = x->easy;
    long total_ms = x->request.timeout_ms > 0 ? (long)x->request.timeout_ms : TOTAL_MS;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "Outdial");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, total_ms);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->error);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, x);
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, before_sending);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, x);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, x);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
}

static void set_request(struct exchange *x)
{
    const struct http_request *r = &x->request;
    bool get = str_equal(r->method, "GET"), head = str_equal(r->method, "HEAD");
    curl_easy_setopt(x->easy, CURLOPT_URL, r->url);
    if (r->body || (!get && !head && !str_equal(r->method, "DELETE"))) {
        curl_easy_setopt(x->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, r->body ? r->body : "");
        curl_easy_setopt(x->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(r->body ? r->body_size : 0));
    }
    if (head)
        curl_easy_setopt(x->easy, CURLOPT_NOBODY, 1L);
    else
        curl_easy_setopt(x->easy, CURLOPT_CUSTOMREQUEST, r->method);
    if (r->user) {
        curl_easy_setopt(x->easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
        curl_easy_setopt(x->easy, CURLOPT_USERNAME, r->user);
        curl_easy_setopt(x->easy, CURLOPT_PASSWORD, r->password ? r->password : "");
    }
    x->headers = curl_slist_append(NULL, "Expect:");
    for (const char *const *h = r->headers; h && *h; h++)
        x->headers = curl_slist_append(x->headers, *h);
    curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->headers);
}

static void begin(struct exchange *x)
{
    size_t ceiling = x->request.answer_ceiling ? x->request.answer_ceiling : ANSWER_CEILING;
    x->body = str_make(x->arena, ceiling);
    x->began_ms = boot_now_ms();
    set_manners(x);
    set_request(x);
}

/*
 * Before the first sending nothing has reached the server, whatever went wrong since.  After it, anything
 * but a complete answer leaves open what the server did.
 */
static void finish(struct exchange *x, CURLcode rc, struct http_answer *out)
{
    const char *type = NULL;
    *out = (struct http_answer){ .body = x->body.text, .body_size = x->body.length,
                                 .retry_after = x->retry_after,
                                 .request_id = x->twilio_request_id ? x->twilio_request_id : x->request_id,
                                 .took_ms = boot_now_ms() - x->began_ms };
    curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &out->status);
    curl_easy_getinfo(x->easy, CURLINFO_CONTENT_TYPE, &type);
    out->content_type = arena_text(x->arena, type);
    if (rc == CURLE_OK || (rc == CURLE_WRITE_ERROR && x->clipped)) {
        out->outcome = HTTP_ANSWERED;
    } else {
        out->outcome = x->sendings ? HTTP_UNKNOWN : HTTP_NOT_SENT;
        out->status = 0;
        const char *said = *x->error ? x->error : curl_easy_strerror(rc);
        out->error = arena_text(x->arena, x->stopped ? x->stopped : said);
    }
    curl_slist_free_all(x->headers);
    curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, NULL);
}

void http_send(struct ctx *ctx, const struct http_request *request, struct http_answer *out)
{
    assert(!http_transaction_open || !http_transaction_open(ctx));
    CURL *easy = pthread_getspecific(kept_easy);
    if (!easy) {
        easy = curl_easy_init();
        pthread_setspecific(kept_easy, easy);
    }
    if (!easy) {
        *out = (struct http_answer){ .outcome = HTTP_NOT_SENT, .body = "", .error = "no memory" };
        return;
    }
    curl_easy_reset(easy);                                      /* keeps its connections */
    struct exchange x = { .request = *request, .arena = ctx->arena, .easy = easy };
    begin(&x);
    finish(&x, curl_easy_perform(easy), out);
}

/* ------------------------------------------------------------------ many at once */

struct http_loop {
    CURLM           *multi;
    struct exchange *first;                                     /* those that are running */
    unsigned         running;
    unsigned         finished;                                  /* since the present http_loop_run began */
    atomic_bool      woken;
};

struct http_loop *http_loop_create(unsigned most_connections_per_host)
{
    struct http_loop *loop = calloc(1, sizeof *loop);
    CURLM *multi = curl_multi_init();
    if (!loop || !multi)
        abort();
    loop->multi = multi;
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)most_connections_per_host);
    return loop;
}

static void unlink_exchange(struct http_loop *loop, struct exchange *x)
{
    *(x->previous ? &x->previous->next : &loop->first) = x->next;
    if (x->next)
        x->next->previous = x->previous;
    loop->running--;
}

static void free_exchange(struct exchange *x)
{
    curl_easy_cleanup(x->easy);
    arena_destroy(x->arena);                                    /* the exchange itself is in there */
}

void http_loop_destroy(struct http_loop *loop)
{
    if (!loop)
        return;
    for (struct exchange *x; (x = loop->first);) {
        curl_multi_remove_handle(loop->multi, x->easy);
        unlink_exchange(loop, x);
        curl_slist_free_all(x->headers);
        free_exchange(x);
    }
    curl_multi_cleanup(loop->multi);
    free(loop);
}

static const char *const *copy_headers(struct arena *arena, const char *const *headers)
{
    size_t count = 0;
    while (headers && headers[count])
        count++;
    const char **copy = arena_array(arena, count + 1, sizeof *copy);
    for (size_t i = 0; i < count; i++)
        copy[i] = arena_text(arena, headers[i]);
    return copy;
}

static struct http_request copy_request(struct arena *arena, const struct http_request *from)
{
    struct http_request r = *from;
    r.method = arena_text(arena, from->method);
    r.url = arena_text(arena, from->url);
    r.headers = copy_headers(arena, from->headers);
    r.body = from->body ? arena_copy(arena, from->body, from->body_size) : NULL;
    r.user = arena_text(arena, from->user);
    r.password = arena_text(arena, from->password);
    return r;
}

void http_loop_start(struct http_loop *loop, const struct http_request *request, http_done *done, void *data)
{
    size_t ceiling = request->answer_ceiling ? request->answer_ceiling : ANSWER_CEILING;
    struct arena *arena = arena_create(EXCHANGE_MEMORY + request->body_size + 4 * ceiling);
    struct exchange *x = ARENA_NEW(arena, struct exchange);
    *x = (struct exchange){ .request = copy_request(arena, request), .arena = arena, .easy = curl_easy_init(),
                            .done = done, .data = data, .next = loop->first };
    if (!x->easy)
        abort();
    if (x->next)
        x->next->previous = x;
    loop->first = x;
    loop->running++;
    begin(x);
    curl_multi_add_handle(loop->multi, x->easy);
}

unsigned http_loop_running(const struct http_loop *loop)
{
    return loop->running;
}

/* done may start further requests. */
static void conclude(struct http_loop *loop, struct exchange *x, CURLcode rc)
{
    struct http_answer answer;

    curl_multi_remove_handle(loop->multi, x->easy);
    unlink_exchange(loop, x);
    finish(x, rc, &answer);
    loop->finished++;
    x->done(x->data, &answer);
    free_exchange(x);
}

void http_loop_give_up(struct http_loop *loop)
{
    /* what done starts anew is hung in front, and so survives */
    for (struct exchange *x = loop->first, *next; x; x = next) {
        next = x->next;
        conclude(loop, x, CURLE_ABORTED_BY_CALLBACK);
    }
}

static void collect(struct http_loop *loop)
{
    int still, left;
    curl_multi_perform(loop->multi, &still);
    for (CURLMsg *message; (message = curl_multi_info_read(loop->multi, &left));) {
        CURLcode rc = message->data.result;
        CURL *easy = message->easy_handle;                      /* the message itself dies with the removal */
        struct exchange *x;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&x);
        conclude(loop, x, rc);
    }
}

void http_loop_run(struct http_loop *loop, int wait_ms, int extra_fd)
{
    int64_t until = boot_now_ms() + wait_ms;
    struct curl_waitfd extra = { .fd = extra_fd, .events = CURL_WAIT_POLLIN };
    loop->finished = 0;
    collect(loop);
    for (;;) {
        int64_t left = until - boot_now_ms();
        if (loop->finished || atomic_exchange(&loop->woken, false) || extra.revents || left <= 0)
            return;
        curl_multi_poll(loop->multi, &extra, extra_fd >= 0, (int)left, NULL);
        collect(loop);
    }
}

void http_loop_wake(struct http_loop *loop)
{
    atomic_store(&loop->woken, true);
    curl_multi_wakeup(loop->multi);
}

static bool printable(const char *text)
{
    while (text && *text > ' ' && *text < 0x7f)
        text++;
    return text && *text == '\0';
}

bool http_url_parse(struct arena *arena, const char *url, struct http_url *out)
{
    CURLU *parts = curl_url();
    char *scheme = NULL, *host = NULL, *port = NULL, *user = NULL, *fragment = NULL;
    bool good = parts && printable(url) && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK
                && curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK
                && curl_url_get(parts, CURLUPART_HOST, &host, CURLU_URLDECODE) == CURLUE_OK
                && (str_equal(scheme, "https") || str_equal(scheme, "http"));
    if (good) {
        size_t length = strlen(host);
        bool bracketed = length > 2 && *host == '[' && host[length - 1] == ']';
        char *name = arena_copy(arena, host + bracketed, length - 2 * bracketed);
        for (char *c = name; *c; c++)
            *c = (char)tolower((unsigned char)*c);
        *out = (struct http_url){ .tls = str_equal(scheme, "https"), .host = name,
            .port = curl_url_get(parts, CURLUPART_PORT, &port, 0) == CURLUE_OK ? atoi(port) : 0,
            .has_user = curl_url_get(parts, CURLUPART_USER, &user, 0) == CURLUE_OK,
            .has_fragment = curl_url_get(parts, CURLUPART_FRAGMENT, &fragment, 0) == CURLUE_OK };
    }
    curl_free(scheme), curl_free(host), curl_free(port), curl_free(user), curl_free(fragment);
    curl_url_cleanup(parts);
    return good;
}

int64_t http_retry_after_ms(const char *header, int64_t fallback_ms)
{
    int64_t seconds;
    if (!header || !isdigit((unsigned char)*header) || !str_to_long(header, 0, ABSURD_RETRY_SECS, &seconds))
        return fallback_ms;
    int64_t ms = seconds * 1000;
    return ms < SHORTEST_RETRY_MS ? SHORTEST_RETRY_MS : ms > LONGEST_RETRY_MS ? LONGEST_RETRY_MS : ms;
}
