#include "db/lane.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"

#define CONNECT_MS  3000
#define TURN_MS     1000                                        /* a batch, and again its members one by one */
#define GRACE_MS    1000                                        /* for the server to obey a cancel */
#define SHUN_MS     2000                                        /* a slow read keeps off the lane */
#define STACK_SIZE  ((size_t)256 << 10)

#define TEXT_(n) #n
#define TEXT(n)  TEXT_(n)
#define OPTIONS  " -c statement_timeout=" TEXT(LANE_STATEMENT_MS) " -c lock_timeout=" TEXT(LANE_LOCK_MS)

enum stage { QUEUED, SENDING, SENT, OVER, POSTED };
enum outcome { ANSWERED, ALONE, LATE, LOST, AWAY };

/* A statement on its way.  Its thread and the lane share it; whoever is the last to need it frees it. */
struct member {
    struct member     *next;
    sem_t              over;
    _Atomic enum stage stage;                                   /* changes under the lane's lock, but for POSTED, the last */
    bool               left;                                    /* under the lane's lock: its thread has gone */
    enum outcome       outcome;
    PGresult          *result;
    char               why[200];                                /* AWAY */

    enum sql           which;                                   /* from here on it belongs to the thread's arena */
    const char *const *values;
    const char        *sorted_by;
    bool               enters, announced;                       /* has a credential; sends it in this flush */
    const char        *credential[SESSION_CREDENTIAL];
    int64_t            deadline_ms;
};

struct lane {
    struct db      *db;
    enum sql_lane   kind;
    pthread_t       thread;
    pthread_mutex_t lock;
    pthread_cond_t  arrived;
    struct member  *first, **last;
    bool            asleep, stopping;
    _Atomic int64_t shunned_until_ms[SQL_COUNT];
};

/* ---- the queue ---- */

static void join_queue(struct lane *lane, struct member *m)
{
    pthread_mutex_lock(&lane->lock);
    *lane->last = m;
    lane->last = &m->next;
    bool asleep = lane->asleep;
    lane->asleep = false;
    pthread_mutex_unlock(&lane->lock);
    if (asleep)
        pthread_cond_signal(&lane->arrived);
}

static void leave_queue(struct lane *lane, struct member *m)
{
    struct member **at = &lane->first;
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    if (!*at)
        lane->last = at;
}

/* False when the lane is to end. */
static bool await_arrival(struct lane *lane)
{
    pthread_mutex_lock(&lane->lock);
    while (!lane->first && !lane->stopping) {
        lane->asleep = true;
        pthread_cond_wait(&lane->arrived, &lane->lock);
    }
    lane->asleep = false;
    bool somebody = lane->first;
    pthread_mutex_unlock(&lane->lock);
    return somebody;
}

static size_t take_queued(struct lane *lane, struct member **batch)
{
    size_t count = 0;
    pthread_mutex_lock(&lane->lock);
    for (; lane->first && count < LANE_MOST; count++) {
        batch[count] = lane->first;
        batch[count]->stage = SENDING;
        lane->first = lane->first->next;
    }
    if (!lane->first)
        lane->last = &lane->first;
    pthread_mutex_unlock(&lane->lock);
    return count;
}

static void free_member(struct member *m)
{
    PQclear(m->result);
    sem_destroy(&m->over);
    free(m);
}

static void mark_sent(struct lane *lane, struct member **batch, size_t count)
{
    pthread_mutex_lock(&lane->lock);
    for (size_t i = 0; i < count; i++)
        batch[i]->stage = SENT;
    pthread_mutex_unlock(&lane->lock);
}

/* False: it left while the batch was in flight, and is gone. */
static bool take_back(struct lane *lane, struct member *m)
{
    pthread_mutex_lock(&lane->lock);
    bool left = m->left;
    if (!left)
        m->stage = SENDING;
    pthread_mutex_unlock(&lane->lock);
    if (left)
        free_member(m);
    return !left;
}

static void conclude(struct lane *lane, struct member **batch, size_t count, enum outcome outcome)
{
    pthread_mutex_lock(&lane->lock);
    for (size_t i = 0; i < count; i++) {
        batch[i]->outcome = outcome;
        batch[i]->stage = OVER;
    }
    pthread_mutex_unlock(&lane->lock);
    for (size_t i = 0; i < count; i++) {
        /* who has not left by now waits for the post, whatever its deadline */
        if (batch[i]->left) {
            free_member(batch[i]);
        } else {
            batch[i]->stage = POSTED;
            sem_post(&batch[i]->over);
        }
    }
}

/* ---- one flush ---- */

static int compare_credentials(const struct member *a, const struct member *b)
{
    for (size_t i = 0; i < SESSION_CREDENTIAL; i++) {
        const char *x = a->credential[i], *y = b->credential[i];
        int order = x && y ? strcmp(x, y) : (x != NULL) - (y != NULL);
        if (order)
            return order;
    }
    return 0;
}

static bool before(const struct member *a, const struct member *b)
{
    if (a->enters != b->enters)
        return b->enters;
    int order = strcmp(a->sorted_by, b->sorted_by);
    if (order == 0 && a->enters)
        order = compare_credentials(a, b);
    return order < 0;
}

