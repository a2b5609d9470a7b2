/*
 * outdial run - a whole stack in the foreground: PostgreSQL, workers, dialers, sandbox carriers, nginx, demo data.
 *
 * The supervisor holds the listening sockets of nginx and of the workers, so a killed process loses no connection that was
 * still waiting: its successor takes it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/http.h"
#include "base/secret.h"
#include "base/network.h"
#include "base/str.h"
#include "command/cluster.h"
#include "command/command.h"
#include "command/demo.h"
#include "command/secrets.h"
#include "db/db.h"
#include "db/migrate.h"

extern char **environ;

#pragma weak demo_create

enum { WAITING_CONNECTIONS = 1024, READY_MS = 60000, LOOK_MS = 40, MOST_PROCESSES = 16 };

struct stack {
    struct ctx        *ctx;
    struct state       state;
    struct supervisor  supervisor;
    struct secrets     secrets;
    struct demo        demo;
    int64_t            port, workers, dialers;
    bool               with_demo;
    int                web_socket, worker_socket;
    const char        *url, *sandbox_url;
    bool               stopped;                                 /* asked to, before it was ready */
};

/* --- what is asked for ------------------------------------------------------------------------------------------- */

static fallible number_from(struct ctx *ctx, const char *name, int64_t preset, int64_t lowest, int64_t highest, int64_t *out)
{
    const char *text = getenv(name);
    *out = preset;
    if (text && *text && !str_to_long(text, lowest, highest, out))
        FAIL(ctx, BAD_REQUEST, "%s must be a whole number from %ld to %ld", name, (long)lowest, (long)highest);
    return NULL;
}

static fallible read_wishes(struct stack *s)
{
    const char *demo = getenv("DEMO");
    TRY(number_from(s->ctx, "PORT", 8080, 1024, 65534, &s->port));
    TRY(number_from(s->ctx, "WORKERS", 2, 1, MOST_PROCESSES, &s->workers));
    TRY(number_from(s->ctx, "DIALERS", 1, 0, MOST_PROCESSES, &s->dialers));
    s->with_demo = !demo || !str_equal(demo, "0");
    s->url = arena_printf(s->ctx->arena, "http://127.0.0.1:%ld", (long)s->port);
    s->sandbox_url = arena_printf(s->ctx->arena, "http://127.0.0.1:%ld", (long)s->port + 1);
    return NULL;
}

/* --- sockets ----------------------------------------------------------------------------------------------------- */

/* Without blocking: nginx takes inherited sockets as they are, and a worker that lost the race for a connection would sleep
 * in accept with all the others that it has. */
static fallible listen_on_port(struct ctx *ctx, int64_t port, int *out)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int on = 1;
    *out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (*out < 0 || setsockopt(*out, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(*out, (struct sockaddr *)&address, sizeof address) != 0 || listen(*out, WAITING_CONNECTIONS) != 0)
        FAIL(ctx, CONFLICT, "cannot listen on 127.0.0.1:%ld: %s; choose another with PORT=n (n+1 is used too)", (long)port,
             strerror(errno));
    return NULL;
}

static fallible listen_on_path(struct ctx *ctx, const char *path, int *out)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    unlink(path);
    *out = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*out < 0 || bind(*out, (struct sockaddr *)&address, sizeof address) != 0 || listen(*out, WAITING_CONNECTIONS) != 0)
        FAIL(ctx, INTERNAL, "cannot listen on %s: %s", path, strerror(errno));
    return NULL;
}

static fallible open_sockets(struct stack *s)
{
    int probe = -1;
    TRY(listen_on_port(s->ctx, s->port, &s->web_socket));
    if (s->with_demo) {
        TRY(listen_on_port(s->ctx, s->port + 1, &probe));
        close(probe);
    }
    return listen_on_path(s->ctx, arena_printf(s->ctx->arena, "%s/api.sock", s->state.sockets), &s->worker_socket);
}

/* --- environment of the programs --------------------------------------------------------------------------------- */

/* What the caller's own environment must not decide in this stack. */
static bool is_ours(const char *entry)
{
    static const char *const beginnings[] = {
        "TWILIO_", "VAPI_", "LIVEKIT_", "JWT_", "DATABASE_URL", "PUBLIC_BASE_URL", "BASE_URL", "NEXT_PUBLIC_APP_URL", "PG",
        "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKE_TERM", "OUTDIAL_MASTER_KEY", "OUTDIAL_SETTINGS", "SANDBOX_", "NGINX=", "LISTEN_",
    };
    if (str_starts(entry, "JWT_PUBLIC_KEY"))                  /* somebody else's key: the caller's to name */
        return false;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (str_starts(entry, beginnings[i]))
            return true;
    return false;
}

