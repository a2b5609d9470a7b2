// The settings of a campaign, section by section; each says in a sentence what it amounts to.

import { html } from "../../preact.js";
import { number, parseNumber, t } from "../../i18n.js";
import { OUTCOMES } from "./fields.js";
import { span } from "./form.js";
import { Cards, Choice, Complaint, Flag, Input, More, Section, idOf } from "./inputs.js";
import { Pool } from "./pool.js";

/** @typedef {import("./inputs.js").Form} Form */

const KINDS = ["keypad", "people", "vapi", "livekit"];
const STRATEGIES = ["fixed", "round_robin", "pool", "sticky", "local_presence"];

/** @param {Form} form @param {string} path */
const value = (form, path) => parseNumber(String(form.values[path] ?? ""));

/** @param {{ form: Form }} props */
export function Basics({ form }) {
    const kind = form.values["agentKind"];
    return html`<${Section} id="basics">
        <${Input} form=${form} path="name" />
        <${Cards} form=${form} path="agentKind" among=${KINDS} />
        ${(kind === "keypad" || kind === "people") && html`<${Input} form=${form} path="agentPhone" placeholder="+1 212 555 0143" />`}
        ${kind === "vapi" && html`<${Input} form=${form} path="assistantId" />`}
        ${kind === "livekit" && html`<${Input} form=${form} path="agentName" /><${Input} form=${form} path="sipTrunkId" placeholder="ST_…" />`}
        <${Choice} form=${form} path="locale" among=${["", "en", "tr"]} />
    <//>`;
}

/** @param {Form} form @param {number} leads */
function paceEffect(form, leads) {
    const [interval, lines, rate] = ["intervalMinutes", "maxConcurrentCalls", "callsPerSecond"].map((path) => value(form, path));
    if ([interval, lines, rate].some(Number.isNaN))
        return "";
    const hourly = Math.min(rate * 3600, interval > 0 ? 60 / interval : Infinity);
    const pace = interval > 0 ? t("campaign.effect.pace", { calls: Math.round(hourly * 10) / 10, lines }) : t("campaign.effect.pace_fast", { rate, lines });
    return leads > 0 && hourly > 0 ? `${pace} ${t("campaign.effect.duration", { leads, span: span(leads / hourly * 60) })}` : pace;
}

/** @param {{ form: Form, leads: number }} props */
export function Pace({ form, leads }) {
    return html`<${Section} id="pace" effect=${paceEffect(form, leads)}>
        <div class="grid-fields"><${Input} form=${form} path="intervalMinutes" /><${Input} form=${form} path="maxConcurrentCalls" /></div>
        <${More}>
            <div class="grid-fields"><${Input} form=${form} path="callsPerSecond" /><${Input} form=${form} path="weight" /><${Input} form=${form} path="ringSeconds" /></div>
        <//>
    <//>`;
}

/** @param {{ form: Form }} props */
export function Hours({ form }) {
    const { windowOpens: opens, windowCloses: closes } = form.values;
    return html`<${Section} id="hours" effect=${opens && closes ? t("campaign.effect.hours", { opens: String(opens), closes: String(closes) }) : t("campaign.effect.hours_tenant")}>
        <div class="grid-fields"><${Input} form=${form} path="windowOpens" placeholder="09:00" /><${Input} form=${form} path="windowCloses" placeholder="18:00" /></div>
    <//>`;
}

/** @param {{ form: Form, numbers: import("./pool.js").Phone[] | null, linked: Set<string>, setLinked: (linked: Set<string>) => void, campaignId: string }} props */
export function CallerId({ form, numbers, linked, setLinked, campaignId }) {
    const strategy = String(form.values["callerIdStrategy"]);
    const cap = value(form, "numberDailyCap");
    const effect = strategy !== "fixed" && cap > 0 && linked.size > 0 ? t("campaign.effect.numbers", { n: linked.size, calls: linked.size * cap }) : "";
    return html`<${Section} id="caller_id" effect=${effect}>
        <${Cards} form=${form} path="callerIdStrategy" among=${STRATEGIES} />
        ${strategy === "fixed" && html`<${Input} form=${form} path="callerId" placeholder="+1 212 555 0143" list="campaign-numbers" />
            <datalist id="campaign-numbers">${(numbers ?? []).map(({ number: phone }) => html`<option key=${phone} value=${phone}></option>`)}</datalist>`}
        <${Pool} form=${form} numbers=${numbers} linked=${linked} setLinked=${setLinked} campaignId=${campaignId} />
        <${More}><${Input} form=${form} path="numberDailyCap" /><//>
    <//>`;
}

/** @param {{ form: Form }} props */
export function Machines({ form }) {
    const on = form.values["machineDetection"] === true;
    return html`<${Section} id="machines" effect=${t(!on ? "campaign.effect.machines_off" : form.values["waitForBeep"] ? "campaign.effect.machines_beep" : "campaign.effect.machines")}>
        <${Flag} form=${form} path="machineDetection" />
        ${on && html`<${Flag} form=${form} path="waitForBeep" />
            <${More}><${Flag} form=${form} path="asyncMachineDetection" /><${Input} form=${form} path="machineDetectionTimeoutMs" /><//>`}
    <//>`;
}

