#include "sandbox/sender.h"

#include <event2/event.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sandbox/serve.h"

/* Handing libcurl more than it can send at once costs memory and a search per answer. */
enum { MOST_CONNECTIONS = 96, MOST_RUNNING = 2 * MOST_CONNECTIONS, ARENA_CEILING = 8 << 20 };

/* Two queues between two threads; arenas of sendings change hands with them. */
struct queue { struct sending *first, **end; };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct queue outgoing, returned;
static struct http_loop *loop;
static pthread_t thread;
static atomic_bool stopping;
static bool running;
static int wake_fd = -1;
static struct event *wake_event;

static void queue_add(struct queue *queue, struct sending *s)
{
    s->next = NULL;
    if (!queue->first)
        queue->end = &queue->first;
    *queue->end = s;
    queue->end = &s->next;
}

/* The first most of a queue, as a list. */
static struct sending *queue_take(struct queue *queue, unsigned most)
{
    pthread_mutex_lock(&lock);
    struct sending *first = queue->first, **cut = &queue->first;
    while (*cut && most--)
        cut = &(*cut)->next;
    struct sending *left = *cut;
    *cut = NULL;
    queue->first = left;
    pthread_mutex_unlock(&lock);
    return cut == &queue->first ? NULL : first;
}

/* On the sender's thread. */
static void answered(void *data, const struct http_answer *answer)
{
    struct sending *s = data;
    s->answer = *answer;
    s->answer.body = answer->body ? arena_copy(s->arena, answer->body, answer->body_size) : NULL;
    s->answer.content_type = arena_text(s->arena, answer->content_type);
    s->answer.retry_after = NULL;
    s->answer.request_id = NULL;
    s->answer.error = arena_text(s->arena, answer->error);
    pthread_mutex_lock(&lock);
    bool first = !returned.first;
    queue_add(&returned, s);
    pthread_mutex_unlock(&lock);
    if (first)
        (void)!write(wake_fd, &(uint64_t){ 1 }, sizeof(uint64_t));
}

static void *work(void *unused)
{
    (void)unused;
    while (!stopping) {
        unsigned running_now = http_loop_running(loop),
                 room = running_now < MOST_RUNNING ? MOST_RUNNING - running_now : 0;
        for (struct sending *s = queue_take(&outgoing, room), *next; s; s = next) {
            next = s->next;
            if (sending_stale(s))
                answered(s, &(struct http_answer){ .outcome = HTTP_NOT_SENT });
            else
                http_loop_start(loop, &s->request, answered, s);
        }
        http_loop_run(loop, 1000, -1);
    }
    return NULL;
}

/* On the event thread. */
static void deliver(evutil_socket_t fd, short what, void *unused)
{
    (void)what, (void)unused;
    uint64_t count;
    (void)!read(fd, &count, sizeof count);
    for (struct sending *s = queue_take(&returned, UINT_MAX), *next; s; s = next) {
        next = s->next;
        s->done(s);
    }
}

bool sender_start(void)
{
    loop = http_loop_create(MOST_CONNECTIONS);
    wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    wake_event = event_new(serve_events(), wake_fd, EV_READ | EV_PERSIST, deliver, NULL);
    event_add(wake_event, NULL);
    if (pthread_create(&thread, NULL, work, NULL)) {
        fprintf(stderr, "outdial-sandbox: cannot start a thread\n");
        return false;
    }
    running = true;
    return true;
}

void sender_stop(void)
{
    if (!running)
        return;
    stopping = true;
    http_loop_wake(loop);
    pthread_join(thread, NULL);
    event_free(wake_event);
    close(wake_fd);
}

struct sending *sender_make(void)
{
    struct arena *arena = arena_create(ARENA_CEILING);
    struct sending *s = ARENA_NEW(arena, struct sending);
    s->arena = arena;
    s->generation = world_generation();
    return s;
}

void sender_send(struct sending *s)
{
    if (!s->at.us)
        s->at = utc_now();
    pthread_mutex_lock(&lock);
    bool first = !outgoing.first;
    queue_add(&outgoing, s);
    pthread_mutex_unlock(&lock);
    if (first)
        http_loop_wake(loop);
}

static void send_now(evutil_socket_t fd, short what, void *data)
{
    (void)fd, (void)what;
    struct sending *s = data;
    if (sending_stale(s))
        sender_drop(s);
    else
        sender_send(s);
}

void sender_send_after(struct sending *s, int64_t real_ms)
{
    if (real_ms <= 0) {
        sender_send(s);
        return;
    }
    struct timeval wait = { .tv_sec = real_ms / 1000, .tv_usec = real_ms % 1000 * 1000 };
    event_base_once(serve_events(), -1, EV_TIMEOUT, send_now, s, &wait);
}

void sender_drop(struct sending *s)
{
    arena_destroy(s->arena);
}

bool sending_stale(const struct sending *s)
{
    return s->generation != world_generation();
}
