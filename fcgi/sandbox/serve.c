#include "sandbox/serve.h"

#include <ctype.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/secret.h"
#include "sandbox/traffic.h"

enum {
    ARENA_CEILING = 256 << 20,
    BODY_CEILING = 4 << 20,
    PIECE = 256 << 10,
    IDLE_SECS = 300,
    REPLY_CEILING = 64 << 20
};

static struct event_base *base;
static struct evhttp *http;
static struct arena *arena;
static char control_token[256];

static const struct provider *const providers[] = { &provider_twilio, &provider_vapi, &provider_livekit };
enum { PROVIDERS = sizeof providers / sizeof *providers };

struct event_base *serve_events(void)
{
    return base;
}

const struct provider *provider_find(const char *name)
{
    for (int i = 0; i < PROVIDERS; i++)
        if (str_equal(providers[i]->name, name))
            return providers[i];
    return NULL;
}

const char *request_header(const struct request *request, const char *name)
{
    return evhttp_find_header(evhttp_request_get_input_headers(request->http), name);
}

/* ---- answers ---- */

struct held { struct evhttp_request *http; int status; };

static void send_held(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    struct held *held = data;
    evhttp_send_reply(held->http, held->status, NULL, NULL);
    free(held);
}

/* Credentials stay out of the log: a masked user name tells enough. */
static void add_header(struct str *out, const char *name, const char *value)
{
    if (!utf8_valid(value, strlen(value)))
        value = "(not UTF-8)";
    if (!evutil_ascii_strcasecmp(name, "authorization"))
        value = str_starts(value, "Basic ") ? "Basic ***" : "***";
    str_addf(out, "%s: %s\n", name, value);
}

static void log_exchange(struct request *request, int status, const char *answer)
{
    if (!request->provider)
        return;
    struct str headers = str_make(arena, 32 << 10);
    struct evkeyval *header;
    TAILQ_FOREACH(header, evhttp_request_get_input_headers(request->http), next)
        add_header(&headers, header->key, header->value);
    struct exchange exchange = {
        .at = utc_now(), .provider = request->provider->name, .method = request->method, .url = request->url,
        .headers = headers.text, .body = request->body, .status = status, .answer = answer,
        .verdict = request->verdict ? request->verdict : "", .answer_type = "application/json" };
    uint64_t seq = traffic_add(&exchange);
    if (request->call)
        call_exchange(request->call, seq);
}

static void send_answer(struct request *request, int status, const char *type, const char *body, size_t size)
{
    struct evkeyvalq *headers = evhttp_request_get_output_headers(request->http);
    if (type)
        evhttp_add_header(headers, "Content-Type", type);
    if (body)
        evbuffer_add(evhttp_request_get_output_buffer(request->http), body, size);
    log_exchange(request, status, body);
    if (!request->hold_ms) {
        evhttp_send_reply(request->http, status, NULL, NULL);
        return;
    }
    struct held *held = malloc(sizeof *held);
    if (!held)
        abort();
    *held = (struct held){ request->http, status };
    struct timeval wait = { .tv_sec = request->hold_ms / 1000, .tv_usec = request->hold_ms % 1000 * 1000 };
    event_base_once(base, -1, EV_TIMEOUT, send_held, held, &wait);
}

void reply_json(struct request *request, int status, struct json_out *out)
{
    send_answer(request, status, "application/json", out->str.text, out->str.length);
}

void reply_empty(struct request *request, int status)
{
    send_answer(request, status, NULL, NULL, 0);
}

void reply_problem(struct request *request, int status, const char *code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    char *detail = arena_vprintf(arena, format, list);
    va_end(list);
    struct json_out out = json_out_make(arena, 64 << 10);
    json_open_object(&out);
    json_name(&out, "type"), json_put_string(&out, "about:blank");
    json_name(&out, "status"), json_put_integer(&out, status);
    json_name(&out, "code"), json_put_string(&out, code);
    json_name(&out, "detail"), json_put_string(&out, utf8_valid(detail, strlen(detail)) ? detail : code);
    json_close_object(&out);
    send_answer(request, status, "application/problem+json", out.str.text, out.str.length);
}

/* The socket is shut first, so what evhttp then writes goes nowhere and it cleans up by itself. */
void reply_lost(struct request *request)
{
    log_exchange(request, 0, NULL);
    struct bufferevent *buffer =
        evhttp_connection_get_bufferevent(evhttp_request_get_connection(request->http));
    shutdown(bufferevent_getfd(buffer), SHUT_RDWR);
    evhttp_send_reply(request->http, 500, NULL, NULL);
}

struct stream {
    struct evhttp_request *http;
    bool                 (*next)(struct json_out *, void *);
    void                  *state;
    const char            *closing;
};

static void stream_gone(struct evhttp_connection *connection, void *data)
{
    (void)connection;
    struct stream *stream = data;
    free(stream->state);
    free(stream);
}

static void stream_more(struct evhttp_connection *connection, void *data)
{
    struct stream *stream = data;
    arena_reset(arena);
    struct json_out out = json_out_make(arena, REPLY_CEILING);
    bool more = true;
    while (more && out.str.length < PIECE)
        more = stream->next(&out, stream->state);
    struct evbuffer *piece = evbuffer_new();
    evbuffer_add(piece, out.str.text, out.str.length);
    if (more) {
        evhttp_send_reply_chunk_with_cb(stream->http, piece, stream_more, stream);
    } else {
        evbuffer_add_printf(piece, "%s", stream->closing);
        evhttp_connection_set_closecb(connection, NULL, NULL);
        evhttp_send_reply_chunk(stream->http, piece);
        evhttp_send_reply_end(stream->http);
        stream_gone(NULL, stream);
    }
    evbuffer_free(piece);
}

