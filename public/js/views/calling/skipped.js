// The leads that will not be called, each with the reason in words.

import { html } from "../../preact.js";
import { has, number, t, tn } from "../../i18n.js";

/** @typedef {{ index: number, phone: string | null, reason: string }} Skipped */

/** @param {{ skipped: Skipped[], names: string[], onDismiss: () => void }} props names: by index, as they were sent */
export function SkippedList({ skipped, names, onDismiss }) {
    return html`<section class="card" id="skipped" aria-labelledby="skipped-title">
        <header class="card-head">
            <h2 id="skipped-title">${tn("skipped.title", skipped.length)}</h2>
            <button type="button" class="button bare" onClick=${onDismiss}>${t("action.hide")}</button>
        </header>
        <p class="lead">${t("skipped.lead")}</p>
        <div class="scroll" tabindex="0" role="group" aria-labelledby="skipped-title">
            <table class="plain few">
                <thead><tr><th scope="col" class="num">${t("column.line")}</th><th scope="col">${t("column.name")}</th>
                    <th scope="col">${t("column.phone")}</th><th scope="col">${t("column.reason")}</th></tr></thead>
                <tbody>
                    ${skipped.map(({ index, phone, reason }) => html`<tr key=${index} data-reason=${reason}>
                        <td class="num">${number(index + 1)}</td>
                        <td><bdi>${names[index] || "–"}</bdi></td>
                        <td><bdi class="phone">${phone || "–"}</bdi></td>
                        <td>${has(`skip.${reason}`) ? t(`skip.${reason}`) : reason}</td>
                    </tr>`)}
                </tbody>
            </table>
        </div>
    </section>`;
}
