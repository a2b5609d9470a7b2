#include "db/lanes.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_LENT 24                                            /* requests that have a connection to themselves */
#define MOST_IDLE 4                                             /* connections kept for the next one */

struct idle { PGconn *conn; int64_t hold; };

struct lanes {
    char           *conninfo, *name;
    struct lane    *read, *write;
    pthread_mutex_t lock;
    pthread_cond_t  given_back;
    struct idle     idle[MOST_IDLE];                            /* a stack: what is used least is used by nobody */
    unsigned        idle_count, lent;
};

static char *join(const char *a, const char *b)
{
    char *text = NULL;
    if (asprintf(&text, "%s%s", a, b) < 0)
        abort();
    return text;
}

struct lanes *lanes_create(const char *conninfo, const char *application_name)
{
    struct lanes *lanes = calloc(1, sizeof *lanes);
    if (!lanes)
        abort();
    lanes->conninfo = join(conninfo, "");
    lanes->name = join(application_name, "");
    char *read = join(application_name, " read"), *write = join(application_name, " write");
    lanes->read = lane_create(conninfo, read, LANE_READ);
    lanes->write = lane_create(conninfo, write, LANE_WRITE);
    free(read);
    free(write);
    pthread_mutex_init(&lanes->lock, NULL);
    pthread_cond_init(&lanes->given_back, NULL);
    return lanes;
}

void lanes_destroy(struct lanes *lanes)
{
    if (!lanes)
        return;
    lane_destroy(lanes->read);
    lane_destroy(lanes->write);
    while (lanes->idle_count > 0)
        PQfinish(lanes->idle[--lanes->idle_count].conn);
    pthread_cond_destroy(&lanes->given_back);
    pthread_mutex_destroy(&lanes->lock);
    free(lanes->conninfo);
    free(lanes->name);
    free(lanes);
}

struct db *db_create_sharing(struct lanes *lanes)
{
    struct db *db = db_create(lanes->conninfo, lanes->name, true);
    db->lanes = lanes;
    return db;
}

struct lane *lanes_find(const struct ctx *ctx, enum sql which)
{
    const struct db *db = ctx->db;
    if (!db->lanes || db->tx_open || sql_catalog[which].lane == LANE_OWN)
        return NULL;
    struct lane *lane = sql_catalog[which].lane == LANE_READ ? db->lanes->read : db->lanes->write;
    return lane_takes(lane, which) ? lane : NULL;
}

fallible lanes_lend(struct ctx *ctx)
{
    struct db *db = ctx->db;
    struct lanes *lanes = db->lanes;
    struct timespec until = session_until(session_deadline(ctx));
    bool in_time = true;

    if (!lanes || db->borrowed)
        return NULL;
    pthread_mutex_lock(&lanes->lock);
    while (lanes->lent == MOST_LENT && in_time)
        in_time = pthread_cond_clockwait(&lanes->given_back, &lanes->lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT;
    if (in_time) {
        lanes->lent++;
        db->borrowed = true;
        if (lanes->idle_count > 0) {
            struct idle *last = &lanes->idle[--lanes->idle_count];
            db->conn = last->conn;
            db->hold = last->hold;
        }
    }
    pthread_mutex_unlock(&lanes->lock);
    return in_time ? NULL : session_unavailable(ctx, "every connection is busy");
}

void db_rest(struct db *db)
{
    struct lanes *lanes = db->lanes;
    if (!db->borrowed)
        return;
    if (db->tx_begun)
        db_drop(db);
    pthread_mutex_lock(&lanes->lock);
    if (db->conn && lanes->idle_count < MOST_IDLE) {
        lanes->idle[lanes->idle_count++] = (struct idle){ db->conn, db->hold };
        db->conn = NULL;
        db->hold = 0;
    }
    lanes->lent--;
    db->borrowed = false;
    pthread_mutex_unlock(&lanes->lock);
    pthread_cond_signal(&lanes->given_back);
    db_drop(db);
}
