// How the campaign is paced: what holds it back now, and the settings, which count at once even while it runs.

import { html, useEffect, useState } from "../../preact.js";
import { change, get } from "../../api.js";
import { number, parseNumber, t, when } from "../../i18n.js";
import { usePolling } from "../../polling.js";
import { ErrorNotice } from "../../parts/notice.js";
import { toast } from "../../parts/toast.js";

const EVERY_MS = 5_000;
const OUTCOMES = ["busy", "no_answer", "failed", "machine"];
const ORDERS = ["list", "newest", "random", "priority"];
const MIXES = ["fresh_first", "retries_first", "ratio"];
const GOALS = ["", "answered", "human", "pressed_1"];

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

/** The campaign's members as the form has them: text. @param {any} campaign */
function formOf(campaign) {
    const text = (/** @type {number | undefined} */ value) => value === undefined ? "" : String(value);
    return {
        leadOrder: campaign.leadOrder, leadMix: campaign.leadMix, freshPerRetry: text(campaign.freshPerRetry),
        maxConcurrentCalls: text(campaign.maxConcurrentCalls), callsPerSecond: text(campaign.callsPerSecond), weight: text(campaign.weight),
        maxAttempts: text(campaign.maxAttempts), retryDays: text(campaign.retryDays),
        ...Object.fromEntries(OUTCOMES.flatMap((name) => [[`${name}.times`, text(campaign.retries[name]?.times)],
            [`${name}.after`, text(campaign.retries[name]?.after_minutes)]])),
        goal: campaign.goal?.outcome ?? "", count: text(campaign.goal?.count),
        amount: text(campaign.budget?.amount), currency: campaign.budget?.currency ?? "USD", breaker: Boolean(campaign.breaker),
    };
}

/** What the form says, as the API wants it; members of a retry that the form does not show stay. @param {any} form @param {any} campaign */
function bodyOf(form, campaign) {
    const retries = { ...campaign.retries };
    for (const name of OUTCOMES) {
        if (parseNumber(form[`${name}.times`]) > 0)
            retries[name] = { ...retries[name], times: parseNumber(form[`${name}.times`]), after_minutes: parseNumber(form[`${name}.after`]) };
        else
            delete retries[name];
    }
    return {
        leadOrder: form.leadOrder, leadMix: form.leadMix, freshPerRetry: parseNumber(form.freshPerRetry),
        maxConcurrentCalls: parseNumber(form.maxConcurrentCalls), callsPerSecond: parseNumber(form.callsPerSecond), weight: parseNumber(form.weight),
        maxAttempts: parseNumber(form.maxAttempts), retryDays: parseNumber(form.retryDays), retries,
        goal: form.goal ? { outcome: form.goal, count: parseNumber(form.count) } : null,
        budget: form.amount.trim() ? { amount: parseNumber(form.amount), currency: form.currency.trim().toUpperCase() } : null,
        breaker: form.breaker ? campaign.breaker ?? {} : null,
    };
}

/** @param {{ campaignId: string, tenantId: string, allowed: boolean }} props */
export function Pacing({ campaignId, tenantId, allowed }) {
    const path = `/api/v1/tenants/${tenantId}/campaigns/${campaignId}`;
    const [now, setNow] = useState(/** @type {any} */ (null));
    const [campaign, setCampaign] = useState(/** @type {any} */ (null));
    const [form, setForm] = useState(/** @type {any} */ (null));
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));

    usePolling(async (signal) => {
        setNow(await get(`${path}/pacing`, signal));
        return EVERY_MS;
    }, [campaignId], setError);
    const take = (/** @type {any} */ next) => { setCampaign(next); setForm(formOf(next)); };
    useEffect(() => { get(path).then(take, setError); }, [campaignId]);

    const save = async (/** @type {Event} */ event) => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        try {
            take((await change("PATCH", path, bodyOf(form, campaign))).reply);
            toast(t("pacing.saved"));
        } catch (failure) {
            setError(failure);
        }
        setBusy(false);
    };
    const set = (/** @type {string} */ name) => (/** @type {any} */ { currentTarget }) =>
        setForm({ ...form, [name]: currentTarget.type === "checkbox" ? currentTarget.checked : currentTarget.value });
    const input = (/** @type {string} */ name, /** @type {string} */ label) => html`<div class="field">
        <label for=${`pacing-${name}`}>${label}</label>
        <input id=${`pacing-${name}`} type="text" inputmode=${name === "currency" ? "text" : "decimal"} autocomplete="off"
            value=${form[name]} disabled=${!allowed} onInput=${set(name)} /></div>`;
    const choice = (/** @type {string} */ name, /** @type {string} */ label, /** @type {string[]} */ among) => html`<div class="field">
        <label for=${`pacing-${name}`}>${label}</label>
        <select id=${`pacing-${name}`} value=${form[name]} disabled=${!allowed} onChange=${set(name)}>
            ${among.map((one) => html`<option key=${one} value=${one} selected=${one === form[name]}>${t(`pacing.${name}.${one || "none"}`)}</option>`)}
        </select></div>`;

    return html`<section class="card" id="pacing" aria-labelledby="pacing-title">
        <header class="card-head"><h2 id="pacing-title">${t("pacing.title")}</h2></header>
        ${now && html`<${State} now=${now} />`}
        ${form && html`<details>
            <summary id="pacing-open">${t("pacing.settings")}</summary>
            <form class="stack" onSubmit=${save}>
                <p class="hint">${t("pacing.at_once")}</p>
                <div class="pair">${input("maxConcurrentCalls", t("pacing.lines"))}${input("callsPerSecond", t("pacing.rate"))}</div>
                <div class="pair">${choice("leadOrder", t("pacing.order"), ORDERS)}${input("weight", t("pacing.weight"))}</div>
                <div class="pair">${choice("leadMix", t("pacing.mix"), MIXES)}${form.leadMix === "ratio" && input("freshPerRetry", t("pacing.per_retry"))}</div>
                <fieldset class="stack"><legend>${t("pacing.retries")}</legend>
                    ${OUTCOMES.map((name) => html`<div class="pair" key=${name}>
                        ${input(`${name}.times`, t("pacing.times", { outcome: t(`pacing.outcome.${name}`) }))}
                        ${input(`${name}.after`, t("pacing.after"))}</div>`)}
                    <div class="pair">${input("maxAttempts", t("pacing.most"))}${input("retryDays", t("pacing.days"))}</div>
                </fieldset>
                <div class="pair">${choice("goal", t("pacing.stop_at"), GOALS)}${form.goal && input("count", t("pacing.count"))}</div>
                <div class="pair">${input("amount", t("pacing.amount"))}${input("currency", t("pacing.currency"))}</div>
                <label class="check"><input id="pacing-hold" type="checkbox" checked=${form.breaker} disabled=${!allowed} onChange=${set("breaker")} />
                    ${t("pacing.hold")}</label>
                <button type="submit" class="button quiet" id="pacing-save" disabled=${!allowed || busy}>${t("pacing.save")}</button>
            </form>
        </details>`}
        <${ErrorNotice} error=${error} place="pacing" />
    </section>`;
}
