// The call log, newest first, with a filter over what is loaded.

import { html, useState } from "../../preact.js";
import { has, t, tn, when } from "../../i18n.js";
import { ANSWERED_BY_ICON, outcomeOf, STATUS_ICON } from "../../outcomes.js";
import { Copy } from "../../parts/copy.js";
import { Icon } from "../../parts/icon.js";
import { ErrorNotice } from "../../parts/notice.js";
import { CallPrice } from "./cost.js";

/** @typedef {import("../../outcomes.js").LogRow} LogRow */

const word = (/** @type {string} */ family, /** @type {string} */ name) => has(`${family}.${name}`) ? t(`${family}.${name}`) : name;

/** A search for digits finds a number however it is written. @param {LogRow} row @param {string} wanted */
function matches(row, wanted) {
    const digits = wanted.replace(/\D/g, "");
    if (digits.length >= 3 && /^[\d\s+().-]+$/.test(wanted))
        return row.phone.replace(/\D/g, "").includes(digits);
    const text = [row.phone, row.leadData?.name, row.leadData?.category, row.callSid, word("status", row.status),
        row.answeredBy && word("answered_by", row.answeredBy)].join("\n");
    return text.toLocaleLowerCase().includes(wanted.trim().toLocaleLowerCase());
}

/** @param {{ row: LogRow, price: import("./cost.js").Price | undefined }} props */
function Row({ row, price }) {
    return html`<tr role="row" data-phone=${row.phone} data-status=${row.status}>
        <td role="cell" class="cell-lead"><bdi class="lead-name">${row.leadData?.name || t("log.no_name")}</bdi>
            ${row.leadData?.category && html`<small><bdi>${row.leadData.category}</bdi></small>`}</td>
        <td role="cell" class="cell-phone"><bdi class="phone">${row.phone}</bdi></td>
        <td role="cell" class="cell-status"><span class=${`status ${outcomeOf(row)}`}>
            <${Icon} name=${STATUS_ICON[row.status] ?? "circle-help"} />${word("status", row.status)}</span></td>
        <td role="cell" class="cell-by">${row.answeredBy
            ? html`<span class="by"><${Icon} name=${ANSWERED_BY_ICON[row.answeredBy] ?? "circle-help"} />
                ${word("answered_by", row.answeredBy)}</span>`
            : html`<span class="nobody">–</span>`}</td>
        <td role="cell" class="cell-price"><${CallPrice} price=${price} /></td>
        <td role="cell" class="cell-time"><time dateTime=${row.timestamp} title=${new Date(row.timestamp).toString()}>
            ${when(row.timestamp)}</time></td>
        <td role="cell" class="cell-sid">${row.callSid
            ? html`<${Copy} text=${row.callSid} short=${`${row.callSid.slice(0, 6)}…${row.callSid.slice(-4)}`} label=${t("log.copy_sid")} />`
            : html`<span class="nobody" title=${t("log.no_sid")}>–</span>`}</td>
    </tr>`;
}

/**
 * @param {{ rows: LogRow[] | null, prices: Map<string, import("./cost.js").Price>, more: (() => Promise<void>) | null }} props
 *        more: null at the end of the log
 */
export function Log({ rows, prices, more }) {
    const [wanted, setWanted] = useState("");
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));

    const loadMore = async () => {
        setBusy(true);
        setError(null);
        try {
            await more?.();
        } catch (failure) {
            setError(failure);
        }
        setBusy(false);
    };

    const known = rows ?? [];
    const shown = wanted.trim() ? known.filter((row) => matches(row, wanted)) : known;
    return html`<section class="card" id="log" aria-labelledby="log-title" aria-busy=${rows === null}>
        <header class="card-head">
            <h2 id="log-title">${t("log.title")}</h2>
            <div class="search">
                <${Icon} name="search" />
                <label class="off-screen" for="filter">${t("log.filter")}</label>
                <input id="filter" type="search" value=${wanted} placeholder=${t("log.filter")} autocomplete="off"
                    onInput=${(/** @type {any} */ event) => setWanted(event.currentTarget.value)}
                    onKeyDown=${(/** @type {any} */ event) => {
                        if (event.key !== "Escape")
                            return;
                        event.preventDefault();
                        if (wanted)
                            setWanted("");
                        else
                            event.currentTarget.blur();
                    }} />
                <kbd aria-hidden="true">/</kbd>
            </div>
        </header>
        ${rows !== null && known.length === 0 && html`<div class="empty"><${Icon} name="list-plus" />
            <h3>${t("log.empty.title")}</h3><p>${t("log.empty.text")}</p></div>`}
        ${known.length > 0 && shown.length === 0 && html`<div class="empty"><${Icon} name="search" />
            <h3>${t("log.nothing.title", { wanted })}</h3><p>${t(more ? "log.nothing.more" : "log.nothing.text")}</p></div>`}
        ${shown.length > 0 && html`<table class="log" role="table">
            <caption class="off-screen">${t("log.caption")}</caption>
            <thead role="rowgroup"><tr role="row">
                <th role="columnheader" scope="col">${t("column.name")}</th><th role="columnheader" scope="col">${t("column.phone")}</th>
                <th role="columnheader" scope="col">${t("column.status")}</th><th role="columnheader" scope="col">${t("column.answered_by")}</th>
                <th role="columnheader" scope="col">${t("column.price")}</th>
                <th role="columnheader" scope="col">${t("column.time")}</th><th role="columnheader" scope="col">${t("column.sid")}</th>
            </tr></thead>
            <tbody role="rowgroup">${shown.map((row) => html`<${Row} key=${row.callSid ?? `${row.phone} ${row.timestamp}`} row=${row}
                price=${prices.get(row.callSid ?? "")} />`)}</tbody>
        </table>`}
        <${ErrorNotice} error=${error} />
        ${known.length > 0 && html`<footer class="card-foot">
            <span id="log-count">${wanted.trim() ? t("log.count_filtered", { shown: shown.length, known: known.length }) : tn("log.count", known.length)}</span>
            ${more && html`<button type="button" id="more" class="button quiet" disabled=${busy} onClick=${loadMore}>
                ${t(busy ? "log.loading" : "log.more")}</button>`}
        </footer>`}
    </section>`;
}
