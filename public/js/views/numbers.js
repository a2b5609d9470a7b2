// Numbers to call from: what there is, whom it belongs to, how often it was shown today; buying and giving back.

import { html, useMemo, useRef, useState } from "../preact.js";
import { change, createClickKey } from "../api.js";
import { number, t, tn } from "../i18n.js";
import { usePolling } from "../polling.js";
import { may } from "../roles.js";
import { Icon } from "../parts/icon.js";
import { ErrorNotice, Notice } from "../parts/notice.js";
import { toast } from "../parts/toast.js";
import { everyPage } from "./campaigns/state.js";
import { BuyNumber } from "./numbers/buy.js";
import { EditNumber } from "./numbers/edit.js";
import { ReleaseNumber } from "./numbers/release.js";

/**
 * @typedef {{ id: string, number: string, type: string, provider: string, campaignId: string | null, livekitTrunkId: string | null,
 *             isActive: boolean, state: string, dailyCap: number, callsToday: number }} PhoneNumber
 * @typedef {{ id: string, name: string }} Campaign
 */

const OFTEN_MS = 2_000;
const SELDOM_MS = 30_000;

/** @param {PhoneNumber} phone */
const stateOf = (phone) => phone.state !== "owned" ? phone.state : phone.isActive ? "active" : "inactive";

/** @param {{ phone: PhoneNumber, campaigns: Campaign[], onEdit?: () => void, onRelease?: () => void }} props */
function Row({ phone, campaigns, onEdit, onRelease }) {
    const campaign = campaigns.find(({ id }) => id === phone.campaignId);
    const state = stateOf(phone);
    return html`<tr data-number=${phone.number} data-state=${state}>
        <th scope="row"><bdi>${phone.number}</bdi></th>
        <td>${t(`number_type.${phone.type}`)}</td>
        <td><bdi>${campaign?.name ?? "–"}</bdi></td>
        <td><bdi>${phone.livekitTrunkId ?? "–"}</bdi></td>
        <td class="num">${phone.dailyCap ? t("numbers.of_cap", { n: phone.callsToday, cap: phone.dailyCap }) : number(phone.callsToday)}</td>
        <td>${t(`number_state.${state}`)}</td>
        <td class="row-actions">
            ${onEdit && html`<button type="button" class="button bare square" aria-label=${t("numbers.edit", { phone: phone.number })}
                title=${t("numbers.edit", { phone: phone.number })} onClick=${onEdit}><${Icon} name="pencil" /></button>`}
            ${onRelease && html`<button type="button" class="button bare square" disabled=${state === "buying" || state === "releasing"}
                aria-label=${t("numbers.release", { phone: phone.number })} title=${t("numbers.release", { phone: phone.number })}
                onClick=${onRelease}><${Icon} name="trash-2" /></button>`}
        </td>
    </tr>`;
}