/* Copies the entries that the list does not name already. */
static size_t add_entries(const char **list, size_t used, const char *const *entries)
{
    for (; *entries; entries++) {
        size_t name = strcspn(*entries, "=") + 1, i = 0;
        while (i < used && strncmp(list[i], *entries, name) != 0)
            i++;
        if (i == used)
            list[used++] = *entries;
    }
    return used;
}

static size_t count_entries(const char *const *entries)
{
    size_t count = 0;
    while (entries[count])
        count++;
    return count;
}

/* The given NAME=VALUE entries (NULL-terminated), then the caller's environment less what is ours. */
static const char *const *environment(struct ctx *ctx, const char *const *first, const char *const *second)
{
    size_t callers = count_entries((const char *const *)environ);
    const char **list = arena_array(ctx->arena, callers + count_entries(first) + count_entries(second) + 1, sizeof *list);
    const char **kept = arena_array(ctx->arena, callers + 1, sizeof *kept);
    for (size_t i = 0, k = 0; i < callers; i++)
        if (!is_ours(environ[i]))
            kept[k++] = environ[i];
    add_entries(list, add_entries(list, add_entries(list, 0, first), second), kept);
    return list;
}

#define NO_ENTRIES ((const char *const[]){ NULL })
#define ENVIRONMENT(ctx, ...) environment(ctx, (const char *const[]){ __VA_ARGS__, NULL }, NO_ENTRIES)
#define PAIR(s, name, value) arena_printf((s)->ctx->arena, "%s=%s", name, value)

static const char *const *program_environment(struct stack *s, const char *role)
{
    const char *allow = getenv("OUTDIAL_WEBHOOK_ALLOW");
    const char *const carriers[] = {
        PAIR(s, "TWILIO_API_BASE_URL", arena_printf(s->ctx->arena, "%s/twilio", s->sandbox_url)),
        PAIR(s, "VAPI_API_BASE_URL", arena_printf(s->ctx->arena, "%s/vapi", s->sandbox_url)),
        PAIR(s, "LIVEKIT_URL", arena_printf(s->ctx->arena, "%s/livekit", s->sandbox_url)), NULL,
    };
    return environment(s->ctx, s->with_demo ? carriers : NO_ENTRIES, (const char *const[]){
        "OUTDIAL_SETTINGS=/dev/null", PAIR(s, "DATABASE_URL", cluster_url(s->ctx, &s->state, role)),
        PAIR(s, "PUBLIC_BASE_URL", s->url), PAIR(s, "JWT_SECRET", s->secrets.jwt_secret), "JWT_ALG=HS256", "JWT_ISSUER=outdial",
        "JWT_AUDIENCE=outdial", PAIR(s, "OUTDIAL_MASTER_KEY", s->secrets.master_key),
        PAIR(s, "OUTDIAL_WEBHOOK_ALLOW", allow && *allow ? allow : s->with_demo ? "127.0.0.0/8, ::1" : ""),
        PAIR(s, "OUTDIAL_METRICS", state_path(s->ctx, &s->state, "metrics")),
        PAIR(s, "OUTDIAL_IMPORT_FOLDER", state_path(s->ctx, &s->state, "imports")), NULL });
}

/* What `outdial --state DIR` reads: the same, as owner. */
static fallible write_settings(struct stack *s)
{
    struct str text = str_make(s->ctx->arena, 16 << 10);
    static const char *const names[] = { "DATABASE_URL", "PUBLIC_BASE_URL", "JWT_", "OUTDIAL_MASTER_KEY", "OUTDIAL_WEBHOOK_ALLOW", "OUTDIAL_IMPORT_FOLDER",
                                         "TWILIO_API_BASE_URL", "VAPI_API_BASE_URL", "LIVEKIT_URL" };
    str_add(&text, "# The settings of this stack, for `outdial --state DIR`; written at every start.\n");
    for (const char *const *entry = program_environment(s, "owner"); *entry; entry++)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (str_starts(*entry, names[i]))
                str_addf(&text, "%s\n", *entry);
    if (s->with_demo)
        str_addf(&text, "OUTDIAL_TENANT_ID=%s\n", s->demo.tenant_id);
    return state_write(s->ctx, state_path(s->ctx, &s->state, "outdial.env"), 0600, text.text);
}

