// Takes one number out of all calling, at once.

import { html, useRef, useState } from "../../preact.js";
import { createClickKey } from "../../api.js";
import { t, when } from "../../i18n.js";
import { ErrorNotice, Notice } from "../../parts/notice.js";
import { Icon } from "../../parts/icon.js";

/** @param {{ tenantId: string, allowed: boolean }} props */
export function DoNotCall({ tenantId, allowed }) {
    const [phone, setPhone] = useState("");
    const [reason, setReason] = useState("");
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [entry, setEntry] = useState(/** @type {{ phone_e164: string, created_at: string, fresh: boolean } | null} */ (null));
    const click = useRef(createClickKey());

    const add = async (/** @type {Event} */ event) => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        setEntry(null);
        try {
            const body = { phone: phone.trim(), scope: "tenant", ...(reason.trim() && { reason: reason.trim() }) };
            const { status, reply } = await click.current.post(`/api/v1/tenants/${tenantId}/dnc`, body);
            setEntry({ ...reply, fresh: status === 201 });
            setPhone("");
            setReason("");
        } catch (failure) {
            setError(failure);
        }
        setBusy(false);
    };

    return html`<section class="card" id="do-not-call" aria-labelledby="dnc-title">
        <header class="card-head"><h2 id="dnc-title">${t("dnc.title")}</h2></header>
        <p class="lead">${t("dnc.lead")}</p>
        <form class="stack" onSubmit=${add}>
            <div class="field">
                <label for="dnc-phone">${t("column.phone")}</label>
                <input id="dnc-phone" type="tel" required autocomplete="off" value=${phone} disabled=${!allowed}
                    onInput=${(/** @type {any} */ event) => setPhone(event.currentTarget.value)} />
            </div>
            <div class="field">
                <label for="dnc-reason">${t("dnc.reason")} <small>${t("field.optional")}</small></label>
                <input id="dnc-reason" type="text" autocomplete="off" value=${reason} disabled=${!allowed}
                    onInput=${(/** @type {any} */ event) => setReason(event.currentTarget.value)} />
            </div>
            <button type="submit" class="button quiet" disabled=${!allowed || busy}><${Icon} name="shield-ban" />
                ${t(busy ? "dnc.busy" : "dnc.add")}</button>
        </form>
        <div role="status" id="dnc-result">${entry && html`<${Notice} kind="good" icon="shield-check">
            <p>${t(entry.fresh ? "dnc.added" : "dnc.already", { phone: entry.phone_e164, since: when(entry.created_at) })}</p><//>`}</div>
        <${ErrorNotice} error=${error} place="dnc" />
    </section>`;
}
