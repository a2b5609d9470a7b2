// Campaigns: what there is and how each stands; the settings of one are a page of their own.

import { html, useMemo, useState } from "../preact.js";
import { t, tn, number } from "../i18n.js";
import { usePolling } from "../polling.js";
import { may } from "../roles.js";
import { go } from "../router.js";
import { Icon } from "../parts/icon.js";
import { ErrorNotice, Notice } from "../parts/notice.js";
import { NewCampaign } from "./campaigns/new-campaign.js";
import { CampaignSettings } from "./campaigns/settings-page.js";
import { everyPage, State } from "./campaigns/state.js";

const EVERY_MS = 10_000;

/** @typedef {{ id: string, name: string, state: string, agentKind: string, intervalMinutes: number, maxConcurrentCalls: number, leads: { count: number }, phoneNumbers: object[] }} Campaign */

/** @param {{ campaigns: Campaign[] }} props */
function Table({ campaigns }) {
    return html`<table class="plain cards-when-narrow" id="campaign-table" role="table">
        <caption class="off-screen">${t("nav.campaigns")}</caption>
        <thead role="rowgroup"><tr role="row">
            ${["name", "state", "kind", "leads", "numbers", "pace"].map((column) => html`<th role="columnheader" scope="col" key=${column}>${t(`campaigns.column.${column}`)}</th>`)}
        </tr></thead>
        <tbody role="rowgroup">${campaigns.map(({ id, name, state, agentKind, leads, phoneNumbers, intervalMinutes, maxConcurrentCalls }) => html`
            <tr role="row" key=${id} data-campaign=${id}>
                <th role="rowheader" scope="row"><a href=${`#/campaigns/${id}`}><bdi>${name}</bdi></a></th>
                <td role="cell"><${State} state=${state} /></td>
                <td role="cell">${t(`campaign.agentKind.${agentKind}`)}</td>
                <td role="cell" data-label=${t("campaigns.column.leads")}>${number(leads.count)}</td>
                <td role="cell" data-label=${t("campaigns.column.numbers")}>${number(phoneNumbers?.length ?? 0)}</td>
                <td role="cell">${intervalMinutes > 0 ? t("campaigns.every", { minutes: intervalMinutes }) : tn("campaigns.at_once", maxConcurrentCalls)}</td>
            </tr>`)}</tbody>
    </table>`;
}

/** @param {{ session: import("../api.js").Session, argument: string }} props argument: the campaign's id, or none */
export function Campaigns({ session, argument }) {
    const base = `/api/v1/tenants/${session.tenant?.id}`;
    const [campaigns, setCampaigns] = useState(/** @type {Campaign[] | null} */ (null));
    const [filter, setFilter] = useState("");
    const [making, setMaking] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const allowed = may(session.user.role, "run");

    const again = usePolling(async (signal) => {
        if (session.tenant && !argument) {
            setCampaigns(await everyPage(`${base}/campaigns`, signal));
            setError(null);
        }
        return EVERY_MS;
    }, [base, argument], setError);
    const shown = useMemo(() => (campaigns ?? []).filter(({ name }) => name.toLowerCase().includes(filter.trim().toLowerCase())), [campaigns, filter]);

    if (!session.tenant)
        return html`<${Notice} kind="warn" icon="triangle-alert"><p>${t("calling.no_tenant")}</p><//>`;
    if (argument)
        return html`<${CampaignSettings} key=${argument} base=${base} id=${argument} allowed=${allowed} onChanged=${again} onGone=${() => go("campaigns")} />`;
    return html`<section class="card" id="campaigns" aria-labelledby="campaigns-title" aria-busy=${campaigns === null}>
        <header class="card-head"><h1 id="campaigns-title" class="card-title">${t("nav.campaigns")}</h1>
            ${allowed && html`<button type="button" id="new-campaign" class="button primary" onClick=${() => setMaking(true)}><${Icon} name="plus" />${t("campaigns.new")}</button>`}</header>
        <${ErrorNotice} error=${error} retry=${again} />
        ${campaigns && campaigns.length > 5 && html`<div class="field"><label for="campaign-filter">${t("campaigns.filter")}</label>
            <input id="campaign-filter" type="search" autocomplete="off" value=${filter} onInput=${(/** @type {any} */ event) => setFilter(event.currentTarget.value)} /></div>`}
        ${campaigns?.length === 0 && html`<div class="empty"><${Icon} name="phone-call" /><h2>${t("first.title")}</h2><p>${t("first.lead")}</p></div>`}
        ${shown.length > 0 && html`<${Table} campaigns=${shown} />`}
        <p class="count" role="status">${campaigns ? tn("campaigns.count", shown.length) : t("numbers.loading")}</p>
        ${making && html`<${NewCampaign} path=${`${base}/campaigns`} campaigns=${campaigns ?? []} onClose=${() => setMaking(false)} onMade=${(/** @type {string} */ id) => { setMaking(false); go("campaigns", id); }} />`}
    </section>`;
}
