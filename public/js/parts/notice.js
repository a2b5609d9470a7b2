// Says in place what is the matter: for errors the cause, the next step, and the id under which the server knows it.

import { html } from "../preact.js";
import { ApiError } from "../api.js";
import { has, t } from "../i18n.js";
import { Icon } from "./icon.js";
import { Copy } from "./copy.js";

/**
 * The words for an error: its code's, else its status's; first those for the place where it happened ("sign_in": an
 * error reads otherwise there).
 * @param {"cause" | "next"} part @param {ApiError} error @param {string} place @returns {string} a key of the catalogue
 */
function keyOf(part, { code, status }, place) {
    const family = status >= 500 ? "http_5xx" : "other";
    const keys = [`${place}.${code}`, code, `${place}.http_${status}`, `http_${status}`, family];
    return `error.${keys.find((key) => has(`error.${key}.${part}`))}.${part}`;
}

/** The server's own sentence is the better cause where we know only the status. @param {ApiError} error @param {string} place */
function explain(error, place) {
    const key = keyOf("cause", error, place);
    const general = /^error\.(http_\w+|other)\.cause$/.test(key);
    return {
        cause: general && error.detail && error.status !== 401 ? error.detail : t(key),
        details: error.errors.map(({ field, detail, code }) => `${field}: ${detail || code}`),
        next: t(keyOf("next", error, place), { seconds: error.retryAfter || 60 }),
    };
}

/** @param {{ error: unknown, place?: string, retry?: () => void }} props */
export function ErrorNotice({ error, place = "any", retry }) {
    if (!error)
        return null;
    const known = error instanceof ApiError ? error : new ApiError(-1, { code: "program", detail: String(error) });
    const { cause, details, next } = explain(known, place);
    return html`<div class="notice bad" role="alert">
        <${Icon} name="triangle-alert" />
        <div class="notice-body">
            <p class="notice-title">${cause}</p>
            ${details.length > 0 && html`<ul class="notice-details">
                ${details.map((detail) => html`<li>${detail}</li>`)}</ul>`}
            <p>${next}</p>
            ${(known.requestId || retry) && html`<p class="notice-foot">
                ${retry && html`<button type="button" class="button quiet" onClick=${retry}>${t("action.retry")}</button>`}
                ${known.requestId && html`<span>${t("error.request_id")} <${Copy} text=${known.requestId}
                    label=${t("error.copy_request_id")} /></span>`}
            </p>`}
        </div>
    </div>`;
}

/** @param {{ kind?: "info" | "good" | "warn", icon?: string, children?: any }} props */
export function Notice({ kind = "info", icon = "info", children }) {
    return html`<div class=${`notice ${kind}`}><${Icon} name=${icon} /><div class="notice-body">${children}</div></div>`;
}
