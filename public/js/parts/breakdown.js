// The outcomes of calls: one bar for the eye, and the same as a list in words.

import { html } from "../preact.js";
import { number, t } from "../i18n.js";
import { OUTCOME_ICON } from "../outcomes.js";
import { Icon } from "./icon.js";

/** @param {{ counts: { outcome: import("../outcomes.js").Outcome, count: number }[] }} props */
export function Breakdown({ counts }) {
    const total = counts.reduce((sum, { count }) => sum + count, 0);
    return html`<div class="breakdown">
        <div class="bar" aria-hidden="true">
            ${counts.map(({ outcome, count }) => html`<span key=${outcome} class=${`share ${outcome}`}
                style=${{ flexGrow: count }}></span>`)}
        </div>
        <ul class="legend">
            ${counts.map(({ outcome, count }) => html`<li key=${outcome} data-outcome=${outcome}>
                <span class=${`swatch ${outcome}`}><${Icon} name=${OUTCOME_ICON[outcome]} /></span>
                <span class="legend-word">${t(`outcome.${outcome}`)}</span>
                <strong>${number(count)}</strong>
                <span class="legend-share">${t("outcome.share", { percent: Math.round((count / total) * 100) })}</span>
            </li>`)}
        </ul>
    </div>`;
}
