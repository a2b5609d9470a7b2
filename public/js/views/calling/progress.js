// Where the run stands: the dial, the figures, what became of the calls.

import { html, useEffect, useRef, useState } from "../../preact.js";
import { number, t, tn } from "../../i18n.js";
import { countOutcomes } from "../../outcomes.js";
import { Breakdown } from "../../parts/breakdown.js";
import { Dial } from "../../parts/dial.js";
import { Icon } from "../../parts/icon.js";

const STEPS = 4;                                        // progress is read out at every quarter

/** @param {import("./run.js").Phase} phase @param {import("./run.js").Status} status */
function announcementOf(phase, status) {
    const quarter = Math.floor((status.currentIndex / (status.totalLeads || 1)) * STEPS) / STEPS;
    return `${t(`phase.${phase}`)}${phase === "running" && quarter > 0 ? `: ${t("progress.percent", { percent: quarter * 100 })}` : ""}`;
}

/** @param {{ name: string, value: string, hint: string, id: string }} props */
function Figure({ name, value, hint, id }) {
    return html`<div class="figure" title=${hint}><dt>${name}</dt><dd id=${id}>${value}</dd></div>`;
}

/**
 * @param {{ status: import("./run.js").Status | null, phase: import("./run.js").Phase, complete: boolean,
 *           rows: import("../../outcomes.js").LogRow[] | null, campaign: string, actions: any }} props
 *        complete: the rows are the whole log
 */
export function Progress({ status, phase, rows, complete, campaign, actions }) {
    const [said, setSaid] = useState("");
    const first = useRef(true);
    const announcement = status ? announcementOf(phase, status) : "";
    useEffect(() => {
        if (status && !first.current)                       /* what was so when the page came is not news */
            setSaid(announcement);
        if (status)
            first.current = false;
    }, [announcement]);

    const known = rows ?? [];
    return html`<section class="card run" id="run" data-phase=${phase} aria-labelledby="run-title" aria-busy=${phase === "loading"}>
        <header class="card-head">
            <h2 id="run-title" tabindex="-1">${t("progress.title")}</h2>
            <span class=${`phase ${phase}`} id="phase">${t(`phase.${phase}`)}</span>
        </header>
        <p class="off-screen" role="status">${said}</p>
        ${phase === "none" && html`<div class="empty">
            <${Icon} name="phone-call" />
            <h3>${t("progress.empty.title", { campaign })}</h3>
            <ol><li>${t("progress.empty.1")}</li><li>${t("progress.empty.2")}</li><li>${t("progress.empty.3")}</li></ol>
        </div>`}
        ${status && phase !== "none" && html`
            <div class="run-body">
                <${Dial} value=${status.currentIndex} total=${status.totalLeads} live=${phase === "running"}
                    label=${t("progress.title")} caption=${t("progress.of", { total: status.totalLeads })}
                    text=${tn("progress.spoken", status.totalLeads, { done: status.currentIndex })} />
                <div class="run-side">
                    <p class="sentence">${t(`progress.sentence.${phase}`, {
                        campaign, remaining: status.remaining, made: status.callsMade })}</p>
                    <dl class="figures">
                        <${Figure} id="made" name=${t("figure.made")} value=${number(status.callsMade)} hint=${t("figure.made.hint")} />
                        <${Figure} id="remaining" name=${t("figure.remaining")} value=${number(status.remaining)}
                            hint=${t("figure.remaining.hint")} />
                        <${Figure} id="total" name=${t("figure.total")} value=${number(status.totalLeads)} hint=${t("figure.total.hint")} />
                        <${Figure} id="interval-now" name=${t("figure.interval")} hint=${t("figure.interval.hint")}
                            value=${status.intervalMinutes === 0 ? t("figure.interval.none")
                                : t("figure.interval.value", { minutes: status.intervalMinutes })} />
                    </dl>
                    ${actions}
                </div>
            </div>`}
        ${known.length > 0 && html`<div class="outcomes">
            <h3>${t("outcome.title")} <small>${complete ? tn("outcome.all", known.length) : tn("outcome.latest", known.length)}</small></h3>
            <${Breakdown} counts=${countOutcomes(known)} />
        </div>`}
    </section>`;
}
