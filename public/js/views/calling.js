// The screen "Calling": choose a campaign, give it a list, watch it being called.

import { html, useEffect, useMemo, useRef, useState } from "../preact.js";
import { createClickKey, get } from "../api.js";
import { number, parseNumber, t, tn } from "../i18n.js";
import { parseList } from "../leads.js";
import { useKeys } from "../keys.js";
import { may } from "../roles.js";
import { go } from "../router.js";
import { Dialog } from "../parts/dialog.js";
import { Icon } from "../parts/icon.js";
import { ErrorNotice, Notice } from "../parts/notice.js";
import { toast } from "../parts/toast.js";
import { Composer } from "./calling/composer.js";
import { Cost, ListForecast, useCost } from "./calling/cost.js";
import { DoNotCall } from "./calling/do-not-call.js";
import { Log } from "./calling/log.js";
import { Pacing } from "./calling/pacing.js";
import { Progress } from "./calling/progress.js";
import { useRun } from "./calling/run.js";
import { SkippedList } from "./calling/skipped.js";

/** @typedef {{ id: string, name: string, state: string, isDefault?: boolean, agentKind?: string, intervalMinutes?: number }} Campaign */

/** @param {{ session: import("../api.js").Session, argument: string }} props argument: the campaign's id */
export function Calling({ session, argument }) {
    const [campaigns, setCampaigns] = useState(/** @type {Campaign[] | null} */ (null));
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const tenant = session.tenant;

    const load = async () => {
        setError(null);
        try {
            setCampaigns((await get(`/api/v1/tenants/${tenant?.id}/campaigns?limit=1000`)).data);
        } catch (failure) {
            setError(failure);
        }
    };
    useEffect(() => { if (tenant) load(); }, []);

    const chosen = campaigns?.find(({ id }) => id === argument);
    useEffect(() => {
        if (campaigns?.length && !chosen)
            go("calling", (campaigns.find(({ state }) => state === "running") ?? campaigns.find(({ isDefault }) => isDefault) ?? campaigns[0]).id, { replace: true });
    });

    if (!tenant)
        return html`<${Notice}><p>${t("calling.no_tenant")}</p><//>`;
    return html`
        <h1 class="screen-title">${t("calling.title")}</h1>
        <${ErrorNotice} error=${error} retry=${load} />
        ${campaigns?.length === 0 && html`<${FirstCampaign} tenantId=${tenant.id} allowed=${may(session.user.role, "run")}
            onCreated=${load} />`}
        ${campaigns && chosen && html`<${Desk} key=${chosen.id} campaigns=${campaigns} campaign=${chosen}
            tenantId=${tenant.id} role=${session.user.role} />`}`;
}

