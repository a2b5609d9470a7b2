// Who is there: searched by name, number or id, and changed.

import { html, useEffect, useState } from "../../preact.js";
import { change, get } from "../../api.js";
import { t, tn } from "../../i18n.js";
import { Icon } from "../../parts/icon.js";
import { ErrorNotice } from "../../parts/notice.js";
import { toast } from "../../parts/toast.js";
import { EditLead } from "./edit.js";

/**
 * @typedef {{ phone: string, phone_e164: string, label: string | null }} Further
 * @typedef {{ id: string, name: string, phone: string, phone_e164: string | null, category: string | null, phones: Further[] }} Lead
 */

const SHOWN = 25;
const TYPING_MS = 300;

/** @param {{ base: string, allowed: boolean }} props */
export function People({ base, allowed }) {
    const [search, setSearch] = useState("");
    const [leads, setLeads] = useState(/** @type {Lead[] | null} */ (null));
    const [more, setMore] = useState(false);
    const [open, setOpen] = useState(/** @type {Lead | null} */ (null));
    const [turn, setTurn] = useState(0);
    const [error, setError] = useState(/** @type {unknown} */ (null));

    useEffect(() => {
        const leaving = new AbortController();
        const query = new URLSearchParams({ limit: String(SHOWN), ...(search.trim() && { search: search.trim() }) });
        const timer = setTimeout(() => get(`${base}/leads?${query}`, leaving.signal).then(({ data, next_cursor }) => {
            setLeads(data);
            setMore(next_cursor !== null);
            setError(null);
        }, (failure) => { if (!leaving.signal.aborted) setError(failure); }), TYPING_MS);
        return () => { clearTimeout(timer); leaving.abort(); };
    }, [base, search, turn]);

    const save = async (/** @type {Lead} */ lead, /** @type {object} */ fields) => {
        await change("PATCH", `${base}/leads/${lead.id}`, fields);
        setOpen(null);
        toast(t("leads.saved", { name: lead.name }));
        setTurn(turn + 1);
    };

    return html`<section class="card" id="people" aria-labelledby="people-title" aria-busy=${leads === null}>
        <header class="card-head"><h2 id="people-title">${t("leads.title")}</h2></header>
        <div class="field"><label for="people-search">${t("leads.search")}</label>
            <input id="people-search" type="search" autocomplete="off" maxlength="200" value=${search}
                onInput=${(/** @type {any} */ event) => setSearch(event.currentTarget.value)} /></div>
        <${ErrorNotice} error=${error} retry=${() => setTurn(turn + 1)} />
        <p class="count" role="status">${leads && (more ? t("leads.first", { n: leads.length }) : tn("leads.count", leads.length))}</p>
        ${leads && leads.length > 0 && html`<ul class="rows">${leads.map((lead) => html`<li key=${lead.id} data-lead=${lead.id}>
            <div><p><bdi class="lead-name">${lead.name}</bdi> <small><bdi>${lead.category ?? ""}</bdi></small></p>
                <p><bdi class="phone">${lead.phone_e164 ?? lead.phone}</bdi>
                ${lead.phones.map(({ phone_e164, label }, at) => html`<span key=${at}>, <bdi class="phone">${phone_e164}</bdi>${label && html` <small><bdi>${label}</bdi></small>`}</span>`)}</p>
            </div>
            ${allowed && html`<button type="button" class="button bare square" aria-label=${t("leads.edit", { name: lead.name })}
                title=${t("leads.edit", { name: lead.name })} onClick=${() => setOpen(lead)}><${Icon} name="pencil" /></button>`}
        </li>`)}</ul>`}
        ${open && html`<${EditLead} key=${open.id} lead=${open} onClose=${() => setOpen(null)} onSave=${save} />`}
    </section>`;
}
