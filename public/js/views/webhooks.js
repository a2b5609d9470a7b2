// Webhooks: where events are sent.  The list, a form for a new one, and the one that the address names with what was sent to it.

import { html, useEffect, useState } from "../preact.js";
import { get } from "../api.js";
import { has, t, when } from "../i18n.js";
import { go } from "../router.js";
import { Copy } from "../parts/copy.js";
import { Icon } from "../parts/icon.js";
import { ErrorNotice, Notice } from "../parts/notice.js";
import { Endpoint } from "./webhooks/endpoint.js";
import { NewEndpoint } from "./webhooks/new-endpoint.js";

/**
 * @typedef {{ id: string, url: string, description: string | null, events: string[], is_active: boolean, disabled_reason: string | null,
 *             failing_since: string | null, full_since: string | null, old_secret_until: string | null }} WebhookEndpoint
 */

/** @param {string} name */
export const eventWord = (name) => has(`webhooks.event.${name}`) ? t(`webhooks.event.${name}`) : name;

/** How it is with an endpoint: a word, and the icon that goes with it. @param {WebhookEndpoint} endpoint @returns {[string, string]} */
export function stateOf({ is_active, disabled_reason, full_since, failing_since }) {
    return !is_active ? [disabled_reason ? "disabled" : "off", "ban"] : full_since ? ["full", "triangle-alert"]
        : failing_since ? ["failing", "triangle-alert"] : ["good", "circle-check"];
}

/** The one time that a secret is seen. @param {{ secret: string }} props */
function Secret({ secret }) {
    return html`<${Notice} kind="good" icon="shield-check">
        <p class="notice-title">${t("webhooks.secret.title")}</p>
        <p>${t("webhooks.secret.text")}</p>
        <p id="webhook-secret"><${Copy} text=${secret} label=${t("webhooks.secret.copy")} /></p>
    <//>`;
}

/** @param {{ endpoint: WebhookEndpoint, chosen: boolean }} props */
function Row({ endpoint, chosen }) {
    const [state, icon] = stateOf(endpoint);
    return html`<tr role="row" data-endpoint=${endpoint.id} data-state=${state} aria-current=${chosen ? "true" : undefined}>
        <td role="cell" class="cell-lead"><a class="lead-name" href=${`#/webhooks/${endpoint.id}`}><bdi>${endpoint.url}</bdi></a>
            ${endpoint.description && html`<small><bdi>${endpoint.description}</bdi></small>`}</td>
        <td role="cell">${endpoint.events.includes("*") ? t("webhooks.all") : endpoint.events.map(eventWord).join(", ")}</td>
        <td role="cell" class="cell-status"><span class="status"><${Icon} name=${icon} />${t(`webhooks.state.${state}`)}</span></td>
        <td role="cell" class="cell-time">${endpoint.failing_since && t("webhooks.since", { when: when(endpoint.failing_since) })}</td>
    </tr>`;
}

/** @param {{ session: import("../api.js").Session, argument: string }} props */
export function Webhooks({ session, argument }) {
    const base = `/api/v1/tenants/${session.tenant?.id}/webhook-endpoints`;
    const [endpoints, setEndpoints] = useState(/** @type {WebhookEndpoint[] | null} */ (null));
    const [names, setNames] = useState(/** @type {string[]} */ ([]));
    const [secret, setSecret] = useState("");
    const [error, setError] = useState(/** @type {unknown} */ (null));

    const load = () => get(base).then(({ data }) => { setEndpoints(data); setError(null); }, setError);
    useEffect(() => {
        load();
        get(`${base}/events`).then(({ data }) => setNames(data.map((/** @type {{ name: string }} */ event) => event.name)), setError);
    }, [base]);

    const chosen = endpoints?.find(({ id }) => id === argument);
    const show = (/** @type {any} */ made) => {
        setSecret(made.secret ?? "");
        load().then(() => go("webhooks", made.id));
    };
    return html`<div class="webhooks">
        <section class="card" id="webhooks" aria-labelledby="webhooks-title" aria-busy=${endpoints === null}>
            <header class="card-head"><h1 id="webhooks-title" class="card-title">${t("webhooks.title")}</h1></header>
            <p class="lead">${t("webhooks.lead")}</p>
            <${ErrorNotice} error=${error} retry=${load} />
            ${endpoints?.length === 0 && html`<div class="empty"><${Icon} name="webhook" />
                <h2>${t("webhooks.empty.title")}</h2><p>${t("webhooks.empty.text")}</p></div>`}
            ${endpoints && endpoints.length > 0 && html`<div class="scroll wide" tabindex="0" role="group" aria-labelledby="webhooks-title">
                <table class="plain" role="table">
                    <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">${t("webhooks.url")}</th>
                        <th role="columnheader" scope="col">${t("webhooks.events")}</th><th role="columnheader" scope="col">${t("column.status")}</th>
                        <th role="columnheader" scope="col"><span class="off-screen">${t("webhooks.failing")}</span></th></tr></thead>
                    <tbody role="rowgroup">${endpoints.map((endpoint) => html`<${Row} key=${endpoint.id} endpoint=${endpoint}
                        chosen=${endpoint.id === argument} />`)}</tbody>
                </table></div>`}
            <div role="status">${secret && html`<${Secret} secret=${secret} />`}</div>
        </section>
        ${chosen && html`<${Endpoint} key=${chosen.id} base=${base} endpoint=${chosen} onChange=${load} onSecret=${setSecret}
            onGone=${() => { setSecret(""); load().then(() => go("webhooks")); }} />`}
        <${NewEndpoint} base=${base} names=${names} onMade=${show} />
    </div>`;
}
