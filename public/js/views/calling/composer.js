// Takes a list of leads: pasted, dropped, or from a file; shows how it was understood.

import { html, useRef, useState } from "../../preact.js";
import { number, t, tn } from "../../i18n.js";
import { decodeText } from "../../leads.js";
import { Icon } from "../../parts/icon.js";
import { Notice } from "../../parts/notice.js";

const PREVIEW = 6;
const LARGEST_BODY = 1_000_000;

/**
 * @param {{ text: string, setText: (text: string) => void, list: import("../../leads.js").List, allowed: boolean,
 *           bodySize: number }} props
 */
export function Composer({ text, setText, list, allowed, bodySize }) {
    const [over, setOver] = useState(false);
    const picker = useRef(/** @type {any} */ (null));

    const takeFile = async (/** @type {File | undefined} */ file) => {
        if (file)
            setText(decodeText(await file.arrayBuffer()));
    };
    const drop = (/** @type {DragEvent} */ event) => {
        event.preventDefault();
        setOver(false);
        if (!allowed)
            return;
        const file = event.dataTransfer?.files[0];
        if (file)
            takeFile(file);
        else
            setText(event.dataTransfer?.getData("text/plain") ?? "");
    };

    return html`<div class=${over ? "composer over" : "composer"}
        onDragOver=${(/** @type {DragEvent} */ event) => { event.preventDefault(); setOver(allowed); }}
        onDragLeave=${() => setOver(false)} onDrop=${drop}>
        <div class="field">
            <label for="list">${t("composer.label")}</label>
            <textarea id="list" rows="6" wrap="off" spellcheck=${false} disabled=${!allowed} value=${text}
                aria-describedby="list-hint" placeholder=${t("composer.placeholder")}
                onInput=${(/** @type {any} */ event) => setText(event.currentTarget.value)}></textarea>
            <p id="list-hint" class="hint">${t("composer.hint")}</p>
        </div>
        <div class="actions">
            <input ref=${picker} id="file" class="off-screen" type="file" tabindex="-1" aria-hidden="true"
                accept=".csv,.tsv,.txt,text/csv,text/plain" onChange=${(/** @type {any} */ event) => {
                    takeFile(event.currentTarget.files[0]);
                    event.currentTarget.value = "";
                }} />
            <button type="button" class="button quiet" disabled=${!allowed} onClick=${() => picker.current.click()}>
                <${Icon} name="file-up" />${t("composer.file")}</button>
            ${text && html`<button type="button" id="clear" class="button bare" onClick=${() => {
                setText("");
                document.getElementById("list")?.focus();
            }}><${Icon} name="x" />${t("composer.clear")}</button>`}
        </div>
        <p class="count" role="status" id="list-count">
            ${list.leads.length > 0 && html`<strong>${tn("composer.count", list.leads.length)}</strong> ${" "}
                ${t(list.heading ? "composer.with_heading" : "composer.without_heading")}`}
            ${text.trim() && list.leads.length === 0 ? t("composer.only_heading") : ""}
        </p>
        ${bodySize > LARGEST_BODY && html`<${Notice} kind="warn" icon="triangle-alert">
            <p>${t("composer.too_large", { megabytes: Math.ceil(bodySize / 100_000) / 10 })}</p><//>`}
        ${list.leads.length > 0 && html`<${Preview} leads=${list.leads} />`}
    </div>`;
}

/** @param {{ leads: import("../../leads.js").Lead[] }} props */
function Preview({ leads }) {
    const rest = leads.length - PREVIEW;
    return html`<table class="plain few" id="preview">
        <caption class="off-screen">${t("composer.preview")}</caption>
        <thead><tr><th scope="col" class="num">${t("column.line")}</th><th scope="col">${t("column.name")}</th>
            <th scope="col">${t("column.phone")}</th><th scope="col">${t("column.category")}</th></tr></thead>
        <tbody>
            ${leads.slice(0, PREVIEW).map((lead, at) => html`<tr key=${at}>
                <td class="num">${number(at + 1)}</td>
                <td><bdi>${lead.business_name || "–"}</bdi></td>
                <td>${lead.phone ? html`<bdi class="phone">${lead.phone}</bdi>` : html`<em>${t("composer.no_phone")}</em>`}</td>
                <td><bdi>${lead.category || "–"}</bdi></td>
            </tr>`)}
        </tbody>
        ${rest > 0 && html`<tfoot><tr><td colspan="4">${tn("composer.rest", rest)}</td></tr></tfoot>`}
    </table>`;
}