/* --- the programs ------------------------------------------------------------------------------------------------ */

static const char *program(struct stack *s, const char *name)
{
    return arena_printf(s->ctx->arena, "%s/%s", s->state.programs, name);
}

static const char *const *arguments(struct ctx *ctx, const char *const *list)
{
    size_t count = count_entries(list);
    const char **copy = arena_array(ctx->arena, count + 1, sizeof *copy);
    memcpy(copy, list, count * sizeof *copy);
    return copy;
}

#define ARGUMENTS(ctx, ...) arguments(ctx, (const char *const[]){ __VA_ARGS__, NULL })

static fallible start_programs(struct stack *s, const char *name, int64_t count, int input, const char *const *env)
{
    const char *path = program(s, name);
    if (access(path, X_OK) != 0)
        FAIL(s->ctx, INTERNAL, "there is no program %s; run make", path);
    for (int n = 1; n <= count; n++)
        TRY(supervise_start(s->ctx, &s->supervisor,
                            &(struct child){ .name = name, .number = n, .argv = ARGUMENTS(s->ctx, path), .environment = env,
                                             .input = input, .extra = -1, .stop_signal = SIGTERM, .patience_ms = 15000 }));
    return NULL;
}

static void put(struct json_out *out, const char *name, const char *value)
{
    json_name(out, name);
    json_put_string(out, value);
}

static void put_account(struct json_out *out, const struct demo_twilio *t, const char *const *numbers)
{
    json_open_object(out);
    put(out, "account_sid", t->account_sid);
    put(out, "auth_token", t->auth_token);
    put(out, "api_key", t->api_key);
    put(out, "api_secret", t->api_secret);
    put(out, "phone_number", t->phone_number);
    json_name(out, "numbers");
    if (!numbers) {
        json_put_string(out, "demo");
    } else {
        json_open_array(out);
        for (; *numbers; numbers++)
            json_put_string(out, *numbers);
        json_close_array(out);
    }
    json_close_object(out);
}

static fallible start_sandbox(struct stack *s)
{
    const char *accounts = state_path(s->ctx, &s->state, "sandbox/accounts.json");
    struct json_out out = json_out_make(s->ctx->arena, 64 << 10);
    json_open_array(&out);
    put_account(&out, &s->demo.twilio, NULL);
    put_account(&out, &s->demo.other_twilio, s->demo.other_numbers);
    json_close_array(&out);
    TRY(state_write(s->ctx, accounts, 0600, out.str.text));
    return start_programs(s, "outdial-sandbox", 1, -1,
                          ENVIRONMENT(s->ctx, PAIR(s, "SANDBOX_PORT", arena_printf(s->ctx->arena, "%ld", (long)s->port + 1)),
                                      PAIR(s, "SANDBOX_TOKEN", s->secrets.sandbox_token),
                                      PAIR(s, "SANDBOX_STATE", state_path(s->ctx, &s->state, "sandbox")),
                                      PAIR(s, "SANDBOX_ACCOUNTS", accounts), PAIR(s, "PUBLIC_BASE_URL", s->url)));
}

/* nginx's words for the proxies in front of it whose X-Forwarded-For is believed; none, unless OUTDIAL_TRUSTED_PROXIES names them. */
static fallible trusted_proxies(struct ctx *ctx, const char **out)
{
    const char *given = getenv("OUTDIAL_TRUSTED_PROXIES");
    char *rest = arena_text(ctx->arena, given ? given : ""), *word;
    struct str text = str_make(ctx->arena, 16 << 10);
    struct network network;

    while ((word = strsep(&rest, ", "))) {
        if (*word && !network_parse(word, &network))
            FAIL(ctx, INVALID, "OUTDIAL_TRUSTED_PROXIES: %s is no network; it is written like 192.0.2.0/24", word);
        if (*word)
            str_addf(&text, "set_real_ip_from %s; ", network_text(ctx->arena, &network));
    }
    if (text.length)
        str_add(&text, "real_ip_header X-Forwarded-For; real_ip_recursive on;");
    *out = text.text;
    return NULL;
}

