#include "web/route.h"

#include "web/api.h"


const struct route routes[] = {
/*  method  pattern                          who      handler                 flags      object       what it is for */
    { GET,   "/healthz",                     ANYONE,  api_healthz,            0,         NULL,        "Is the worker alive" },
    { GET,   "/readyz",                      ANYONE,  api_readyz,             0,         NULL,        "Can it serve: database, migrations" },

    { POST,  "/api/v1/auth/login",           ANYONE,  api_login,              0,         NULL,        "Sign in" },
    { POST,  "/api/v1/auth/refresh",         ANYONE,  api_refresh,            0,         NULL,        "The next pair of tokens" },
    { POST,  "/api/v1/auth/setup",           ANYONE,  api_setup,              0,         NULL,        "A one-time link becomes a password" },
    { POST,  "/api/v1/auth/logout",          VIEWER,  api_logout,             LENIENT,   NULL,        "End this session" },
    { GET,   "/api/v1/me",                   VIEWER,  api_me,                 0,         NULL,        "Who is asking" },
    { PATCH, "/api/v1/me",                   VIEWER,  api_me_update,          0,         NULL,        "Own name, phone, language, password" },

    { POST,  "/api/outbound-caller/call",        AGENT,   api_outbound_call,    CREATES | CALLS | LENIENT, NULL, "Call one number now" },
    { POST,  "/api/outbound-caller/start",       MANAGER, api_outbound_start,   LENIENT,   NULL,        "Call a list, or go on with it" },
    { POST,  "/api/outbound-caller/stop",        MANAGER, api_outbound_stop,    LENIENT,   NULL,        "Stop calling; keeps its place" },
    { GET,   "/api/outbound-caller/status",      VIEWER,  api_outbound_status,  0,         NULL,        "How far the list is" },
    { GET,   "/api/outbound-caller/logs",        VIEWER,  api_outbound_logs,    0,         NULL,        "Attempts, newest first" },
    { POST,  "/api/outbound-caller/voice",       SIGNED,  hook_voice,           0,         NULL,        "The called line was answered" },
    { GET,   "/api/outbound-caller/voice",       SIGNED,  hook_voice,           0,         NULL,        "The same, asked by GET" },
    { POST,  "/api/outbound-caller/gather",      SIGNED,  hook_gather,          0,         NULL,        "The called person pressed a key" },
    { GET,   "/api/outbound-caller/gather",      SIGNED,  hook_gather,          0,         NULL,        "The same, asked by GET" },
    { POST,  "/api/outbound-caller/call-status", SIGNED,  hook_call_status,     0,         NULL,        "News of a line" },
    { POST,  "/api/twilio/amd",                  SIGNED,  hook_amd,             0,         NULL,        "Late verdict of machine detection" },
    { POST,  "/api/twilio/inbound",              SIGNED,  hook_inbound,         0,         NULL,        "Somebody calls one of our numbers" },
    { GET,   "/api/twilio/inbound",              SIGNED,  hook_inbound,         0,         NULL,        "The same, asked by GET" },
    { POST,  "/api/twilio/recording",            SIGNED,  hook_keep,            0,         NULL,        "News of a recording: kept" },
    { POST,  "/api/twilio/sms-status",           SIGNED,  hook_keep,            0,         NULL,        "News of a message: kept" },
    { POST,  "/api/twilio/conference",           SIGNED,  hook_keep,            0,         NULL,        "News of a conference: kept" },
};

const unsigned route_count = sizeof routes / sizeof routes[0];

const char *method_name(enum method method)
{
    static const char *const names[METHOD_COUNT] = {
        [GET] = "GET", [POST] = "POST", [PUT] = "PUT", [PATCH] = "PATCH", [DELETE] = "DELETE",
    };
    return names[method];
}
