// Whom a number belongs to: its campaign, its trunk, how often it may be shown in a day.

import { html, useEffect, useState } from "../../preact.js";
import { get } from "../../api.js";
import { t } from "../../i18n.js";
import { Dialog } from "../../parts/dialog.js";
import { ErrorNotice } from "../../parts/notice.js";

/**
 * @param {{ phone: import("../numbers.js").PhoneNumber, campaigns: import("../numbers.js").Campaign[], base: string, admin: boolean,
 *           onClose: () => void, onSave: (phone: import("../numbers.js").PhoneNumber, fields: object) => Promise<void> }} props
 */
export function EditNumber({ phone, campaigns, base, admin, onClose, onSave }) {
    const [campaignId, setCampaign] = useState(phone.campaignId ?? "");
    const [trunk, setTrunk] = useState(phone.livekitTrunkId ?? "");
    const [cap, setCap] = useState(phone.dailyCap ? String(phone.dailyCap) : "");
    const [isActive, setActive] = useState(phone.isActive);
    const [trunks, setTrunks] = useState(/** @type {{ trunk_sid: string, name: string }[]} */ ([]));
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));

    useEffect(() => {
        const leaving = new AbortController();
        if (admin)
            get(`${base}/trunks?limit=1000`, leaving.signal).then(({ data }) => setTrunks(data)).catch(() => {});
        return () => leaving.abort();
    }, []);

    const save = async (/** @type {Event} */ event) => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        try {
            await onSave(phone, { campaignId: campaignId || null, livekitTrunkId: trunk.trim() || null, dailyCap: Number(cap) || 0, isActive });
        } catch (failure) {
            setError(failure);
            setBusy(false);
        }
    };
    return html`<${Dialog} title=${phone.number} onClose=${onClose}>
        <form class="stack" onSubmit=${save}>
            <div class="field">
                <label for="edit-campaign">${t("setup.campaign")}</label>
                <select id="edit-campaign" value=${campaignId} onChange=${(/** @type {any} */ event) => setCampaign(event.currentTarget.value)}>
                    <option value="" selected=${!campaignId}>${t("edit.no_campaign")}</option>
                    ${campaigns.map(({ id, name }) => html`<option key=${id} value=${id} selected=${id === campaignId}>${name}</option>`)}
                </select>
            </div>
            <div class="field">
                <label for="edit-trunk">${t("numbers.trunk")} <small>${t("field.optional")}</small></label>
                <input id="edit-trunk" type="text" autocomplete="off" spellcheck=${false} list="edit-trunks" placeholder="ST_…" value=${trunk}
                    onInput=${(/** @type {any} */ event) => setTrunk(event.currentTarget.value)} />
                <datalist id="edit-trunks">${trunks.filter(({ trunk_sid: sid }) => sid.startsWith("ST_")).map(({ trunk_sid: sid, name }) => html`
                    <option key=${sid} value=${sid}>${name}</option>`)}</datalist>
            </div>
            <div class="field">
                <label for="edit-cap">${t("edit.cap")} <small>${t("field.optional")}</small></label>
                <input id="edit-cap" type="number" min="0" max="1000000" inputmode="numeric" value=${cap} aria-describedby="edit-cap-hint"
                    onInput=${(/** @type {any} */ event) => setCap(event.currentTarget.value)} />
                <p id="edit-cap-hint" class="hint">${t("edit.cap_hint")}</p>
            </div>
            <label class="check">
                <input type="checkbox" id="edit-active" checked=${isActive} onChange=${(/** @type {any} */ event) => setActive(event.currentTarget.checked)} />
                <span>${t("edit.active")}</span>
            </label>
            <${ErrorNotice} error=${error} place="numbers" />
            <footer class="actions end">
                <button type="submit" class="button primary" id="edit-save" disabled=${busy}>${t(busy ? "edit.saving" : "edit.save")}</button>
            </footer>
        </form>
    <//>`;
}
