// One endpoint: what it can be told to do, and what was sent to it, newest first.

import { html, useEffect, useState } from "../../preact.js";
import { change, get } from "../../api.js";
import { number, t, tn, when } from "../../i18n.js";
import { Copy } from "../../parts/copy.js";
import { Dialog } from "../../parts/dialog.js";
import { Icon } from "../../parts/icon.js";
import { ErrorNotice, Notice } from "../../parts/notice.js";
import { toast } from "../../parts/toast.js";
import { eventWord } from "../webhooks.js";

const LOOK_MS = 3_000;

/**
 * @typedef {{ id: string, event_id: string, event_type: string, state: "waiting" | "delivered" | "failed", attempts: number,
 *             response_status: number | null, response: string | null, error: string | null, duration_ms: number | null,
 *             next_try_at: string | null, created_at: string }} Delivery
 */

/** @type {Record<Delivery["state"], string>} */
const STATE_ICON = { waiting: "hourglass", delivered: "circle-check", failed: "circle-x" };

/** @param {{ delivery: Delivery, again: (delivery: Delivery) => void }} props */
function Row({ delivery, again }) {
    const { state, attempts, response_status, duration_ms, error, next_try_at } = delivery;
    return html`<tr role="row" data-delivery=${delivery.id} data-state=${state}>
        <td role="cell" class="cell-lead"><span class="lead-name">${eventWord(delivery.event_type)}</span>
            <${Copy} text=${delivery.event_id} short=${`…${delivery.event_id.slice(-8)}`} label=${t("webhooks.copy_id")} /></td>
        <td role="cell" class="cell-status"><span class="status"><${Icon} name=${STATE_ICON[state]} />${t(`webhooks.delivery.${state}`)}</span></td>
        <td role="cell">${tn("webhooks.tries", attempts)}${state === "waiting" && attempts > 0 && next_try_at
            && html`<br /><small>${t("webhooks.next_try", { when: when(next_try_at) })}</small>`}</td>
        <td role="cell" title=${delivery.response ?? ""}>${response_status !== null
            ? t("webhooks.answer", { status: String(response_status), ms: number(duration_ms ?? 0) }) : error ?? "–"}</td>
        <td role="cell" class="cell-time"><time dateTime=${delivery.created_at}>${when(delivery.created_at)}</time></td>
        <td role="cell"><button type="button" class="button bare square redeliver" disabled=${state === "waiting"}
            aria-label=${t("webhooks.redeliver")} title=${t("webhooks.redeliver")} onClick=${() => again(delivery)}><${Icon} name="rotate-cw" /></button></td>
    </tr>`;
}

/** @param {{ rows: Delivery[], again: (delivery: Delivery) => void }} props */
function Deliveries({ rows, again }) {
    return html`<div class="scroll wide" tabindex="0" role="group" aria-labelledby="deliveries-title">
        <table class="plain" role="table">
            <thead role="rowgroup"><tr role="row">
                <th role="columnheader" scope="col">${t("webhooks.event")}</th><th role="columnheader" scope="col">${t("column.status")}</th>
                <th role="columnheader" scope="col">${t("webhooks.tried")}</th><th role="columnheader" scope="col">${t("webhooks.answered")}</th>
                <th role="columnheader" scope="col">${t("column.time")}</th>
                <th role="columnheader" scope="col"><span class="off-screen">${t("webhooks.redeliver")}</span></th>
            </tr></thead>
            <tbody role="rowgroup">${rows.map((delivery) => html`<${Row} key=${delivery.id} delivery=${delivery} again=${again} />`)}</tbody>
        </table>
    </div>`;
}

