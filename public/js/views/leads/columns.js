// What each column of the file becomes.

import { html } from "../../preact.js";
import { t } from "../../i18n.js";

const SINGLE = ["phone", "phone2", "phone3", "phone4", "phone5", "phone6", "phone7", "phone8", "phone9", "name", "first_name", "last_name",
    "category", "external_id"];
const KINDS = [...SINGLE, "custom", "ignore"];
const LONGEST_NAME = 100;

/** @typedef {import("./import-file.js").Column} Column */

/** @param {{ position: number, heading: string }} column @param {boolean} named whether the first row names the columns */
export const labelOf = ({ position, heading }, named) => named && heading || t("import.column", { n: position });

/** @param {string} field @returns {[string, string]} its kind, and the name of a custom value */
const parts = (field) => field.startsWith("custom.") ? ["custom", field.slice(7)] : [field, ""];

/** The map that says all of it, by place; what only the heading can say goes by the heading. @param {Column[]} columns @param {string[]} fields */
export function mapOf(columns, fields) {
    return fields.map((field, at) => {
        const [kind, name] = parts(field);
        const own = kind === "custom" && name.trim() && name !== columns[at].heading;
        return `${own ? `custom.${name.trim().replaceAll(":", " ")}` : kind}:#${columns[at].position}`;
    }).join(",");
}

/** @param {{ columns: Column[], named: boolean, row: string[], onChange: (fields: string[]) => void }} props row: an example */
export function Columns({ columns, named, row, onChange }) {
    const fields = columns.map(({ field }) => field);

    /** A field that only one column can be leaves the one that was it. @param {number} place @param {string} field */
    const set = (place, field) => onChange(fields.map((before, at) => at === place ? field
        : before === field && SINGLE.includes(field) ? `custom.${columns[at].heading}` : before));

    return html`<fieldset class="columns" id="import-columns">
        <legend>${t("import.columns")}</legend>
        <div class="columns-in" tabindex="0" role="group" aria-label=${t("import.columns")}>${columns.map(({ position, heading }, at) => {
            const [kind, name] = parts(fields[at]);
            const label = labelOf({ position, heading }, named);
            return html`<div class="column" key=${position} data-kind=${kind}>
                <label for=${`column-${position}`}><bdi>${label}</bdi></label>
                <p class="example"><bdi>${row[at] || "–"}</bdi></p>
                <select id=${`column-${position}`} value=${kind} onChange=${(/** @type {any} */ event) =>
                    set(at, event.currentTarget.value === "custom" ? `custom.${heading}` : event.currentTarget.value)}>
                    ${(KINDS.includes(kind) ? KINDS : [...KINDS, kind]).map((value) => html`<option key=${value} value=${value} selected=${value === kind}>${t(`import.field.${value}`)}</option>`)}
                </select>
                ${kind === "custom" && html`<input type="text" maxlength=${LONGEST_NAME} value=${name} aria-label=${t("import.custom_name", { column: label })}
                    onInput=${(/** @type {any} */ event) => set(at, `custom.${event.currentTarget.value}`)} />`}
            </div>`;
        })}</div>
        ${!fields.some((field) => /^phone\d?$/.test(field)) && html`<p class="hint wrong" role="alert">${t("import.no_phone")}</p>`}
    </fieldset>`;
}
