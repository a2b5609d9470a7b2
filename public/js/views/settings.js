// Who may come into this organisation: from which networks, with which second factor, vouched for by whom.

import { html, useEffect, useState } from "../preact.js";
import { get, patch, post, remove } from "../api.js";
import { t } from "../i18n.js";
import { ErrorNotice } from "../parts/notice.js";
import { Icon } from "../parts/icon.js";
import { toast } from "../parts/toast.js";

const ROLES = ["viewer", "agent", "manager", "admin", "owner"];

/** @param {{ path: string }} props */
function Access({ path }) {
    const [networks, setNetworks] = useState("");
    const [required, setRequired] = useState(false);
    const [force, setForce] = useState(false);
    const [loaded, setLoaded] = useState(false);
    const [error, setError] = useState(/** @type {any} */ (null));

    const show = (/** @type {any} */ tenant) => {
        setNetworks((tenant.allowed_networks ?? []).join("\n"));
        setRequired(tenant.require_totp);
        setForce(false);
        setLoaded(true);
    };
    const load = async () => {
        setError(null);
        try { show(await get(path)); } catch (failure) { setError(failure); }
    };
    useEffect(() => { load(); }, []);
    const save = async (/** @type {Event} */ event) => {
        event.preventDefault();
        setError(null);
        const list = networks.split(/[\s,]+/).filter(Boolean);
        try {
            show(await patch(path, { allowed_networks: list.length ? list : null, require_totp: required, ...(force && { force }) }));
            toast(t("settings.saved"));
        } catch (failure) {
            setError(failure);
        }
    };
    const outside = error?.errors?.some((/** @type {any} */ one) => one.code === "own_address");

    return html`<section class="card" id="access" aria-labelledby="access-title">
        <header class="card-head"><h2 id="access-title">${t("settings.access")}</h2></header>
        <form class="stack" onSubmit=${save}>
            <label class="check"><input type="checkbox" checked=${required} disabled=${!loaded}
                onChange=${(/** @type {any} */ event) => setRequired(event.currentTarget.checked)} /> <span>${t("settings.require_totp")}</span></label>
            <div class="field">
                <label for="networks">${t("settings.networks")}</label>
                <textarea id="networks" rows="4" spellcheck="false" disabled=${!loaded} value=${networks} aria-describedby="networks-hint"
                    onInput=${(/** @type {any} */ event) => setNetworks(event.currentTarget.value)}></textarea>
                <p class="hint" id="networks-hint">${t("settings.networks_hint")}</p>
            </div>
            <${ErrorNotice} error=${error} retry=${loaded ? undefined : load} />
            ${outside && html`<label class="check"><input type="checkbox" checked=${force}
                onChange=${(/** @type {any} */ event) => setForce(event.currentTarget.checked)} /> <span>${t("settings.force")}</span></label>`}
            <div class="actions"><button type="submit" class="button primary" disabled=${!loaded}>${t("settings.save")}</button></div>
        </form>
    </section>`;
}

const BLANK = { name: "", issuer: "", audience: "", algorithm: "RS256", public_key: "", jwks_url: "", user_claim: "sub", role_claim: "", default_role: "viewer", creates_users: false };