/** @param {{ session: import("../api.js").Session }} props */
export function Numbers({ session }) {
    const base = `/api/v1/tenants/${session.tenant?.id}`;
    const [numbers, setNumbers] = useState(/** @type {PhoneNumber[] | null} */ (null));
    const [campaigns, setCampaigns] = useState(/** @type {Campaign[]} */ ([]));
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [filter, setFilter] = useState("");
    const [busy, setBusy] = useState(false);
    const [open, setOpen] = useState(/** @type {{ what: "buy" | "edit" | "release", phone?: PhoneNumber } | null} */ (null));
    const click = useRef(createClickKey());
    const { role } = session.user;

    const again = usePolling(async (signal) => {
        if (!session.tenant)
            return SELDOM_MS;
        const [rows, lists] = await Promise.all([everyPage(`${base}/phone-numbers`, signal), everyPage(`${base}/campaigns`, signal)]);
        setNumbers(rows);
        setCampaigns(lists);
        setError(null);
        return rows.some(({ state }) => state !== "owned") ? OFTEN_MS : SELDOM_MS;
    }, [base], setError);

    const shown = useMemo(() => {
        const wanted = filter.replace(/[\s()-]/g, "").toLowerCase();
        const named = new Map(campaigns.map(({ id, name }) => [id, name.toLowerCase()]));
        return (numbers ?? []).filter((phone) => phone.number.includes(wanted) || named.get(phone.campaignId ?? "")?.includes(filter.toLowerCase()));
    }, [numbers, campaigns, filter]);

    const fetchAll = async () => {
        setBusy(true);
        setError(null);
        try {
            const { reply } = await click.current.post(`${base}/phone-numbers/import`, {});
            toast(tn("numbers.fetched", reply.total, { fresh: reply.imported, changed: reply.updated }));
        } catch (failure) {
            setError(failure);
        }
        setBusy(false);
        again();
    };
    const done = (/** @type {string} */ text) => {
        setOpen(null);
        toast(text);
        again();
    };
    const save = async (/** @type {PhoneNumber} */ phone, /** @type {object} */ fields) => {
        await change("PATCH", `${base}/phone-numbers/${phone.id}`, fields);
        done(t("numbers.saved", { phone: phone.number }));
    };
    const release = async (/** @type {PhoneNumber} */ phone) => {
        const { status } = await change("DELETE", `${base}/phone-numbers/${phone.id}`);
        done(t(status === 204 ? "numbers.released" : "numbers.releasing", { phone: phone.number }));
    };

    if (!session.tenant)
        return html`<${Notice} kind="warn" icon="triangle-alert"><p>${t("calling.no_tenant")}</p><//>`;
    return html`<section class="card" id="numbers" aria-labelledby="numbers-title">
        <header class="card-head">
            <h1 id="numbers-title">${t("numbers.title")}</h1>
            ${may(role, "numbers") && html`<div class="actions">
                <button type="button" class="button quiet" id="fetch-numbers" disabled=${busy} onClick=${fetchAll}><${Icon} name="refresh-cw" />
                    ${t(busy ? "numbers.fetching" : "numbers.fetch")}</button>
                <button type="button" class="button primary" id="buy-number" onClick=${() => setOpen({ what: "buy" })}><${Icon} name="plus" />
                    ${t("numbers.buy")}</button>
            </div>`}
        </header>
        <p class="lead">${t("numbers.lead")}</p>
        <${ErrorNotice} error=${error} place="numbers" retry=${again} />
        ${numbers && numbers.length > 0 && html`<div class="field">
            <label for="number-filter">${t("numbers.filter")}</label>
            <input id="number-filter" type="search" autocomplete="off" value=${filter}
                onInput=${(/** @type {any} */ event) => setFilter(event.currentTarget.value)} />
        </div>`}
        <p class="count" role="status">${numbers ? tn("numbers.count", shown.length) : t("numbers.loading")}</p>
        ${shown.length > 0 && html`<div class="table-place" tabindex="0" role="region" aria-labelledby="numbers-title"><table class="plain" id="number-table">
            <caption class="off-screen">${t("numbers.title")}</caption>
            <thead><tr>
                <th scope="col">${t("numbers.number")}</th><th scope="col">${t("numbers.type")}</th><th scope="col">${t("setup.campaign")}</th>
                <th scope="col">${t("numbers.trunk")}</th><th scope="col" class="num">${t("numbers.today")}</th>
                <th scope="col">${t("numbers.state")}</th><th scope="col"><span class="off-screen">${t("numbers.actions")}</span></th>
            </tr></thead>
            <tbody>${shown.map((phone) => html`<${Row} key=${phone.id} phone=${phone} campaigns=${campaigns}
                onEdit=${may(role, "run") ? () => setOpen({ what: "edit", phone }) : undefined}
                onRelease=${may(role, "numbers") ? () => setOpen({ what: "release", phone }) : undefined} />`)}</tbody>
        </table></div>`}
        ${open?.what === "buy" && html`<${BuyNumber} base=${base} campaigns=${campaigns} onClose=${() => setOpen(null)} onBought=${done} />`}
        ${open?.what === "edit" && open.phone && html`<${EditNumber} phone=${open.phone} campaigns=${campaigns} base=${base}
            admin=${may(role, "numbers")} onClose=${() => setOpen(null)} onSave=${save} />`}
        ${open?.what === "release" && open.phone && html`<${ReleaseNumber} phone=${open.phone} onClose=${() => setOpen(null)} onRelease=${release} />`}
    </section>`;
}
