// The inputs of a campaign's form.  Each is told by its path; label and hint are the catalogue's, a complaint stands at its field.

import { html } from "../../preact.js";
import { has, t } from "../../i18n.js";
import { FIELDS } from "./fields.js";

/**
 * @typedef {{ values: import("./form.js").Values, complaints: Record<string, string>, allowed: boolean,
 *             set: (path: string, value: string | boolean) => void }} Form
 */

/** @param {string} path */
export const idOf = (path) => `campaign-${path.replaceAll(".", "-")}`;

/** @param {Form} form @param {string} path @param {boolean} hinted */
function attributes(form, path, hinted) {
    const wrong = form.complaints[path];
    return { id: idOf(path), disabled: !form.allowed, "aria-invalid": wrong ? "true" : "false",
        "aria-describedby": [hinted && `${idOf(path)}-hint`, wrong && `${idOf(path)}-wrong`].filter(Boolean).join(" ") || undefined };
}

/** @param {{ form: Form, path: string }} props */
export function Complaint({ form, path }) {
    return form.complaints[path] ? html`<p class="hint wrong" id=${`${idOf(path)}-wrong`}>${form.complaints[path]}</p>` : null;
}

/** @param {{ form: Form, path: string, bare?: boolean, label?: string, placeholder?: string, list?: string }} props bare: in a table, whose heads are the label */
export function Input({ form, path, bare = false, label = t(`campaign.field.${path}`), placeholder, list }) {
    const { kind } = FIELDS[path];
    const hinted = !bare && has(`campaign.hint.${path}`);
    const input = html`<input type="text" autocomplete="off" spellcheck=${false} inputmode=${kind === "text" ? "text" : "decimal"} list=${list}
        placeholder=${placeholder} aria-label=${bare ? label : undefined} value=${form.values[path]} ...${attributes(form, path, hinted)}
        onInput=${(/** @type {any} */ event) => form.set(path, event.currentTarget.value)} />`;
    if (bare)
        return html`${input}<${Complaint} form=${form} path=${path} />`;
    return html`<div class=${kind === "text" ? "field" : "field short"}>
        <label for=${idOf(path)}>${label}</label>${input}
        <${Complaint} form=${form} path=${path} />
        ${hinted && html`<p class="hint" id=${`${idOf(path)}-hint`}>${t(`campaign.hint.${path}`)}</p>`}
    </div>`;
}

/** @param {{ form: Form, path: string, among: string[] }} props words: campaign.{path}.{value}; "" is named "none" */
export function Choice({ form, path, among }) {
    const hinted = has(`campaign.hint.${path}`);
    return html`<div class="field">
        <label for=${idOf(path)}>${t(`campaign.field.${path}`)}</label>
        <select value=${form.values[path]} ...${attributes(form, path, hinted)} onChange=${(/** @type {any} */ event) => form.set(path, event.currentTarget.value)}>
            ${among.map((one) => html`<option key=${one} value=${one} selected=${one === form.values[path]}>${t(`campaign.${path}.${one || "none"}`)}</option>`)}
        </select>
        <${Complaint} form=${form} path=${path} />
        ${hinted && html`<p class="hint" id=${`${idOf(path)}-hint`}>${t(`campaign.hint.${path}`)}</p>`}
    </div>`;
}

/** One of a few, each with a sentence that explains it. @param {{ form: Form, path: string, among: string[] }} props */
export function Cards({ form, path, among }) {
    return html`<fieldset class="option-cards" id=${idOf(path)}>
        <legend>${t(`campaign.field.${path}`)}</legend>
        ${among.map((one) => html`<label class="option-card" key=${one}>
            <input type="radio" name=${path} value=${one} checked=${form.values[path] === one} disabled=${!form.allowed} onChange=${() => form.set(path, one)} />
            <span><strong>${t(`campaign.${path}.${one}`)}</strong><small>${t(`campaign.${path}.${one}.about`)}</small></span>
        </label>`)}
        <${Complaint} form=${form} path=${path} />
    </fieldset>`;
}

/** @param {{ form: Form, path: string }} props */
export function Flag({ form, path }) {
    const hinted = has(`campaign.hint.${path}`);
    return html`<div class="field">
        <label class="check"><input type="checkbox" checked=${form.values[path]} ...${attributes(form, path, hinted)}
            onChange=${(/** @type {any} */ event) => form.set(path, event.currentTarget.checked)} /><span>${t(`campaign.field.${path}`)}</span></label>
        ${hinted && html`<p class="hint" id=${`${idOf(path)}-hint`}>${t(`campaign.hint.${path}`)}</p>`}
        <${Complaint} form=${form} path=${path} />
    </div>`;
}

/** What few people change. @param {{ children?: any }} props */
export function More({ children }) {
    return html`<details class="more"><summary>${t("campaign.more")}</summary><div class="stack">${children}</div></details>`;
}

/** @param {{ id: string, effect?: string, children?: any }} props effect: what the settings amount to, in a sentence */
export function Section({ id, effect, children }) {
    return html`<section class="card" id=${`section-${id}`} aria-labelledby=${`section-${id}-title`}>
        <header class="section-head"><h2 id=${`section-${id}-title`} tabindex="-1">${t(`campaign.section.${id}`)}</h2>
            ${effect && html`<p class="effect" role="status">${effect}</p>`}</header>
        ${children}
    </section>`;
}
