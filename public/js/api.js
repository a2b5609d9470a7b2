// Everything that goes over the wire.
//
// The access token lives in memory only; the refresh token lives in sessionStorage, so that a reload keeps the session
// and a closed tab ends it.  A 401 refreshes once and asks again; if that fails the session is over.  A refresh token
// works once, and a duplicated tab owns the same one: a lock lets tabs take turns, and the one that refreshed tells the
// others what the old token became.

import { createStore } from "./store.js";
import { language } from "./i18n.js";

/**
 * @typedef {{ id: string, email: string, name: string, role: string, totp_enabled?: boolean }} User
 * @typedef {{ id: string, name: string, require_totp?: boolean }} Tenant
 * @typedef {{ user: User, tenant: Tenant | null }} Session
 * @typedef {{ field: string, code?: string, detail?: string }} FieldError
 */

const REFRESH_KEY = "outdial.refresh";
const PATIENCE_MS = 20_000;

/** null: nobody is signed in; undefined: not known yet. @type {import("./store.js").Store<Session | null | undefined>} */
export const session = createStore(/** @type {any} */ (undefined));
/** True while the server cannot be reached. */
export const connectionLost = createStore(false);
addEventListener("offline", () => connectionLost.set(true));
/** Why the session ended, for the sign-in screen: "expired" or "". */
export const ended = createStore("");

let accessToken = "";
/** @type {Promise<boolean> | null} */
let refreshing = null;

/** An answer that is not the one hoped for, or no answer at all (status 0). */
export class ApiError extends Error {
    /**
     * @param {number} status
     * @param {{ code?: string, title?: string, detail?: string, request_id?: string, errors?: FieldError[] }} problem
     * @param {number} [retryAfter] seconds
     */
    constructor(status, problem, retryAfter = 0) {
        super(problem.detail || problem.title || problem.code || `HTTP ${status}`);
        this.status = status;
        this.code = problem.code || (status === 0 ? "unreachable" : `http_${status}`);
        this.detail = problem.detail || problem.title || "";
        this.requestId = problem.request_id || "";
        this.errors = Array.isArray(problem.errors) ? problem.errors : [];
        this.retryAfter = retryAfter;
    }
}

const keep = {
    /** @returns {string} */
    get: () => { try { return sessionStorage.getItem(REFRESH_KEY) ?? ""; } catch { return ""; } },
    /** @param {string} token */
    set(token) {
        try {
            if (token)
                sessionStorage.setItem(REFRESH_KEY, token);
            else
                sessionStorage.removeItem(REFRESH_KEY);
        } catch { /* the session then lasts as long as the page */ }
    },
};

const tabs = typeof BroadcastChannel === "function" ? new BroadcastChannel("outdial.session") : null;
tabs?.addEventListener("message", ({ data }) => {
    if (data?.old && data.old === keep.get())
        keep.set(data.next);
});

/** @param {Response} answer @returns {Promise<ApiError>} */
async function errorOf(answer) {
    const requestId = answer.headers.get("X-Request-Id") ?? "";
    const retryAfter = Number(answer.headers.get("Retry-After")) || 0;
    let problem = {};
    try { problem = await answer.json(); } catch { /* a proxy's page: the status must do */ }
    if (typeof problem !== "object" || problem === null)
        problem = {};
    return new ApiError(answer.status, { request_id: requestId, ...problem }, retryAfter);
}

/**
 * @param {string} method @param {string} path
 * @param {{ body?: unknown, key?: string, signal?: AbortSignal, token?: string, headers?: Record<string, string> }} how
 *        a Blob goes as the CSV that it is, however long that takes; everything else as JSON
 * @returns {Promise<Response>}
 */
async function send(method, path, { body, key, signal, token, headers: further }) {
    const file = body instanceof Blob;
    /** @type {Record<string, string>} */
    const headers = { "Accept": "application/json", "Accept-Language": language.get().locale, ...further };
    if (token)
        headers["Authorization"] = `Bearer ${token}`;
    if (body !== undefined)
        headers["Content-Type"] = file ? "text/csv" : "application/json";
    if (key)
        headers["Idempotency-Key"] = key;
    const patience = new AbortController();
    const alarm = file ? 0 : setTimeout(() => patience.abort(), PATIENCE_MS);
    const stop = () => patience.abort();
    signal?.addEventListener("abort", stop);
    try {
        const answer = await fetch(path, {
            method, headers, signal: patience.signal, credentials: "omit", cache: "no-store",
            body: body === undefined ? undefined : file ? body : JSON.stringify(body),
        });
        connectionLost.set(method === "GET" && [502, 503, 504].includes(answer.status));
        return answer;
    } catch (failure) {
        if (signal?.aborted)
            throw failure;
        connectionLost.set(true);
        throw new ApiError(0, { code: "unreachable" });
    } finally {
        clearTimeout(alarm);
        signal?.removeEventListener("abort", stop);
    }
}

/** @param {any} reply */
function adopt(reply) {
    accessToken = reply.access_token;
    if (reply.refresh_token)
        keep.set(reply.refresh_token);
    if (reply.user)
        session.set({ user: reply.user, tenant: reply.tenant ?? null });
}

/** @param {string} why */
function forget(why) {
    accessToken = "";
    keep.set("");
    ended.set(why);
    session.set(null);
}

