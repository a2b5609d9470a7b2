// What a campaign costs: so far, call by call, and what a list may cost before it is called.

import { html, useEffect, useState } from "../../preact.js";
import { createClickKey, get } from "../../api.js";
import { money, number, t, tn } from "../../i18n.js";
import { usePolling } from "../../polling.js";

const BUSY_MS = 5_000;
const QUIET_MS = 30_000;
const EASE = 20;                                        // large sums take long: they are asked for a twentieth of the time at most
const SAMPLE = 1_000;                                   // numbers that stand for a longer list
const TYPING_MS = 600;

/**
 * @typedef {{ currency: string, total: string, settled: string, estimated: string, calls: number, unsettledCalls: number,
 *             answeredCalls: number, leads: number, minutes: number, perAnsweredCall: string | null, perLead: string | null }} Total
 * @typedef {{ price: string, currency: string, estimated: boolean }} Price
 * @typedef {{ currency: string, leads: number, low: string | null, high: string | null, answeredPercent: number[],
 *             minutesPerAnswer: number[], knownCalls: number }} Forecast
 */

/**
 * The campaign's sums, and the prices of its latest calls by their ids.
 * @param {string} tenantId @param {string} campaignId @param {boolean} busy calls are being made @param {number} shown rows of the log
 */
export function useCost(tenantId, campaignId, busy, shown) {
    const [totals, setTotals] = useState(/** @type {Total[]} */ ([]));
    const [prices, setPrices] = useState(/** @type {Map<string, Price>} */ (new Map()));

    usePolling(async (signal) => {
        const base = `/api/v1/tenants/${tenantId}`;
        const asked = performance.now();
        setTotals((await get(`${base}/campaigns/${campaignId}/cost`, signal)).totals);
        const calls = await get(`${base}/calls?campaign_id=${campaignId}&limit=${Math.min(1_000, Math.max(50, shown))}`, signal);
        setPrices(new Map(calls.data.filter((/** @type {any} */ call) => call.call_sid && call.price !== null)
            .map((/** @type {any} */ call) => [call.call_sid, { price: call.price, currency: call.price_currency, estimated: call.price_estimated }])));
        return Math.max(busy ? BUSY_MS : QUIET_MS, EASE * (performance.now() - asked));
    }, [campaignId, busy, shown > 50 ? shown : 50]);
    return { totals, prices };
}

/** @param {{ name: string, value: string, hint?: string }} props */
function Figure({ name, value, hint }) {
    return html`<div class="figure" title=${hint}><dt>${name}</dt><dd>${value}</dd></div>`;
}

/** @param {{ totals: Total[] }} props */
export function Cost({ totals }) {
    if (!totals.length)
        return null;
    return html`<section class="card" id="cost" aria-labelledby="cost-title">
        <header class="card-head"><h2 id="cost-title">${t("cost.title")}</h2></header>
        ${totals.map((sum) => html`<div key=${sum.currency} class="stack" data-currency=${sum.currency}>
            <dl class="figures">
                <${Figure} name=${t("cost.total")} value=${money(sum.total, sum.currency)} />
                <${Figure} name=${t("cost.per_answer")} hint=${tn("cost.answered", sum.answeredCalls)}
                    value=${sum.perAnsweredCall === null ? "–" : money(sum.perAnsweredCall, sum.currency)} />
                <${Figure} name=${t("cost.per_lead")} hint=${tn("cost.leads", sum.leads)}
                    value=${sum.perLead === null ? "–" : money(sum.perLead, sum.currency)} />
                <${Figure} name=${t("cost.minutes")} hint=${t("cost.minutes.hint")} value=${number(sum.minutes)} />
            </dl>
            <p class="hint">${sum.unsettledCalls === 0 ? t("cost.settled")
                : tn("cost.unsettled", sum.unsettledCalls, { estimated: money(sum.estimated, sum.currency) })}</p>
        </div>`)}
    </section>`;
}

/** What one call cost. @param {{ price: Price | undefined }} props */
export function CallPrice({ price }) {
    if (!price)
        return html`<span class="nobody">–</span>`;
    const amount = money(price.price, price.currency);
    return price.estimated ? html`<span title=${t("cost.estimate.hint")}>${t("cost.about", { amount })}</span>` : html`<span>${amount}</span>`;
}

/**
 * Asked for a moment after the last change of the list.
 * @param {{ tenantId: string, campaignId: string, leads: import("../../leads.js").Lead[] }} props
 */
export function ListForecast({ tenantId, campaignId, leads }) {
    const [forecast, setForecast] = useState(/** @type {Forecast | null} */ (null));

    useEffect(() => {
        let current = true;
        setForecast(null);
        const timer = setTimeout(async () => {
            const phones = leads.slice(0, SAMPLE).map(({ phone }) => phone.slice(0, 100));
            try {
                const { reply } = await createClickKey().post(`/api/v1/tenants/${tenantId}/campaigns/${campaignId}/forecast`, { phones, leads: leads.length });
                if (current)
                    setForecast(reply);
            } catch { /* a list can be called without knowing what it will cost */ }
        }, TYPING_MS);
        return () => { current = false; clearTimeout(timer); };
    }, [campaignId, leads]);

    return html`<div role="status" id="forecast">${forecast && forecast.low !== null && forecast.high !== null && html`
        <p><strong>${t("cost.forecast", { low: money(forecast.low, forecast.currency), high: money(forecast.high, forecast.currency) })}</strong></p>
        <p class="hint">${t(forecast.knownCalls ? "cost.forecast.known" : "cost.forecast.assumed", {
            calls: forecast.knownCalls, from: forecast.answeredPercent[0], to: forecast.answeredPercent[1],
            shortest: forecast.minutesPerAnswer[0], longest: forecast.minutesPerAnswer[1] })}</p>`}
    </div>`;
}