/* nginx/outdial.conf.in with each @NAME@ replaced. */
static fallible write_nginx_configuration(struct stack *s, const char *path)
{
    struct ctx *ctx = s->ctx;
    const char *proxies;
    TRY(trusted_proxies(ctx, &proxies));
    const struct pair names[] = {
        { "@PROXIES@", proxies },
        { "@ADDRESS@", arena_printf(ctx->arena, "127.0.0.1:%ld", (long)s->port) },
        { "@URL@", s->url },
        { "@PUBLIC@", arena_printf(ctx->arena, "%s/public", s->state.share) },
        { "@VENDOR@", s->state.vendor },
        { "@SOCKET@", arena_printf(ctx->arena, "%s/api.sock", s->state.sockets) },
        { "@STATE@", s->state.home },
    };
    const char *in = arena_printf(ctx->arena, "%s/nginx/outdial.conf.in", s->state.share);
    const char *text = state_read(ctx, in);
    struct str out = str_make(ctx->arena, 1 << 20);
    if (!text)
        FAIL(ctx, INTERNAL, "cannot read %s", in);
    while (*text) {
        size_t i = 0, count = sizeof names / sizeof *names;
        while (i < count && !str_starts(text, names[i].name))
            i++;
        if (i < count)
            str_add(&out, names[i].value);
        else
            str_add_char(&out, *text);
        text += i < count ? strlen(names[i].name) : 1;
    }
    return state_write(ctx, path, 0600, out.text);
}

static fallible start_nginx(struct stack *s)
{
    const char *configuration = state_path(s->ctx, &s->state, "nginx/outdial.conf");
    const char *nginx = access("/usr/sbin/nginx", X_OK) == 0 ? "/usr/sbin/nginx" : "nginx";
    TRY(write_nginx_configuration(s, configuration));
    /* NGINX names descriptors that are listening already, as in nginx's own change of binary. */
    return supervise_start(s->ctx, &s->supervisor,
                           &(struct child){ .name = "nginx", .number = 1, .input = -1, .extra = s->web_socket,
                                            .argv = ARGUMENTS(s->ctx, nginx, "-e", "stderr", "-p", s->state.home, "-c", configuration),
                                            .environment = ENVIRONMENT(s->ctx, "NGINX=3;"), .stop_signal = SIGQUIT,
                                            .patience_ms = 8000, .orphans = "nginx", .orphan_signal = SIGQUIT });
}

/* --- data -------------------------------------------------------------------------------------------------------- */

static void describe_demo(struct stack *s)
{
    const struct secrets *k = &s->secrets;
    const char **numbers = arena_array(s->ctx->arena, 4, sizeof *numbers);
    numbers[0] = k->other_number;
    numbers[1] = k->other_number_2;
    numbers[2] = k->other_number_3;
    s->demo = (struct demo){
        .public_url = s->url, .sandbox_url = s->sandbox_url,
        .tenant_id = k->tenant_id, .tenant_name = "Demo",
        .admin_id = k->admin_id, .admin_email = "admin@demo.example", .admin_password = k->admin_password,
        .agent_id = k->agent_id, .agent_email = "agent@demo.example", .agent_password = k->agent_password,
        .twilio = { k->twilio_row, k->twilio_sid, k->twilio_token, k->twilio_key, k->twilio_secret, k->twilio_app, k->twilio_number },
        .vapi_account_id = k->vapi_row, .vapi_api_key = k->vapi_key, .vapi_webhook_secret = k->vapi_secret,
        .livekit_account_id = k->livekit_row, .livekit_api_key = k->livekit_key, .livekit_api_secret = k->livekit_secret,
        .campaign_twilio_id = k->campaign_twilio, .campaign_vapi_id = k->campaign_vapi, .campaign_livekit_id = k->campaign_livekit,
        .other_tenant_id = k->other_tenant_id, .other_tenant_name = "Rival",
        .other_admin_id = k->other_admin_id, .other_admin_email = "admin@rival.example",
        .other_admin_password = k->other_admin_password,
        .other_twilio = { k->other_row, k->other_sid, k->other_token, k->other_key, k->other_secret, k->other_app, k->other_number },
        .other_numbers = numbers,
    };
}

static void say(const char *sentence)
{
    printf("    %s\n", sentence);
}

