// One's own account: the second factor, and where one is signed in.

import { html, useEffect, useState } from "../preact.js";
import { get, post, remove, renewSession } from "../api.js";
import { t, when } from "../i18n.js";
import { Copy } from "../parts/copy.js";
import { ErrorNotice, Notice } from "../parts/notice.js";
import { Icon } from "../parts/icon.js";
import { toast } from "../parts/toast.js";

/** @typedef {{ secret: string, uri: string, qr_svg: string | null }} Offer */

/** @param {{ id: string, label: string, busy: boolean, action: string, onCode: (code: string) => void }} props */
function CodeForm({ id, label, busy, action, onCode }) {
    const [code, setCode] = useState("");
    return html`<form class="stack" onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); onCode(code); }}>
        <div class="field">
            <label for=${id}>${label}</label>
            <input id=${id} type="text" inputmode="numeric" autocomplete="one-time-code" required maxlength="40" value=${code}
                onInput=${(/** @type {any} */ event) => setCode(event.currentTarget.value)} />
        </div>
        <div class="actions"><button type="submit" class="button primary" disabled=${busy}>${action}</button></div>
    </form>`;
}

/** @param {{ offer: Offer }} props */
function Picture({ offer }) {
    return html`<div class="offer">
        ${offer.qr_svg && html`<img class="qr" width="220" height="220" alt=${t("factor.qr")}
            src=${`data:image/svg+xml,${encodeURIComponent(offer.qr_svg)}`} />`}
        <div class="stack">
            <p>${t("factor.scan")}</p>
            <p class="hint">${t("factor.by_hand")} <${Copy} text=${offer.secret} label=${t("factor.secret")} /></p>
        </div>
    </div>`;
}

/** @param {{ codes: string[], onDone: () => void }} props */
function Recovery({ codes, onDone }) {
    return html`<div class="stack">
        <${Notice} kind="warn" icon="triangle-alert"><p class="notice-title">${t("factor.recovery_title")}</p><p>${t("factor.recovery")}</p><//>
        <ul class="codes">${codes.map((code) => html`<li><code>${code}</code></li>`)}</ul>
        <div class="actions">
            <${Copy} text=${codes.join("\n")} label=${t("factor.recovery_title")} short=${t("factor.copy_all")} />
            <button type="button" class="button primary" onClick=${onDone}>${t("factor.kept")}</button>
        </div>
    </div>`;
}

/** @param {{ enabled: boolean, required: boolean }} props */
function SecondFactor({ enabled, required }) {
    const [offer, setOffer] = useState(/** @type {Offer | null} */ (null));
    const [codes, setCodes] = useState(/** @type {string[]} */ ([]));
    const [removing, setRemoving] = useState(false);
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));

    const attempt = async (/** @type {() => Promise<void>} */ what) => {
        setBusy(true);
        setError(null);
        try { await what(); } catch (failure) { setError(failure); }
        setBusy(false);
    };
    const begin = () => attempt(async () => setOffer(await post("/api/v1/me/totp")));
    const confirm = (/** @type {string} */ code) => attempt(async () => {
        setCodes((await post("/api/v1/me/totp/confirm", { code })).recovery_codes);
        setOffer(null);
    });
    const takeAway = (/** @type {string} */ code) => attempt(async () => {
        await remove("/api/v1/me/totp", { code });
        setRemoving(false);
        toast(t("factor.removed"));
        await renewSession();
    });
    /* only then: a renewed session may draw another screen over the codes */
    const kept = () => attempt(async () => { await renewSession(); setCodes([]); });

    const state = codes.length > 0 ? html`<${Recovery} codes=${codes} onDone=${kept} />`
        : offer ? html`<${Picture} offer=${offer} />
            <${CodeForm} id="factor-code" label=${t("factor.code")} busy=${busy} action=${t("factor.confirm")} onCode=${confirm} />`
        : !enabled ? html`<p class="lead">${t("factor.lead")}</p>
            <div class="actions"><button type="button" id="factor-begin" class="button primary" disabled=${busy} onClick=${begin}>
                <${Icon} name="shield-check" /> ${t("factor.begin")}</button></div>`
        : html`<${Notice} kind="good" icon="shield-check"><p>${t("factor.on")}</p><//>
            ${removing ? html`<${CodeForm} id="factor-off" label=${t("factor.code_or_recovery")} busy=${busy} action=${t("factor.remove")} onCode=${takeAway} />`
                : html`<div class="actions"><button type="button" class="button quiet" onClick=${() => setRemoving(true)}>${t("factor.remove")}</button></div>`}`;
    return html`<section class="card" id="factor" aria-labelledby="factor-title">
        <header class="card-head"><h2 id="factor-title">${t("factor.title")}</h2></header>
        ${required && !enabled && codes.length === 0 && html`<${Notice} kind="warn" icon="shield-ban"><p>${t("factor.required")}</p><//>`}
        ${state}
        <${ErrorNotice} error=${error} place="factor" />
    </section>`;
}

function Sessions() {
    const [list, setList] = useState(/** @type {any[] | null} */ (null));
    const [error, setError] = useState(/** @type {unknown} */ (null));

    const load = async () => {
        setError(null);
        try { setList((await get("/api/v1/me/sessions?limit=200")).data); } catch (failure) { setError(failure); }
    };
    const end = async (/** @type {string} */ path) => {
        setError(null);
        try { await remove(path); toast(t("sessions.ended")); } catch (failure) { setError(failure); }
        await load();
    };
    useEffect(() => { load(); }, []);

    return html`<section class="card" id="sessions" aria-labelledby="sessions-title">
        <header class="card-head"><h2 id="sessions-title">${t("sessions.title")}</h2>
            ${list && list.length > 1 && html`<button type="button" class="button quiet" onClick=${() => end("/api/v1/me/sessions")}>
                ${t("sessions.end_others")}</button>`}</header>
        <ul class="rows">${(list ?? []).map((one) => html`<li key=${one.id}>
            <div><strong>${one.agent ?? t("sessions.unknown")}</strong> ${one.current && html`<small>${t("sessions.current")}</small>`}
                <p class="hint">${t("sessions.used", { when: when(one.last_used_at), network: one.network ?? "–" })}</p></div>
            ${!one.current && html`<button type="button" class="button quiet" onClick=${() => end(`/api/v1/me/sessions/${one.id}`)}
                aria-label=${t("sessions.end_this", { agent: one.agent ?? t("sessions.unknown") })}>${t("frame.sign_out")}</button>`}
        </li>`)}</ul>
        <${ErrorNotice} error=${error} retry=${load} />
    </section>`;
}

/** @param {{ session: import("../api.js").Session }} props */
export function Account({ session }) {
    const required = Boolean(session.tenant?.require_totp), enabled = Boolean(session.user.totp_enabled);
    return html`<h1 class="screen-title">${t("account.title")}</h1>
        <div class="cards">
            <${SecondFactor} enabled=${enabled} required=${required} />
            ${(enabled || !required) && html`<${Sessions} />`}
        </div>`;
}
