// Imports, newest first: how far each is, how fast, and what became of its rows.  They live at the server, so a reload loses none.

import { html, useRef, useState } from "../../preact.js";
import { download, get } from "../../api.js";
import { language, number, t, tn, when } from "../../i18n.js";
import { usePolling } from "../../polling.js";
import { Icon } from "../../parts/icon.js";
import { ErrorNotice } from "../../parts/notice.js";

/**
 * @typedef {{ import_id: string, state: "running" | "done" | "failed", file: string | null, bytes: number, bytes_done: number, rows: number,
 *             imported: number, updated: number, skipped: number, refused: number, refused_url: string, reason: string | null,
 *             created_at: string }} Import
 * @typedef {{ at: number, rows: number, bytes: number }} Sample
 */

const OFTEN_MS = 1_000;
const SELDOM_MS = 30_000;
const FEW = 10;
const MANY = 100;
const ICONS = { running: "hourglass", done: "circle-check", failed: "circle-x" };

/** @param {number} seconds */
function duration(seconds) {
    const [unit, value] = seconds < 90 ? ["second", seconds] : seconds < 5_400 ? ["minute", seconds / 60] : ["hour", seconds / 3_600];
    return new Intl.NumberFormat(language.get().locale, { style: "unit", unit, unitDisplay: "long", maximumFractionDigits: 0 }).format(Math.ceil(value));
}

/** Rows in a second and seconds left, from what was seen since the first look. @param {Import} one @param {Sample | undefined} first @param {number} now */
function pace(one, first, now) {
    const seconds = first ? (now - first.at) / 1_000 : 0;
    if (!first || seconds <= 0 || one.bytes_done <= first.bytes)
        return null;
    return { rate: (one.rows - first.rows) / seconds, left: (one.bytes - one.bytes_done) * seconds / (one.bytes_done - first.bytes) };
}

/** @param {{ one: Import, first?: Sample, now: number }} props */
function Row({ one, first, now }) {
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const speed = one.state === "running" ? pace(one, first, now) : null;
    const name = one.file ?? t("imports.nameless");
    const counts = /** @type {const} */ (["imported", "updated", "skipped", "refused"]).filter((what) => one[what] > 0);
    return html`<li class="import" data-import=${one.import_id} data-state=${one.state}>
        <div class="import-head">
            <p class="lead-name"><bdi>${name}</bdi></p>
            <p class="status"><${Icon} name=${ICONS[one.state]} />${t(`imports.state.${one.state}`)}</p>
            <p class="cell-time">${when(one.created_at)}</p>
        </div>
        ${one.state === "running" && html`<progress class="progress" max=${Math.max(one.bytes, 1)} value=${one.bytes_done}
            aria-label=${t("imports.progress", { file: name })}></progress>`}
        <p class="hint import-counts">${tn("imports.rows", one.rows)}${speed && html` · ${t("imports.rate", { rate: Math.round(speed.rate) })}
            · ${t("imports.left", { time: duration(speed.left) })}`}
            ${counts.map((what) => html`<span key=${what} data-count=${what}> · ${t(`imports.${what}`, { n: one[what] })}</span>`)}</p>
        ${one.reason && html`<p class="hint wrong">${one.reason}</p>`}
        ${one.refused > 0 && html`<p><button type="button" class="button quiet refused"
            onClick=${() => download(one.refused_url, "refused.csv").then(() => setError(null), setError)}>
            <${Icon} name="file-down" />${tn("imports.refused_file", one.refused)}<span class="off-screen"> ${t("imports.refused_of", { file: name })}</span></button></p>`}
        <${ErrorNotice} error=${error} />
    </li>`;
}

/** @param {{ base: string, again: { current: () => void } }} props again: asks now */
export function Imports({ base, again }) {
    const [imports, setImports] = useState(/** @type {Import[] | null} */ (null));
    const [more, setMore] = useState(false);
    const [limit, setLimit] = useState(FEW);
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [now, setNow] = useState(0);
    const first = useRef(/** @type {Map<string, Sample>} */ (new Map()));

    again.current = usePolling(async (signal) => {
        const { data, next_cursor } = await get(`${base}/leads/imports?limit=${limit}`, signal);
        const at = performance.now();
        for (const one of data)
            if (!first.current.has(one.import_id))
                first.current.set(one.import_id, { at, rows: one.rows, bytes: one.bytes_done });
        setImports(data);
        setMore(next_cursor !== null);
        setNow(at);
        setError(null);
        return data.some((/** @type {Import} */ { state }) => state === "running") ? OFTEN_MS : SELDOM_MS;
    }, [base, limit], setError);

    return html`<section class="card" id="imports" aria-labelledby="imports-title" aria-busy=${imports === null}>
        <header class="card-head"><h2 id="imports-title" tabindex="-1">${t("imports.title")}</h2></header>
        <${ErrorNotice} error=${error} retry=${again.current} />
        ${imports?.length === 0 && html`<p class="hint">${t("imports.none")}</p>`}
        ${imports && imports.length > 0 && html`<ul class="imports">
            ${imports.map((one) => html`<${Row} key=${one.import_id} one=${one} first=${first.current.get(one.import_id)} now=${now} />`)}</ul>`}
        ${more && limit === FEW && html`<div class="actions"><button type="button" class="button quiet" onClick=${() => setLimit(MANY)}>${t("imports.more")}</button></div>`}
    </section>`;
}
