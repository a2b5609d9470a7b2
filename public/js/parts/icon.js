// An icon takes the colour of the text around it: the drawing is a mask.  It never carries meaning alone, so it is
// hidden from assistive technology.

import { html } from "../preact.js";

/** @param {{ name: string }} props a file of vendor.txt */
export function Icon({ name }) {
    const style = { "--drawing": `url("/vendor/lucide-static/icons/${name}.svg")` };
    return html`<span class="icon" style=${style} aria-hidden="true"></span>`;
}

/** The mark: ten finger holes of a rotary dial. */
export function Mark() {
    const holes = Array.from({ length: 10 }, (_, hole) => {
        const angle = ((30 - hole * 30) * Math.PI) / 180;
        return { x: (16 + 12 * Math.cos(angle)).toFixed(2), y: (16 + 12 * Math.sin(angle)).toFixed(2) };
    });
    return html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        ${holes.map(({ x, y }) => html`<circle cx=${x} cy=${y} r="2.3" />`)}
        <circle cx="16" cy="16" r="4.8" />
    </svg>`;
}
