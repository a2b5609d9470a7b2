/*
 * responder.c - FastCGI responders with nothing around them, to measure Outdial's workers beside.
 *
 *     responder null SOCKET PROCESSES THREADS     reads the request, answers 204
 *     responder bare SOCKET PROCESSES THREADS     answers status webhook, voice webhook and number list with the same statements,
 *                                                 through the same database layer, and with the same documents
 *
 * "bare" trusts everybody: no signatures, no tokens, no routes, no roles, no problem documents, no log.  What it needs to know comes
 * by environment: DATABASE_URL, PUBLIC_BASE_URL, BENCH_TENANT, BENCH_ACCOUNT, BENCH_USER, BENCH_EPOCH.
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "db/db.h"
#include "model/script.h"
#include "provider/twilio.h"
#include "provider/twiml.h"
#include "store/numbers.h"

#define BODY_CEILING (64 << 10)
#define PAGE         20

static int         listener;
static bool        bare;
static const char *accounts, *public_url, *principal;
static struct uuid tenant;
static int64_t     epoch;

static const char *parameter(FCGX_Request *request, const char *name)
{
    const char *value = FCGX_GetParam(name, request->envp);
    return value ? value : "";
}

static void answer(FCGX_Request *request, const char *status, const char *type, const char *body, size_t size)
{
    FCGX_FPrintF(request->out, "Status: %s\r\n", status);
    if (type)
        FCGX_FPrintF(request->out, "Content-Type: %s\r\nContent-Length: %d\r\n", type, (int)size);
    FCGX_FPrintF(request->out, "\r\n");
    FCGX_PutStr(body, (int)size, request->out);
}

struct news { struct uuid tenant, attempt; struct carrier_event event; };

static void read_news(struct arena *a, FCGX_Request *request, struct news *out)
{
    struct pairs query, fields;
    char *body = arena_alloc(a, BODY_CEILING);
    int size = FCGX_GetStr(body, BODY_CEILING, request->in);
    const char *asked = parameter(request, "QUERY_STRING");

    *out = (struct news){ 0 };
    if (!form_parse(a, asked, strlen(asked), &query) || !form_parse(a, body, size > 0 ? (size_t)size : 0, &fields))
        return;
    const char *t = pairs_find(&query, "t"), *at = pairs_find(&query, "a");
    uuid_parse(t ? t : "", &out->tenant);
    uuid_parse(at ? at : "", &out->attempt);
    twilio_event(a, &fields, &out->event);
}

static fallible status(struct ctx *ctx, FCGX_Request *request)
{
    struct news n;
    struct rows rows;
    read_news(ctx->arena, request, &n);
    const struct carrier_event *e = &n.event;
    TRY(db_global_rows(ctx, SQL_HOOK_STATUS, &rows,
                       P(n.tenant, n.attempt, accounts, e->sid, e->parent_sid, e->source_key, e->status, e->at,
                         e->duration >= 0 ? param_int(e->duration) : param_text(NULL), e->answered_by, e->to, e->payload)));
    answer(request, "204 No Content", NULL, "", 0);
    return NULL;
}

static const char *sentence(struct arena *a, const struct rows *rows, const char *column, enum script_part part)
{
    const char *text = row_text(rows, 0, column);
    return script_fill(a, text ? text : script_default(row_text(rows, 0, "locale"), part), row_text(rows, 0, "persona"), row_text(rows, 0, "company"));
}

static fallible voice(struct ctx *ctx, FCGX_Request *request)
{
    struct arena *a = ctx->arena;
    struct news n;
    struct rows rows;
    const char *document;
    read_news(a, request, &n);
    const struct carrier_event *e = &n.event;
    TRY(db_global_rows(ctx, SQL_HOOK_VOICE, &rows, P(n.tenant, n.attempt, accounts, e->sid, e->answered_by,
                                                     arena_printf(a, "voice:%.40s:%s", e->sid, e->answered_by ? e->answered_by : "-"), e->payload)));
    if (!str_equal(row_text(&rows, 0, "mode"), "person"))
        FAIL(ctx, INTERNAL, "a person was expected");
    TRY(twiml_menu(a, row_text(&rows, 0, "locale"), sentence(a, &rows, "greeting", SCRIPT_GREETING), sentence(a, &rows, "no_input", SCRIPT_NO_INPUT),
                   arena_printf(a, "%s/api/outbound-caller/gather?a=%s&t=%s" TWILIO_CALLBACK_RETRIES, public_url, row_text(&rows, 0, "attempt_id"),
                                row_text(&rows, 0, "tenant_id")), &document));
    answer(request, "200 OK", "text/xml; charset=utf-8", document, strlen(document));
    return NULL;
}

static fallible numbers(struct ctx *ctx, FCGX_Request *request)
{
    struct number_filter any = { .type = NULL };
    struct list rows;
    struct json_out out = json_out_make(ctx->arena, 1 << 20);
    TRY(numbers_list(ctx, &any, PAGE + 1, (struct uuid){ 0 }, &rows));
    const struct number *number = rows.item;
    size_t shown = rows.count < PAGE ? rows.count : PAGE;

    json_open_object(&out);
    json_name(&out, "data");
    json_open_array(&out);
    for (size_t i = 0; i < shown; i++)
        shape_write(&out, &number_shape, &number[i]);
    json_close_array(&out);
    json_name(&out, "next_cursor");
    if (rows.count > shown)
        json_put_string(&out, base64url_encode(ctx->arena, number[shown - 1].id.byte, sizeof number->id.byte));
    else
        json_put_null(&out);
    json_close_object(&out);
    answer(request, "200 OK", "application/json", out.str.text, out.str.length);
    return NULL;
}

static void serve(struct ctx *ctx, FCGX_Request *request)
{
    char body[4096];
    const char *path = parameter(request, "DOCUMENT_URI");
    struct err *err;

    if (!bare) {
        while (FCGX_GetStr(body, sizeof body, request->in) > 0)
            ;
        answer(request, "204 No Content", NULL, "", 0);
        return;
    }
    *ctx = (struct ctx){ .arena = ctx->arena, .db = ctx->db };
    if (strstr(path, "/call-status")) {
        err = status(ctx, request);
    } else if (strstr(path, "/voice")) {
        err = voice(ctx, request);
    } else {
        *ctx = (struct ctx){ .arena = ctx->arena, .db = ctx->db, .tenant = tenant, .principal = principal, .epoch = epoch, .role = "admin" };
        err = numbers(ctx, request);
    }
    if (err)
        answer(request, "500 Internal Server Error", "text/plain", err_chain(ctx->arena, err), strlen(err_chain(ctx->arena, err)));
    arena_reset(ctx->arena);
}

static void *work(void *unused)
{
    FCGX_Request request;
    struct ctx ctx = { 0 };

    if (bare) {
        ctx.arena = arena_create(8 << 20);
        ctx.db = db_create(getenv("DATABASE_URL"), "bench", false);
    }
    FCGX_InitRequest(&request, listener, 0);
    while (FCGX_Accept_r(&request) == 0) {
        serve(&ctx, &request);
        FCGX_Finish_r(&request);
    }
    return unused;
}

static const char *needed(const char *name)
{
    const char *value = getenv(name);
    if (!value) {
        fprintf(stderr, "responder: %s is not set\n", name);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    static char account[64], user[64];
    pthread_t thread;

    if (argc != 5) {
        fprintf(stderr, "usage: responder null | bare SOCKET PROCESSES THREADS\n");
        return 2;
    }
    bare = !strcmp(argv[1], "bare");
    if (bare) {
        snprintf(account, sizeof account, "{%s}", needed("BENCH_ACCOUNT"));
        snprintf(user, sizeof user, "user:%s", needed("BENCH_USER"));
        accounts = account;
        principal = user;
        public_url = needed("PUBLIC_BASE_URL");
        epoch = atoll(needed("BENCH_EPOCH"));
        needed("DATABASE_URL");
        uuid_parse(needed("BENCH_TENANT"), &tenant);
    }
    FCGX_Init();
    listener = FCGX_OpenSocket(argv[2], 1024);
    if (listener < 0)
        return 1;
    for (int i = 1; i < atoi(argv[3]) && fork() > 0; i++)
        ;
    for (int i = 1; i < atoi(argv[4]); i++)
        if (pthread_create(&thread, NULL, work, NULL))
            return 1;
    work(NULL);
    return 0;
}