/** @param {{ base: string, endpoint: import("../webhooks.js").WebhookEndpoint, onChange: () => void, onSecret: (secret: string) => void, onGone: () => void }} props */
export function Endpoint({ base, endpoint, onChange, onSecret, onGone }) {
    const path = `${base}/${endpoint.id}`;
    const [rows, setRows] = useState(/** @type {Delivery[] | null} */ (null));
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [asking, setAsking] = useState(/** @type {"" | "rotate" | "remove"} */ (""));

    useEffect(() => {
        const stop = new AbortController();
        const look = () => get(`${path}/deliveries?limit=100`, stop.signal).then(({ data }) => setRows(data), (failure) => stop.signal.aborted || setError(failure));
        look();
        const clock = setInterval(() => { if (!document.hidden) { look(); onChange(); } }, LOOK_MS);
        return () => { clearInterval(clock); stop.abort(); };
    }, [path]);

    /** @param {"POST" | "PATCH" | "DELETE"} method @param {string} tail @param {unknown} [body] */
    const command = async (method, tail, body) => {
        setError(null);
        setAsking("");
        try {
            const { reply } = await change(method, path + tail, body);
            onChange();
            return reply ?? true;
        } catch (failure) {
            setError(failure);
            return null;
        }
    };
    const replace = (/** @type {Delivery} */ fresh) =>
        setRows((known) => known?.some(({ id }) => id === fresh.id) ? known.map((one) => one.id === fresh.id ? fresh : one) : [fresh, ...(known ?? [])]);
    const test = async () => {
        const sent = await command("POST", "/test");
        if (sent) {
            replace(sent);
            toast(t("webhooks.toast.test"));
        }
    };
    const again = async (/** @type {Delivery} */ { id }) => {
        const sent = await command("POST", `/deliveries/${id}/redeliver`);
        if (sent)
            replace(sent);
    };
    const rotate = async () => {
        const turned = await command("POST", "/rotate");
        if (turned)
            onSecret(turned.secret);
    };
    const remove = async () => {
        if (await command("DELETE", ""))
            onGone();
    };

    return html`<section class="card" id="endpoint" aria-labelledby="endpoint-title" aria-busy=${rows === null}>
        <header class="card-head"><h2 id="endpoint-title"><bdi>${endpoint.url}</bdi></h2></header>
        ${endpoint.disabled_reason && html`<${Notice} kind="warn" icon="triangle-alert">
            <p class="notice-title">${t("webhooks.disabled")}</p><p>${endpoint.disabled_reason}</p><//>`}
        ${endpoint.old_secret_until && new Date(endpoint.old_secret_until) > new Date() && html`<${Notice}>
            <p>${t("webhooks.both_secrets", { when: when(endpoint.old_secret_until) })}</p><//>`}
        <${ErrorNotice} error=${error} />
        <div class="actions">
            <button type="button" id="webhook-test" class="button primary" disabled=${!endpoint.is_active} onClick=${test}>
                <${Icon} name="send" />${t("webhooks.test")}</button>
            <button type="button" id="webhook-active" class="button quiet" onClick=${() => command("PATCH", "", { is_active: !endpoint.is_active })}>
                <${Icon} name=${endpoint.is_active ? "pause" : "play"} />${t(endpoint.is_active ? "webhooks.deactivate" : "webhooks.activate")}</button>
            <button type="button" id="webhook-rotate" class="button quiet" onClick=${() => setAsking("rotate")}>
                <${Icon} name="rotate-cw" />${t("webhooks.rotate")}</button>
            <button type="button" id="webhook-remove" class="button quiet" onClick=${() => setAsking("remove")}>
                <${Icon} name="x" />${t("webhooks.remove")}</button>
        </div>
        <h3 id="deliveries-title">${t("webhooks.deliveries")}</h3>
        ${rows?.length === 0 && html`<p class="hint">${t("webhooks.no_deliveries")}</p>`}
        ${rows && rows.length > 0 && html`<${Deliveries} rows=${rows} again=${again} />`}
        ${asking && html`<${Dialog} title=${t(`webhooks.ask.${asking}.title`)} onClose=${() => setAsking("")} actions=${html`
            <button type="button" class="button quiet" onClick=${() => setAsking("")}>${t("webhooks.ask.keep")}</button>
            <button type="button" id="webhook-sure" class="button danger" onClick=${asking === "rotate" ? rotate : remove}>
                ${t(`webhooks.${asking}`)}</button>`}>
            <p>${t(`webhooks.ask.${asking}.text`)}</p>
        <//>`}
    </section>`;
}
