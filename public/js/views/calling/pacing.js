// How the campaign is paced: what holds it back now.  Its settings are a page of their own.

import { html, useState } from "../../preact.js";
import { get } from "../../api.js";
import { number, t, when } from "../../i18n.js";
import { usePolling } from "../../polling.js";
import { ErrorNotice } from "../../parts/notice.js";

const EVERY_MS = 5_000;

/** @param {{ name: string, children: any, id: string }} props */
function Fact({ name, children, id }) {
    return html`<div class="figure"><dt>${name}</dt><dd id=${id}>${children}</dd></div>`;
}

/** An amount of minor units as money. @param {number} minor @param {string} currency */
function money(minor, currency) {
    const format = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency });
    return format.format(minor / 10 ** (format.resolvedOptions().maximumFractionDigits ?? 2));
}

/** @param {{ now: any }} props what GET .../pacing answers */
function State({ now }) {
    const { breaker, budget, goal, share, queue, account } = now;
    return html`<dl class="figures" id="pacing-state">
        ${breaker && html`<${Fact} id="pacing-breaker" name=${t("pacing.breaker")}>
            ${t(`pacing.breaker.${breaker.state}`, { until: breaker.until ? when(breaker.until) : "" })}<//>`}
        ${account.blockedUntil && html`<${Fact} id="pacing-blocked" name=${t("pacing.blocked")}>${when(account.blockedUntil)}<//>`}
        ${share.percent != null && html`<${Fact} id="pacing-share" name=${t("pacing.share")}>${t("progress.percent", { percent: number(share.percent) })}<//>`}
        ${budget && html`<${Fact} id="pacing-spent" name=${t(budget.warning ? "pacing.spent.warning" : "pacing.spent")}>
            ${t("pacing.of", { part: money(budget.spent, budget.currency), all: money(budget.amount, budget.currency) })}<//>`}
        ${goal && html`<${Fact} id="pacing-goal" name=${t("pacing.goal")}>${t("pacing.of", { part: number(goal.reached), all: number(goal.count) })}<//>`}
        <${Fact} id="pacing-fresh" name=${t("pacing.fresh")}>${number(queue.fresh)}<//>
        <${Fact} id="pacing-again" name=${t("pacing.again")}>${number(queue.retriesDue + queue.retriesLater)}<//>
        ${queue.nextDueAt && html`<${Fact} id="pacing-next" name=${t("pacing.next")}>${when(queue.nextDueAt)}<//>`}
    </dl>`;
}

/** @param {{ campaignId: string, tenantId: string }} props */
export function Pacing({ campaignId, tenantId }) {
    const [now, setNow] = useState(/** @type {any} */ (null));
    const [error, setError] = useState(/** @type {unknown} */ (null));

    usePolling(async (signal) => {
        setNow(await get(`/api/v1/tenants/${tenantId}/campaigns/${campaignId}/pacing`, signal));
        return EVERY_MS;
    }, [campaignId], setError);

    return html`<section class="card" id="pacing" aria-labelledby="pacing-title">
        <header class="card-head"><h2 id="pacing-title">${t("pacing.title")}</h2>
            <a id="pacing-open" class="button quiet" href=${`#/campaigns/${campaignId}`}>${t("pacing.settings")}</a></header>
        ${now && html`<${State} now=${now} />`}
        <${ErrorNotice} error=${error} place="pacing" />
    </section>`;
}