/* Nobody's statements first, then by what is locked, then by who asks; of equals, who came first stays first. */
static void sort(struct member **batch, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct member *m = batch[i];
        size_t at = i;
        for (; at > 0 && before(m, batch[at - 1]); at--)
            batch[at] = batch[at - 1];
        batch[at] = m;
    }
}

/* A flush is one transaction: what one member was let in with stays entered for the next, if it comes with the very same. */
static bool send_all(PGconn *conn, struct member **batch, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct member *m = batch[i];
        m->announced = m->enters && (i == 0 || !batch[i - 1]->enters || compare_credentials(batch[i - 1], m) != 0);
        if ((m->announced && !session_queue(conn, SQL_SESSION_ENTER, m->credential)) || !session_queue(conn, m->which, m->values))
            return false;
    }
    return PQpipelineSync(conn);
}

/*
 * Results up to the Sync.  *culprit is the member whose enter or statement failed, with the error as its result; count when all is well.
 * An error that comes with the commit itself is everybody's, and so the last one's.
 */
static enum session_wait collect(PGconn *conn, struct member **batch, size_t count, size_t *culprit)
{
    int64_t deadline = boot_now_ms() + TURN_MS;
    bool cancelled = false, entering = batch[0]->announced;
    size_t at = 0;

    *culprit = count;
    for (;;) {
        PGresult *result = NULL;
        enum session_wait wait = session_next(conn, deadline, &result);
        if (wait == SESSION_LATE && !cancelled) {
            session_cancel(conn);
            cancelled = true;
            deadline = boot_now_ms() + GRACE_MS;
            continue;
        }
        if (wait != SESSION_GOT)
            return wait;
        if (!result)
            continue;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_PIPELINE_SYNC) {
            PQclear(result);
            return PQstatus(conn) == CONNECTION_BAD ? SESSION_LOST : SESSION_GOT;
        }
        bool wanted = *culprit == count && (status == PGRES_FATAL_ERROR || (at < count && !entering));
        if (status == PGRES_FATAL_ERROR && *culprit == count)
            *culprit = at < count ? at : count - 1;
        if (wanted) {
            struct member *m = batch[at < count ? at : count - 1];
            PQclear(m->result);
            m->result = result;
        } else {
            PQclear(result);
        }
        if (entering || at >= count)
            entering = false;
        else
            entering = ++at < count && batch[at]->announced;
    }
}

static const char *state_of(const PGresult *result)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    return state ? state : "";
}

/* It ran into one of the lane's own limits, which other connections do not have. */
static bool overstayed(struct lane *lane, const struct member *m)
{
    const char *state = state_of(m->result);
    if (str_equal(state, "57014") && lane->kind == LANE_READ)
        lane->shunned_until_ms[m->which] = boot_now_ms() + SHUN_MS;
    if (str_equal(state, "25006") && lane->kind == LANE_READ) {
        log_error(NULL, "lane.not_a_read", KV("statement", sql_catalog[m->which].name), KV("place", sql_catalog[m->which].place));
        return true;
    }
    return str_equal(state, "57014") || str_equal(state, "55P03");
}

static void settle(struct lane *lane, struct member **batch, size_t count);

static void one_by_one(struct lane *lane, struct member **batch, size_t count, size_t culprit)
{
    int64_t until = boot_now_ms() + TURN_MS;
    bool too_slow = overstayed(lane, batch[culprit]);

    for (size_t i = 0; i < count; i++) {
        struct member *m = batch[i];
        if (!take_back(lane, m))
            continue;
        PQclear(m->result);
        m->result = NULL;
        if ((too_slow && i == culprit) || !lane->db->conn || boot_now_ms() > until)
            conclude(lane, &m, 1, ALONE);
        else
            settle(lane, &m, 1);
    }
}

/* The members are SENDING; all of them are OVER afterwards. */
static void settle(struct lane *lane, struct member **batch, size_t count)
{
    PGconn *conn = lane->db->conn;
    size_t culprit = count;

    bool sent = send_all(conn, batch, count);
    mark_sent(lane, batch, count);
    enum session_wait how = sent ? collect(conn, batch, count, &culprit) : SESSION_LOST;
    if (how != SESSION_GOT) {
        db_drop(lane->db);
        conclude(lane, batch, count, LOST);
    } else if (culprit == count) {
        conclude(lane, batch, count, ANSWERED);
    } else if (count > 1) {
        one_by_one(lane, batch, count, culprit);
    } else if (overstayed(lane, batch[0])) {
        conclude(lane, batch, 1, ALONE);
    } else if (session_outlived(batch[0]->result)) {
        db_drop(lane->db);
        conclude(lane, batch, 1, ALONE);
    } else {
        conclude(lane, batch, 1, ANSWERED);
    }
}

/* ---- the thread ---- */