/** When a lead is called again after this outcome, in words. @param {Form} form @param {string} name */
function waits(form, name) {
    const [times, after, most] = ["times", "after_minutes", "max_minutes"].map((member) => value(form, `retries.${name}.${member}`));
    const factor = value(form, `retries.${name}.factor`) || 1;
    if (!(times > 0) || !(after > 0))
        return t("campaign.retries.never");
    const delays = Array.from({ length: Math.min(times, 10) }, (_, turn) => span(Math.min(after * factor ** turn, most > 0 ? most : Infinity)));
    return t("campaign.retries.after", { delays: new Intl.ListFormat(document.documentElement.lang, { type: "unit", style: "long" }).format(delays) });
}

/** @param {Form} form */
function retriesEffect(form) {
    const again = OUTCOMES.reduce((sum, name) => sum + (value(form, `retries.${name}.times`) || 0), 0);
    const most = value(form, "maxAttempts");
    if (Number.isNaN(most))
        return "";
    const calls = most > 0 ? Math.min(most, again + 1) : again + 1;
    return calls > 1 ? t("campaign.effect.retries", { n: calls }) : t("campaign.effect.no_retries");
}

const RETRY_MEMBERS = ["times", "after_minutes", "factor", "max_minutes"];

/** @param {{ form: Form }} props */
export function Retries({ form }) {
    return html`<${Section} id="retries" effect=${retriesEffect(form)}>
        <table class="retries" role="table" id=${idOf("retries")}>
            <caption class="off-screen">${t("campaign.section.retries")}</caption>
            <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">${t("campaign.retries.outcome")}</th>
                ${RETRY_MEMBERS.map((member) => html`<th role="columnheader" scope="col" key=${member}>${t(`campaign.retries.${member}`)}</th>`)}
                <th role="columnheader" scope="col">${t("campaign.retries.so")}</th></tr></thead>
            <tbody role="rowgroup">${OUTCOMES.map((name) => {
                const on = value(form, `retries.${name}.times`) > 0;
                return html`<tr role="row" key=${name} data-outcome=${name} class=${on ? "on" : ""}>
                    <th role="rowheader" scope="row">${t(`campaign.outcome.${name}`)}</th>
                    ${RETRY_MEMBERS.map((member) => html`<td role="cell" key=${member} data-label=${t(`campaign.retries.${member}`)}>
                        ${(on || member === "times") && html`<${Input} form=${form} path=${`retries.${name}.${member}`} bare
                            placeholder=${member === "factor" ? "1" : member === "times" ? "0" : member === "max_minutes" ? "–" : undefined}
                            label=${`${t(`campaign.outcome.${name}`)}: ${t(`campaign.retries.${member}`)}`} />`}</td>`)}
                    <td role="cell" class="so">${waits(form, name)}</td>
                </tr>`;
            })}</tbody>
        </table>
        <${Complaint} form=${form} path="retries" />
        <${More}><div class="grid-fields"><${Input} form=${form} path="maxAttempts" /><${Input} form=${form} path="retryDays" /></div><//>
    <//>`;
}

/** @param {{ form: Form }} props */
export function Order({ form }) {
    return html`<${Section} id="order">
        <div class="grid-fields"><${Choice} form=${form} path="leadOrder" among=${["list", "newest", "random", "priority"]} />
            <${Choice} form=${form} path="leadMix" among=${["fresh_first", "retries_first", "ratio"]} />
            ${form.values["leadMix"] === "ratio" && html`<${Input} form=${form} path="freshPerRetry" />`}</div>
    <//>`;
}

/** @param {{ form: Form }} props */
export function Limits({ form }) {
    const { "goal.outcome": goal, "goal.count": count, breaker, "budget.amount": amount } = form.values;
    const effects = [goal && count && t("campaign.effect.goal", { count: number(value(form, "goal.count") || 0), what: t(`campaign.goal.outcome.${goal}`) }),
        amount && t("campaign.effect.budget"), breaker && t("campaign.effect.breaker", { percent: value(form, "breaker.failurePercent") || 0, attempts: value(form, "breaker.attempts") || 0 })];
    return html`<${Section} id="limits" effect=${effects.filter(Boolean).join(" ") || t("campaign.effect.no_limits")}>
        <div class="grid-fields"><${Choice} form=${form} path="goal.outcome" among=${["", "answered", "human", "pressed_1"]} />
            ${goal && html`<${Input} form=${form} path="goal.count" />`}</div>
        <${Complaint} form=${form} path="goal" />
        <div class="grid-fields"><${Input} form=${form} path="budget.amount" />${amount && html`<${Input} form=${form} path="budget.currency" />`}</div>
        <${Complaint} form=${form} path="budget" />
        <${Flag} form=${form} path="breaker" />
        ${breaker && html`<${More}><div class="grid-fields">
            ${["attempts", "failurePercent", "cooldownSeconds", "goodProbes", "pauseAfter"].map((name) => html`<${Input} key=${name} form=${form} path=${`breaker.${name}`} />`)}
        </div><//>`}
    <//>`;
}