void reply_stream(struct request *request, const char *opening, const char *closing,
                  bool (*next)(struct json_out *, void *state), void *state)
{
    struct stream *stream = malloc(sizeof *stream);
    if (!stream)
        abort();
    *stream = (struct stream){ request->http, next, state, closing };
    struct evhttp_connection *connection = evhttp_request_get_connection(request->http);
    evhttp_connection_set_closecb(connection, stream_gone, stream);
    evhttp_add_header(evhttp_request_get_output_headers(request->http), "Content-Type", "application/json");
    evhttp_send_reply_start(request->http, 200, NULL);
    struct evbuffer *piece = evbuffer_new();
    evbuffer_add_printf(piece, "%s", opening);
    evhttp_send_reply_chunk_with_cb(request->http, piece, stream_more, stream);
    evbuffer_free(piece);
}

/* ---- requests ---- */

static const char *method_of(struct evhttp_request *r)
{
    switch (evhttp_request_get_command(r)) {
    case EVHTTP_REQ_GET:    return "GET";
    case EVHTTP_REQ_POST:   return "POST";
    case EVHTTP_REQ_PUT:    return "PUT";
    case EVHTTP_REQ_DELETE: return "DELETE";
    case EVHTTP_REQ_PATCH:  return "PATCH";
    case EVHTTP_REQ_HEAD:   return "HEAD";
    default:                return "?";
    }
}

static bool below(const char *path, const char *prefix, const char **rest)
{
    size_t length = strlen(prefix);
    if (strncmp(path, prefix, length) || (path[length] && path[length] != '/'))
        return false;
    *rest = path[length] ? path + length : "/";
    return true;
}

static void control(struct request *request)
{
    const char *given = request_header(request, "Authorization");
    if (!given || !str_starts(given, "Bearer ") || !secret_equal(given + 7, control_token))
        reply_problem(request, 401, "unauthorized", "the control token is needed: Authorization: Bearer ...");
    else
        control_handle(request);
}

static void route(struct request *request, const char *path)
{
    if (str_equal(path, "/healthz")) {
        struct json_out out = json_out_make(arena, 1024);
        json_open_object(&out);
        json_name(&out, "status"), json_put_string(&out, "ok");
        json_close_object(&out);
        reply_json(request, 200, &out);
        return;
    }
    if (below(path, "/control", &request->path)) {
        control(request);
        return;
    }
    for (int i = 0; i < PROVIDERS; i++)
        if (below(path, providers[i]->prefix, &request->path)) {
            request->provider = providers[i];
            providers[i]->handle(request);
            return;
        }
    reply_problem(request, 404, "not_found", "providers are at /twilio, /vapi and /livekit");
}

static void handle(struct evhttp_request *r, void *unused)
{
    (void)unused;
    arena_reset(arena);
    struct request request = { .http = r, .arena = arena, .method = method_of(r) };
    const char *uri = evhttp_request_get_uri(r);
    request.url = utf8_valid(uri, strlen(uri)) ? arena_text(arena, uri) : "(not UTF-8)";
    size_t path_length = strcspn(request.url, "?");
    const char *query = request.url[path_length] ? request.url + path_length + 1 : "";
    struct evbuffer *input = evhttp_request_get_input_buffer(r);
    request.body_size = evbuffer_get_length(input);
    char *body = arena_alloc(arena, request.body_size + 1);
    evbuffer_copyout(input, body, request.body_size);
    request.body = body;
    if (!form_parse(arena, query, strlen(query), &request.query)) {
        reply_problem(&request, 400, "bad_request", "the query cannot be read");
        return;
    }
    route(&request, arena_copy(arena, request.url, path_length));
}

static void stop(evutil_socket_t fd, short what, void *unused)
{
    (void)fd, (void)what, (void)unused;
    event_base_loopbreak(base);
}

static void catch_signal(int number)
{
    event_add(evsignal_new(base, number, stop, NULL), NULL);
}

bool serve_start(uint16_t port, const char *token)
{
    snprintf(control_token, sizeof control_token, "%s", token);
    signal(SIGPIPE, SIG_IGN);
    arena = arena_create(ARENA_CEILING);
    base = event_base_new();
    http = evhttp_new(base);
    evhttp_set_max_headers_size(http, 32 << 10);
    evhttp_set_max_body_size(http, BODY_CEILING);
    evhttp_set_timeout(http, IDLE_SECS);
    evhttp_set_default_content_type(http, NULL);
    evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                         EVHTTP_REQ_PATCH | EVHTTP_REQ_HEAD);
    evhttp_set_gencb(http, handle, NULL);
    if (!evhttp_bind_socket_with_handle(http, "127.0.0.1", port)) {
        fprintf(stderr, "outdial-sandbox: cannot listen on 127.0.0.1:%u\n", port);
        return false;
    }
    catch_signal(SIGTERM);
    catch_signal(SIGINT);
    return true;
}

void serve_run(void)
{
    event_base_dispatch(base);
}
