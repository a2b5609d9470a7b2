// Says in place what is the matter: for errors the cause, the next step, and the id under which the server knows it.

import { html } from "../preact.js";
import { ApiError } from "../api.js";
import { has, t } from "../i18n.js";
import { Icon } from "./icon.js";
import { Copy } from "./copy.js";

/** @param {"cause" | "next"} part @param {ApiError} error @param {string} place "sign_in": an error reads otherwise there */
function words(part, error, place) {
    const family = error.status >= 500 ? "http_5xx" : "other";
    const key = [`error.${place}.${error.code}`, `error.${place}.http_${error.status}`, `error.${error.code}`,
        `error.http_${error.status}`, `error.${family}`].find((prefix) => has(`${prefix}.${part}`));
    return t(`${key}.${part}`, { seconds: error.retryAfter || 60 });
}

/** @param {ApiError} error @param {string} place */
function causeOf(error, place) {
    const own = has(`error.${place}.${error.code}.cause`) || has(`error.${place}.http_${error.status}.cause`)
        || has(`error.${error.code}.cause`);
    return own || !error.detail ? words("cause", error, place) : error.detail;
}

/** @param {{ error: unknown, place?: string, retry?: () => void }} props */
export function ErrorNotice({ error, place = "any", retry }) {
    if (!error)
        return null;
    const known = error instanceof ApiError ? error : new ApiError(-1, { code: "program", detail: String(error) });
    const cause = causeOf(known, place);
    const details = [...(known.detail && known.detail !== cause && known.status !== 401 ? [known.detail] : []),
        ...known.errors.map(({ field, detail, code }) => `${field}: ${detail || code}`)];
    return html`<div class="notice bad" role="alert">
        <${Icon} name="triangle-alert" />
        <div class="notice-body">
            <p class="notice-title">${cause}</p>
            ${details.length > 0 && html`<ul class="notice-details">
                ${details.map((detail) => html`<li>${detail}</li>`)}</ul>`}
            <p>${words("next", known, place)}</p>
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