/** @param {{ path: string, role: string, onDone: () => void }} props */
function NewProvider({ path, role, onDone }) {
    const [value, setValue] = useState(BLANK);
    const [map, setMap] = useState("");
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const change = (/** @type {string} */ name) => (/** @type {any} */ event) =>
        setValue({ ...value, [name]: event.currentTarget.type === "checkbox" ? event.currentTarget.checked : event.currentTarget.value });
    const save = async (/** @type {Event} */ event) => {
        event.preventDefault();
        setError(null);
        const lines = map.split("\n").map((line) => line.split("=").map((word) => word.trim())).filter(([word]) => word);
        try {
            await post(path, { ...value, public_key: value.public_key.trim() ? value.public_key : null, jwks_url: value.jwks_url.trim() || null,
                role_claim: value.role_claim.trim() || null, role_map: Object.fromEntries(lines.map(([word, to = ""]) => [word, to])) });
            onDone();
        } catch (failure) {
            setError(failure);
        }
    };
    const text = (/** @type {keyof typeof BLANK} */ name, /** @type {boolean} */ required) => html`<div class="field">
        <label for=${`idp-${name}`}>${t(`idp.${name}`)} ${!required && html`<small>${t("field.optional")}</small>`}</label>
        <input id=${`idp-${name}`} type="text" autocomplete="off" spellcheck="false" required=${required} value=${value[name]} onInput=${change(name)} /></div>`;
    const choice = (/** @type {keyof typeof BLANK} */ name, /** @type {string[]} */ among) => html`<div class="field">
        <label for=${`idp-${name}`}>${t(`idp.${name}`)}</label>
        <select id=${`idp-${name}`} value=${value[name]} onChange=${change(name)}>
            ${among.map((one) => html`<option key=${one} value=${one} selected=${one === value[name]}>${ROLES.includes(one) ? t(`role.${one}`) : one}</option>`)}</select></div>`;
    return html`<form class="stack" id="idp-new" onSubmit=${save}>
        ${text("name", true)}${text("issuer", true)}${text("audience", true)}
        ${choice("algorithm", ["RS256", "ES256"])}${text("jwks_url", false)}
        <div class="field"><label for="idp-public_key">${t("idp.public_key")} <small>${t("field.optional")}</small></label>
            <textarea id="idp-public_key" rows="4" spellcheck="false" value=${value.public_key} onInput=${change("public_key")}></textarea></div>
        ${choice("user_claim", ["sub", "email"])}${text("role_claim", false)}
        <div class="field"><label for="idp-map">${t("idp.role_map")} <small>${t("field.optional")}</small></label>
            <textarea id="idp-map" rows="3" spellcheck="false" placeholder="staff = agent" value=${map}
                onInput=${(/** @type {any} */ event) => setMap(event.currentTarget.value)}></textarea></div>
        ${choice("default_role", role === "owner" ? ROLES : ROLES.slice(0, 3))}
        <label class="check"><input type="checkbox" checked=${value.creates_users} onChange=${change("creates_users")} /> <span>${t("idp.creates_users")}</span></label>
        <${ErrorNotice} error=${error} />
        <div class="actions"><button type="submit" class="button primary">${t("idp.add")}</button>
            <button type="button" class="button bare" onClick=${onDone}>${t("action.close")}</button></div>
    </form>`;
}

/** @param {{ path: string, role: string }} props */
function Providers({ path, role }) {
    const [list, setList] = useState(/** @type {any[]} */ ([]));
    const [adding, setAdding] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));

    const attempt = async (/** @type {() => Promise<unknown>} */ what) => {
        setError(null);
        try {
            await what();
            setList((await get(`${path}?limit=100`)).data);
        } catch (failure) {
            setError(failure);
        }
    };
    useEffect(() => { attempt(async () => undefined); }, []);
    const done = () => { setAdding(false); attempt(async () => undefined); };

    return html`<section class="card" id="providers" aria-labelledby="providers-title">
        <header class="card-head"><h2 id="providers-title">${t("idp.title")}</h2>
            ${!adding && html`<button type="button" id="idp-open" class="button quiet" onClick=${() => setAdding(true)}><${Icon} name="plus" /> ${t("idp.add")}</button>`}</header>
        <p class="lead">${t("idp.lead")}</p>
        <ul class="rows">${list.map((one) => html`<li key=${one.id}>
            <div><strong>${one.name}</strong> ${!one.is_active && html`<small>${t("idp.off")}</small>`}
                <p class="hint"><bdi>${one.issuer}</bdi> · ${one.algorithm}</p></div>
            <div class="actions">
                <button type="button" class="button quiet" onClick=${() => attempt(() => patch(`${path}/${one.id}`, { is_active: !one.is_active }))}>
                    ${t(one.is_active ? "idp.switch_off" : "idp.switch_on")}</button>
                <button type="button" class="button quiet" onClick=${() => attempt(() => remove(`${path}/${one.id}`))}
                    aria-label=${t("idp.remove_this", { name: one.name })}>${t("idp.remove")}</button>
            </div>
        </li>`)}</ul>
        ${adding && html`<${NewProvider} path=${path} role=${role} onDone=${done} />`}
        <${ErrorNotice} error=${error} />
    </section>`;
}

/** @param {{ session: import("../api.js").Session }} props */
export function Settings({ session }) {
    const path = `/api/v1/tenants/${session.tenant?.id}`;
    return html`<h1 class="screen-title">${t("settings.title")}</h1>
        <div class="cards">
            <${Access} path=${path} />
            <${Providers} path=${`${path}/identity-providers`} role=${session.user.role} />
        </div>`;
}
