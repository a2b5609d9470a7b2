// The first rows of a file with the verdict on each.

import { html } from "../../preact.js";
import { has, number, t, tn } from "../../i18n.js";
import { Icon } from "../../parts/icon.js";
import { labelOf } from "./columns.js";

const ICONS = { ok: "circle-check", duplicate: "copy", refused: "circle-x" };

/** @param {{ reading: import("./import-file.js").Reading }} props */
export function FirstRows({ reading }) {
    const good = reading.rows.filter(({ verdict }) => verdict === "ok").length;
    return html`<div class="stack" id="import-rows">
        <h3 id="import-rows-title">${t("import.rows")}</h3>
        <p class="count" role="status">${tn("import.verdicts", reading.rows.length, { good })}</p>
        <div class="scroll wide" tabindex="0" role="group" aria-labelledby="import-rows-title"><table class="plain" role="table">
            <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col" class="num">${t("column.line")}</th>
                <th role="columnheader" scope="col">${t("import.verdict")}</th>
                ${reading.columns.map((column) => html`<th role="columnheader" scope="col" key=${column.position}><bdi>${labelOf(column, reading.header)}</bdi></th>`)}
            </tr></thead>
            <tbody role="rowgroup">${reading.rows.map((row) => html`<tr role="row" key=${row.line} data-verdict=${row.verdict}>
                <td role="cell" class="num">${number(row.line)}</td>
                <td role="cell" class="verdict"><span class=${`status verdict-${row.verdict}`}><${Icon} name=${ICONS[row.verdict]} />
                    ${row.verdict === "ok" && row.phone_e164 ? html`<bdi class="phone">${row.phone_e164}</bdi>` : t(`import.verdict.${row.verdict}`)}</span>
                    ${row.code && html`<small>${has(`import.reason.${row.code}`) ? t(`import.reason.${row.code}`) : row.reason}</small>`}</td>
                ${reading.columns.map(({ position }, at) => html`<td role="cell" key=${position}><bdi>${row.cells[at] ?? ""}</bdi></td>`)}
            </tr>`)}</tbody>
        </table></div>
    </div>`;
}