static fallible get_ready(struct lane *lane, struct ctx *ctx)
{
    bool fresh = !lane->db->conn;
    ctx->deadline_ms = boot_now_ms() + CONNECT_MS;
    TRY(session_ready(ctx));
    if (fresh && lane->kind == LANE_READ) {
        RESULT *result = NULL;
        struct err *err = session_flush(ctx, SQL_SESSION_READ_ONLY, NULL, &result);
        if (err)
            db_drop(lane->db);
        return err;
    }
    return NULL;
}

static void *drive(void *data)
{
    struct lane *lane = data;
    struct ctx ctx = { .arena = arena_create((size_t)1 << 20), .db = lane->db };
    struct member *batch[LANE_MOST];

    while (await_arrival(lane)) {
        struct err *err = get_ready(lane, &ctx);
        size_t count = take_queued(lane, batch);
        if (err) {
            for (size_t i = 0; i < count; i++)
                snprintf(batch[i]->why, sizeof batch[i]->why, "%s", err->cause ? err->cause->message : err->message);
            conclude(lane, batch, count, AWAY);
        } else if (count > 0) {
            sort(batch, count);
            settle(lane, batch, count);
        }
        arena_reset(ctx.arena);
    }
    arena_destroy(ctx.arena);
    return NULL;
}

struct lane *lane_create(const char *conninfo, const char *application_name, enum sql_lane kind)
{
    struct lane *lane = calloc(1, sizeof *lane);
    pthread_attr_t attributes;

    if (!lane)
        abort();
    lane->db = db_create(conninfo, application_name, false);
    lane->db->options = OPTIONS;
    lane->kind = kind;
    lane->last = &lane->first;
    pthread_mutex_init(&lane->lock, NULL);
    pthread_cond_init(&lane->arrived, NULL);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    if (pthread_create(&lane->thread, &attributes, drive, lane))
        abort();
    pthread_attr_destroy(&attributes);
    return lane;
}

void lane_destroy(struct lane *lane)
{
    if (!lane)
        return;
    pthread_mutex_lock(&lane->lock);
    lane->stopping = true;
    pthread_mutex_unlock(&lane->lock);
    pthread_cond_signal(&lane->arrived);
    pthread_join(lane->thread, NULL);
    pthread_cond_destroy(&lane->arrived);
    pthread_mutex_destroy(&lane->lock);
    db_destroy(lane->db);
    free(lane);
}

/* ---- the threads that wait ---- */

bool lane_takes(const struct lane *lane, enum sql which)
{
    return boot_now_ms() >= lane->shunned_until_ms[which];
}

static bool over_until(struct member *m, int64_t deadline_ms)
{
    struct timespec until = session_until(deadline_ms);
    while (sem_clockwait(&m->over, CLOCK_MONOTONIC, &until)) {
        if (errno != EINTR)
            return false;
    }
    return true;
}

/* False: it left in flight, and belongs to the lane. */
static bool await(struct lane *lane, struct member *m)
{
    for (int64_t deadline = m->deadline_ms; !over_until(m, deadline); deadline += 5) {
        pthread_mutex_lock(&lane->lock);
        enum stage stage = m->stage;
        if (stage == QUEUED) {
            leave_queue(lane, m);
            m->outcome = LATE;
        }
        if (stage == SENT)
            m->left = true;
        pthread_mutex_unlock(&lane->lock);
        if (stage == QUEUED || stage == SENT)
            return stage == QUEUED;
        /* SENDING lasts no longer than filling a buffer; OVER means that the post is on its way */
    }
    return atomic_load(&m->stage) == POSTED;
}

static struct err *late(struct ctx *ctx, enum sql which)
{
    return session_unavailable(ctx, arena_printf(ctx->arena, "statement %s took longer than the request may", sql_catalog[which].name));
}

fallible lane_flush(struct ctx *ctx, struct lane *lane, enum sql which, const char *const *values, PGresult **out, bool *alone)
{
    const struct sql_statement *s = &sql_catalog[which];
    struct member *m = calloc(1, sizeof *m);
    struct err *err = NULL;

    if (!m)
        abort();
    sem_init(&m->over, 0, 0);
    m->which = which;
    m->values = values;
    m->sorted_by = s->lane_key && values[s->lane_key - 1] ? values[s->lane_key - 1] : "";
    m->enters = ctx->principal;
    if (m->enters)
        session_credential(ctx, m->credential);
    m->deadline_ms = session_deadline(ctx);
    ctx->db->again = false;
    ctx->round_trips++;

    join_queue(lane, m);
    if (!await(lane, m))
        return late(ctx, which);
    switch (m->outcome) {
    case ANSWERED:
        if (PQresultStatus(m->result) == PGRES_FATAL_ERROR) {
            err = session_error(ctx, which, m->result);
        } else {
            *out = m->result;
            m->result = NULL;
        }
        break;
    case ALONE:
        ctx->round_trips--;
        *alone = true;
        break;
    case LATE:
        err = late(ctx, which);
        break;
    case LOST:
        err = session_unavailable(ctx, arena_printf(ctx->arena, "the connection was lost in statement %s", s->name));
        ctx->db->again = lane->kind == LANE_READ;               /* a write may have been done */
        break;
    case AWAY:
        err = session_unavailable(ctx, m->why);
        break;
    }
    free_member(m);
    return err;
}
