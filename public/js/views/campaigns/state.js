// What the list of campaigns and the page of one both need.

import { html } from "../../preact.js";
import { get } from "../../api.js";
import { t } from "../../i18n.js";

/** @type {Record<string, string>} */
const LOOK = { running: "running", paused: "paused", done: "finished" };

/** @param {{ state: string }} props */
export function State({ state }) {
    return html`<span class=${`phase ${LOOK[state] ?? ""}`} data-state=${state}>${t(`campaigns.state.${state}`)}</span>`;
}

/** Every page of a list. @param {string} path @param {AbortSignal} [signal] */
export async function everyPage(path, signal) {
    const rows = [];
    for (let cursor = ""; ;) {
        const page = await get(`${path}?limit=1000${cursor}`, signal);
        rows.push(...page.data);
        if (!page.next_cursor)
            return rows;
        cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
}