/** @param {{ tenantId: string, allowed: boolean, onCreated: () => void }} props */
function FirstCampaign({ tenantId, allowed, onCreated }) {
    const [name, setName] = useState("");
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const click = useRef(createClickKey());

    const create = async (/** @type {Event} */ event) => {
        event.preventDefault();
        setError(null);
        try {
            await click.current.post(`/api/v1/tenants/${tenantId}/campaigns`, { name: name.trim() });
            onCreated();
        } catch (failure) {
            setError(failure);
        }
    };
    return html`<section class="card narrow" aria-labelledby="first-title">
        <h2 id="first-title">${t("first.title")}</h2>
        <p class="lead">${t("first.lead")}</p>
        ${!allowed && html`<${Notice}><p>${t("first.not_allowed")}</p><//>`}
        <form class="stack" onSubmit=${create}>
            <div class="field"><label for="first-name">${t("first.name")}</label>
                <input id="first-name" required maxlength="200" value=${name} disabled=${!allowed}
                    onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} /></div>
            <${ErrorNotice} error=${error} />
            <button type="submit" class="button primary" disabled=${!allowed}>${t("first.create")}</button>
        </form>
    </section>`;
}

/** @param {{ campaigns: Campaign[], campaign: Campaign, tenantId: string, role: string }} props */
function Desk({ campaigns, campaign, tenantId, role }) {
    const run = useRun(campaign.id);
    const { status, phase } = run;
    const cost = useCost(tenantId, campaign.id, phase === "running" || phase === "stopping", run.rows?.length ?? 0);
    const [text, setText] = useState("");
    const [interval, setInterval] = useState(/** @type {string | null} */ (null));
    const [replacing, setReplacing] = useState(false);
    const [confirming, setConfirming] = useState(false);
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [skipped, setSkipped] = useState(/** @type {import("./calling/skipped.js").Skipped[]} */ ([]));
    const names = useRef(/** @type {string[]} */ ([]));
    const click = useRef(createClickKey());

    const list = useMemo(() => parseList(text), [text]);
    const bodySize = useMemo(() => new Blob([JSON.stringify(list.leads)]).size, [list]);
    const allowed = may(role, "run");
    const active = phase === "running" || phase === "stopping";
    const composing = phase === "none" || phase === "finished" || (phase === "paused" && replacing);
    const preset = status && status.totalLeads > 0 ? status.intervalMinutes : campaign.intervalMinutes ?? 2;
    const intervalText = interval ?? number(preset);
    const minutes = parseNumber(intervalText);

    /** @param {"start" | "stop"} what @param {object} body @param {(reply: any) => void} done */
    const command = async (what, body, done) => {
        if (busy)
            return;
        setBusy(true);
        setError(null);
        try {
            done((await click.current.post(`/api/outbound-caller/${what}`, { campaign_id: campaign.id, ...body })).reply);
        } catch (failure) {
            setError(failure);
        }
        setBusy(false);
    };

    const start = () => {
        if (Number.isNaN(minutes)) {
            document.getElementById("interval")?.focus();
            return;
        }
        if (!list.leads.length) {
            document.getElementById("list")?.focus();
            return;
        }
        names.current = list.leads.map((lead) => lead.business_name);
        command("start", { leads: list.leads, intervalMinutes: minutes }, (reply) => {
            run.setStopping(false);
            run.assume({ isRunning: true, currentIndex: 0, callsMade: 0, totalLeads: reply.totalLeads, remaining: reply.totalLeads,
                intervalMinutes: reply.intervalMinutes });
            setSkipped(reply.skipped ?? []);
            setText("");
            setInterval(null);
            setReplacing(false);
            toast(tn("toast.started", reply.totalLeads));
            document.getElementById("run-title")?.focus();
        });
    };
    const resume = () => command("start", { intervalMinutes: Number.isNaN(minutes) ? preset : minutes }, () => {
        run.setStopping(false);
        run.assume({ isRunning: true });
        setInterval(null);
        toast(t("toast.resumed"));
        document.getElementById("run-title")?.focus();
    });
    const pause = () => command("stop", {}, () => {
        run.setStopping(true);
        run.assume({});
        toast(t("toast.paused"));
    });
    const stop = () => command("stop", {}, (reply) => {
        run.setStopping(true);
        run.assume({});
        setReplacing(true);
        toast(t("toast.stopped", { made: reply.callsMade, total: reply.totalLeads }), { label: t("action.resume"), run: resume });
    });

    useKeys({
        "/": (event) => { event.preventDefault(); document.getElementById("filter")?.focus(); },
        "Control+Enter": (event) => {
            if (!allowed)
                return;
            if (composing) {
                event.preventDefault();
                start();
            } else if (phase === "paused") {
                event.preventDefault();
                resume();
            }
        },
        "Escape": () => { if (phase === "paused") setReplacing(false); },
    });

    const actions = html`<div class="actions">
        ${phase === "running" && html`<button type="button" key="pause" id="pause" class="button primary" disabled=${!allowed || busy}
            onClick=${pause}><${Icon} name="pause" />${t("action.pause")}</button>
            <button type="button" key="stop" id="stop" class="button quiet" disabled=${!allowed || busy}
                onClick=${() => setConfirming(true)}><${Icon} name="square" />${t("action.stop")}</button>`}
        ${phase === "paused" && html`<button type="button" key="resume" id="resume" class=${replacing ? "button quiet" : "button primary"}
            disabled=${!allowed || busy} onClick=${resume}><${Icon} name="play" />${tn("action.resume_rest", status?.remaining ?? 0)}</button>
            ${!replacing && html`<button type="button" key="replace" id="replace" class="button quiet" disabled=${!allowed}
                onClick=${() => setReplacing(true)}><${Icon} name="list-plus" />${t("action.new_list")}</button>`}`}
    </div>`;

    return html`<div class="desk" data-phase=${phase}>
        <section class="card" id="setup" aria-labelledby="setup-title">
            <header class="card-head"><h2 id="setup-title">${t("setup.title")}</h2></header>
            ${!allowed && html`<${Notice} icon="info"><p>${t("setup.not_allowed", { role: t(`role.${role}`) })}</p><//>`}
            <div class="pair">
                <div class="field">
                    <label for="campaign">${t("setup.campaign")}</label>
                    <select id="campaign" value=${campaign.id}
                        onChange=${(/** @type {any} */ event) => go("calling", event.currentTarget.value)}>
                        ${campaigns.map(({ id, name }) => html`<option key=${id} value=${id} selected=${id === campaign.id}>${name}</option>`)}
                    </select>
                </div>
                <div class="field">
                    <label for="interval">${t("setup.interval")}</label>
                    <input id="interval" type="text" inputmode="decimal" autocomplete="off" value=${intervalText}
                        disabled=${!allowed || active} aria-invalid=${Number.isNaN(minutes) ? "true" : "false"} aria-describedby="interval-hint"
                        onInput=${(/** @type {any} */ event) => setInterval(event.currentTarget.value)} />
                </div>
                <p id="interval-hint" class=${Number.isNaN(minutes) ? "hint wrong" : "hint"}>
                    ${t(Number.isNaN(minutes) ? "setup.interval_wrong" : minutes === 0 ? "setup.interval_zero" : "setup.interval_hint")}</p>
            </div>
            ${active && html`<p class="hint">${t("setup.busy")}</p>`}
            ${phase === "paused" && !replacing && html`<p class="hint">${t("setup.paused")}</p>`}
            ${composing && html`
                ${phase === "paused" && html`<${Notice} kind="warn" icon="triangle-alert">
                    <p>${tn("setup.replaces", status?.remaining ?? 0)}</p><//>`}
                <${Composer} text=${text} setText=${setText} list=${list} allowed=${allowed} bodySize=${bodySize} />
                ${list.leads.length > 0 && html`<${ListForecast} tenantId=${tenantId} campaignId=${campaign.id} leads=${list.leads} />`}`}
            ${!active && html`<${ErrorNotice} error=${error} place="run" />`}
            ${composing && html`<div class="actions">
                <button type="button" id="start" class="button primary wide" disabled=${!allowed || busy || !list.leads.length}
                    onClick=${start}><${Icon} name="play" />
                    ${busy ? t("action.starting") : list.leads.length ? tn("action.start_n", list.leads.length) : t("action.start")}
                    <kbd aria-hidden="true">Ctrl ↵</kbd></button>
            </div>`}
        </section>
        <div class="desk-main">
            <${ErrorNotice} error=${run.error} retry=${run.askNow} />
            ${active && html`<${ErrorNotice} error=${error} place="run" />`}
            <${Progress} status=${status} phase=${phase} rows=${run.rows} complete=${!run.cursor} campaign=${campaign.name} actions=${actions} />
            ${skipped.length > 0 && html`<${SkippedList} skipped=${skipped} names=${names.current} onDismiss=${() => setSkipped([])} />`}
            <${Pacing} campaignId=${campaign.id} tenantId=${tenantId} />
            <${Cost} totals=${cost.totals} />
            <${Log} rows=${run.rows} prices=${cost.prices} more=${run.cursor ? run.more : null} />
        </div>
        <${DoNotCall} tenantId=${tenantId} allowed=${may(role, "dnc")} />
        ${confirming && html`<${Dialog} title=${t("stop.title")} onClose=${() => setConfirming(false)} actions=${html`
            <button type="button" class="button quiet" onClick=${() => setConfirming(false)}>${t("stop.keep")}</button>
            <button type="button" id="stop-sure" class="button danger" onClick=${() => { setConfirming(false); stop(); }}>
                ${t("action.stop")}</button>`}>
            <p>${tn("stop.text", status?.remaining ?? 0)}</p>
        <//>`}
    </div>`;
}
