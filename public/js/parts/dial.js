// Progress as a dial of sixty ticks, filled clockwise.

import { html } from "../preact.js";
import { number } from "../i18n.js";

const TICKS = 60;

const lines = Array.from({ length: TICKS }, (_, tick) => {
    const angle = ((tick * 6 - 90) * Math.PI) / 180;
    const at = (/** @type {number} */ radius) => [100 + radius * Math.cos(angle), 100 + radius * Math.sin(angle)];
    const [x1, y1] = at(tick % 5 === 0 ? 76 : 80);
    const [x2, y2] = at(94);
    return { x1: x1.toFixed(2), y1: y1.toFixed(2), x2: x2.toFixed(2), y2: y2.toFixed(2) };
});

/** The drawing alone. @param {{ filled?: number, live?: boolean }} props */
export function Ticks({ filled = 0, live = false }) {
    return html`<svg viewBox="0 0 200 200" aria-hidden="true" focusable="false">
        ${lines.map((line, tick) => html`<line key=${tick} ...${line}
            class=${tick < filled ? "tick on" : tick === filled && live ? "tick next" : "tick"} />`)}
    </svg>`;
}

/**
 * @param {{ value: number, total: number, label: string, text: string, caption: string, live: boolean }} props
 *        text: the value in words, for those who hear it
 */
export function Dial({ value, total, label, text, caption, live }) {
    const filled = total > 0 ? (value === total ? TICKS : Math.min(TICKS - 1, Math.round((value / total) * TICKS))) : 0;
    return html`<div class=${live ? "dial live" : "dial"} role="progressbar" aria-label=${label}
        aria-valuemin="0" aria-valuemax=${total || 1} aria-valuenow=${value} aria-valuetext=${text}>
        <${Ticks} filled=${filled} live=${live} />
        <div class="dial-figure" aria-hidden="true">
            <strong>${number(value)}</strong>
            <span>${caption}</span>
        </div>
    </div>`;
}