static fallible bring_demo(struct stack *s)
{
    struct ctx owner = *s->ctx;
    owner.principal = "command";
    owner.doing = "outdial run";
    owner.db = db_create(cluster_url(s->ctx, &s->state, "owner"), "outdial run", false);
    secret_master_key(s->secrets.master_key);
    struct err *err = demo_create(&owner, &s->demo);
    db_destroy(owner.db);
    return err;
}

static fallible bring_database(struct stack *s)
{
    TRY(cluster_database(s->ctx, &s->state));
    TRY_SAYING(s->ctx, migrate(s->ctx->arena, cluster_url(s->ctx, &s->state, "postgres"),
                               arena_printf(s->ctx->arena, "%s/sql", s->state.share), false, say),
               "the database could not be brought up to date");
    if (s->with_demo && demo_create)
        TRY_SAYING(s->ctx, bring_demo(s), "the demo data could not be made");
    return NULL;
}

/* --- ready ------------------------------------------------------------------------------------------------------- */

static bool answers(struct stack *s, const char *url, const char *header)
{
    struct http_answer answer;
    http_send(s->ctx, &(struct http_request){ .method = "GET", .url = url, .timeout_ms = 2000,
                                              .headers = header ? (const char *const[]){ header, NULL } : NULL }, &answer);
    return answer.outcome == HTTP_ANSWERED && answer.status == 200;
}

static fallible wait_for(struct stack *s, const char *what, const char *url, const char *header)
{
    for (int waited = 0; !answers(s, url, header); waited += LOOK_MS) {
        if (!supervise_wait(&s->supervisor, LOOK_MS)) {
            s->stopped = true;
            return NULL;
        }
        if (waited > READY_MS)
            FAIL(s->ctx, UNAVAILABLE, "%s does not become ready; see %s/logs", what, s->state.shown);
    }
    return NULL;
}

static fallible wait_until_ready(struct stack *s)
{
    struct arena *a = s->ctx->arena;
    if (s->with_demo)
        TRY(wait_for(s, "the sandbox", arena_printf(a, "%s/control/calls", s->sandbox_url),
                     arena_printf(a, "Authorization: Bearer %s", s->secrets.sandbox_token)));
    return s->stopped ? NULL : wait_for(s, "Outdial", arena_printf(a, "%s/readyz", s->url), NULL);
}

static fallible write_run_env(struct stack *s)
{
    const struct demo *d = &s->demo;
    const struct secrets *k = &s->secrets;
    const struct pair common[] = {
        { "OUTDIAL_URL", s->url }, { "PUBLIC_BASE_URL", s->url },
        { "OUTDIAL_DATABASE_URL", cluster_url(s->ctx, &s->state, "owner") },
        { "JWT_SECRET", k->jwt_secret }, { "JWT_ALG", "HS256" }, { "JWT_ISSUER", "outdial" }, { "JWT_AUDIENCE", "outdial" },
    };
    const struct pair demo[] = {
        { "OUTDIAL_SANDBOX_URL", s->sandbox_url }, { "OUTDIAL_SANDBOX_TOKEN", k->sandbox_token },
        { "OUTDIAL_TENANT_ID", d->tenant_id },
        { "OUTDIAL_ADMIN_EMAIL", d->admin_email }, { "OUTDIAL_ADMIN_PASSWORD", d->admin_password },
        { "OUTDIAL_AGENT_EMAIL", d->agent_email }, { "OUTDIAL_AGENT_PASSWORD", d->agent_password },
        { "OUTDIAL_AGENT_ID", d->agent_id },
        { "OUTDIAL_OTHER_TENANT_ID", d->other_tenant_id },
        { "OUTDIAL_OTHER_ADMIN_EMAIL", d->other_admin_email }, { "OUTDIAL_OTHER_ADMIN_PASSWORD", d->other_admin_password },
        { "OUTDIAL_OTHER_TWILIO_ACCOUNT_SID", d->other_twilio.account_sid },
        { "OUTDIAL_OTHER_TWILIO_AUTH_TOKEN", d->other_twilio.auth_token },
        { "TWILIO_ACCOUNT_SID", d->twilio.account_sid }, { "TWILIO_AUTH_TOKEN", d->twilio.auth_token },
        { "TWILIO_API_KEY", d->twilio.api_key }, { "TWILIO_API_SECRET", d->twilio.api_secret },
        { "TWILIO_TWIML_APP_SID", d->twilio.twiml_app_sid }, { "TWILIO_PHONE_NUMBER", d->twilio.phone_number },
        { "OUTDIAL_VAPI_ACCOUNT_ID", d->vapi_account_id }, { "VAPI_API_KEY", d->vapi_api_key },
        { "VAPI_WEBHOOK_SECRET", d->vapi_webhook_secret },
        { "OUTDIAL_LIVEKIT_ACCOUNT_ID", d->livekit_account_id }, { "LIVEKIT_API_KEY", d->livekit_api_key },
        { "LIVEKIT_API_SECRET", d->livekit_api_secret },
        { "OUTDIAL_CAMPAIGN_TWILIO_ID", d->campaign_twilio_id }, { "OUTDIAL_CAMPAIGN_VAPI_ID", d->campaign_vapi_id },
        { "OUTDIAL_CAMPAIGN_LIVEKIT_ID", d->campaign_livekit_id },
    };
    struct str text = str_make(s->ctx->arena, 64 << 10);
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        str_addf(&text, "%s=%s\n", common[i].name, common[i].value);
    for (size_t i = 0; s->with_demo && i < sizeof demo / sizeof *demo; i++)
        str_addf(&text, "%s=%s\n", demo[i].name, demo[i].value);
    return state_write(s->ctx, state_path(s->ctx, &s->state, "run.env"), 0600, text.text);
}