/** @returns {Promise<boolean>} whether there is a good access token now */
async function refreshOnce() {
    const old = keep.get();
    if (!old)
        return false;
    const answer = await send("POST", "/api/v1/auth/refresh", { body: { refresh_token: old } });
    if (answer.ok) {
        const reply = await answer.json();
        adopt(reply);
        tabs?.postMessage({ old, next: reply.refresh_token });
        return true;
    }
    if (answer.status === 429 || answer.status >= 500)      /* not a verdict about the session */
        throw await errorOf(answer);
    return false;
}

/** All requests that meet a 401 together share one refresh. @returns {Promise<boolean>} */
function refresh() {
    refreshing ??= Promise.resolve(navigator.locks
        ? navigator.locks.request("outdial.refresh", refreshOnce) : refreshOnce())
        .finally(() => { refreshing = null; });
    return refreshing;
}

/**
 * @param {string} method @param {string} path
 * @param {{ body?: unknown, key?: string, signal?: AbortSignal, headers?: Record<string, string> }} how
 * @returns {Promise<Response>} a good one; throws ApiError
 */
async function ask(method, path, how) {
    let answer = await send(method, path, { ...how, token: accessToken });
    if (answer.status === 401) {
        if (await refresh())
            answer = await send(method, path, { ...how, token: accessToken });
        if (answer.status === 401) {
            const error = await errorOf(answer);
            forget("expired");
            throw error;
        }
    }
    if (!answer.ok)
        throw await errorOf(answer);
    return answer;
}

/**
 * @param {string} method @param {string} path
 * @param {{ body?: unknown, key?: string, signal?: AbortSignal, headers?: Record<string, string> }} [how]
 * @returns {Promise<{ status: number, reply: any }>} the parsed body; throws ApiError
 */
async function exchange(method, path, how = {}) {
    const answer = await ask(method, path, how);
    return { status: answer.status, reply: answer.status === 204 ? null : await answer.json() };
}

/** @param {string} path @param {AbortSignal} [signal] @returns {Promise<any>} */
export async function get(path, signal) {
    return (await exchange("GET", path, { signal })).reply;
}

/** Changes or removes something; asked twice it is the same. @param {"POST" | "PATCH" | "PUT" | "DELETE"} method @param {string} path @param {object} [body] */
export function change(method, path, body) {
    return exchange(method, path, { body });
}

/** @param {string} path @param {unknown} [body] @returns {Promise<any>} */
export const post = async (path, body) => (await exchange("POST", path, { body })).reply;
/** @param {string} path @param {unknown} body @returns {Promise<any>} */
export const patch = async (path, body) => (await exchange("PATCH", path, { body })).reply;
/** @param {string} path @param {unknown} [body] @returns {Promise<any>} */
export const remove = async (path, body) => (await exchange("DELETE", path, { body })).reply;

/** Sends CSV. @param {string} path @param {Blob} file @param {AbortSignal} [signal] @returns {Promise<any>} */
export const preview = async (path, file, signal) => (await exchange("POST", path, { body: file, signal })).reply;
/** Sends CSV and is answered as soon as the server has it. @param {string} path @param {Blob} file @param {AbortSignal} [signal] @returns {Promise<any>} */
export const upload = async (path, file, signal) =>
    (await exchange("POST", path, { body: file, signal, headers: { "Prefer": "respond-async" } })).reply;

/** Saves what the address gives as a file; an address alone would come without the token. @param {string} path @param {string} name */
export async function download(path, name) {
    const answer = await ask("GET", path, { headers: { "Accept": "text/csv, application/problem+json" } });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = name;
    link.click();
    setTimeout(URL.revokeObjectURL, PATIENCE_MS, link.href);
}

/** @param {string} path @param {Record<string, string>} body */
async function begin(path, body) {
    const answer = await send("POST", path, { body });
    if (!answer.ok)
        throw await errorOf(answer);
    ended.set("");
    adopt(await answer.json());
}

/** @param {string} email @param {string} password @param {string} [code] of the second factor */
export const signIn = (email, password, code) => begin("/api/v1/auth/login", { email, password, ...(code && { code }) });

/** @param {string} token of a one-time link @param {string} password */
export const setUp = (token, password) => begin("/api/v1/auth/setup", { token, password });

/** After a change of what this session may do: the next pair of tokens, and the user as they are now. */
export async function renewSession() {
    await refresh();
}

/** Leaves at once; the server is told as well as can be. */
export async function signOut() {
    const token = accessToken;
    const body = { refresh_token: keep.get() };
    forget("");
    try { await send("POST", "/api/v1/auth/logout", { body, token }); } catch { /* it ends by itself */ }
}

/** At the start of the page: a kept refresh token continues the session. */
export async function resumeSession() {
    const kept = keep.get();
    if (!kept || !(await refresh())) {
        forget(kept ? "expired" : "");
        return;
    }
    if (!session.get()) {
        const me = await get("/api/v1/me");
        session.set({ user: me.user ?? me, tenant: me.tenant ?? null });
    }
}

/** @returns {string} */
export function newKey() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * One key per click.  A click whose answer never came, repeated with the same body, uses its key again, so that the
 * server can tell it from a second wish.
 */
export function createClickKey() {
    let open = { key: "", body: "" };
    return {
        /** @param {string} path @param {unknown} body @returns {Promise<{ status: number, reply: any }>} */
        async post(path, body) {
            const text = path + JSON.stringify(body);
            if (!open.key || open.body !== text)
                open = { key: newKey(), body: text };
            try {
                const answer = await exchange("POST", path, { body, key: open.key });
                open.key = "";
                return answer;
            } catch (failure) {
                if (!(failure instanceof ApiError) || failure.status !== 0)
                    open.key = "";
                throw failure;
            }
        },
    };
}