static void say_ready(const struct stack *s)
{
    printf("\nOutdial is ready:  %s\n", s->url);
    if (s->with_demo)
        printf("Sign in:           %s   %s\n", s->demo.admin_email, s->demo.admin_password);
    printf("Everything else:   %s/run.env   logs in %s/logs\n", s->state.shown, s->state.shown);
    printf("Ctrl-C stops it.\n\n");
}

/* --- from start to end ------------------------------------------------------------------------------------------- */

static fallible start_stack(struct stack *s)
{
    struct ctx *ctx = s->ctx;
    TRY(secrets_keep(ctx, state_path(ctx, &s->state, "secrets.env"), &s->secrets));
    describe_demo(s);
    TRY(write_settings(s));
    TRY(supervise_begin(ctx, &s->supervisor, state_path(ctx, &s->state, "pids"), state_path(ctx, &s->state, "logs")));
    TRY(open_sockets(s));
    if (s->with_demo)
        TRY(start_sandbox(s));
    TRY(cluster_start(ctx, &s->supervisor, &s->state, environment(ctx, NO_ENTRIES, NO_ENTRIES)));
    printf("Bringing the database up to date ...\n");
    TRY(bring_database(s));
    TRY(start_programs(s, "outdial-api", s->workers, s->worker_socket, program_environment(s, "api")));
    TRY(start_programs(s, "outdial-dialer", s->dialers, -1, program_environment(s, "dialer")));
    TRY(start_nginx(s));
    TRY(wait_until_ready(s));
    if (s->stopped)
        return NULL;
    TRY(write_run_env(s));
    say_ready(s);
    return NULL;
}

static void stop_stack(struct stack *s)
{
    static const char *const order[] = { "nginx", "outdial-dialer", "outdial-api", "outdial-sandbox", "postgres", NULL };
    unlink(state_path(s->ctx, &s->state, "run.env"));
    if (s->supervisor.count)
        printf("Stopping ...\n");
    supervise_stop(&s->supervisor, order);
    unlink(arena_printf(s->ctx->arena, "%s/api.sock", s->state.sockets));
    state_close(&s->state);
    printf("Stopped.\n");
}

fallible command_run(struct invocation *inv)
{
    struct stack s = { .ctx = inv->ctx, .web_socket = -1, .worker_socket = -1 };
    const char *directory = getenv("STATE");
    bool by_make = getenv("MAKELEVEL") != NULL;

    TRY(invocation_done(inv));
    setvbuf(stdout, NULL, _IOLBF, 0);
    TRY(read_wishes(&s));
    TRY(state_open(inv->ctx, directory && *directory ? directory : "./var", &s.state));
    if (by_make)                                                /* whoever kills make means the stack */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
    unlink(state_path(inv->ctx, &s.state, "run.env"));
    printf("Starting Outdial in %s ...\n", s.state.shown);
    struct err *err = start_stack(&s);
    while (!err && !s.stopped && supervise_wait(&s.supervisor, 60000))
        ;
    stop_stack(&s);
    return err;
}
