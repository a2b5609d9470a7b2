// A lead and its numbers: the first is called first, the others after it in their order.

import { html, useState } from "../../preact.js";
import { t } from "../../i18n.js";
import { Dialog } from "../../parts/dialog.js";
import { Icon } from "../../parts/icon.js";
import { ErrorNotice } from "../../parts/notice.js";

const MOST = 9;

/** @typedef {import("./people.js").Lead} Lead */

/** @param {{ lead: Lead, onClose: () => void, onSave: (lead: Lead, fields: object) => Promise<void> }} props */
export function EditLead({ lead, onClose, onSave }) {
    const [name, setName] = useState(lead.name);
    const [phone, setPhone] = useState(lead.phone);
    const [phones, setPhones] = useState(lead.phones.map(({ phone_e164, label }) => ({ phone: phone_e164, label: label ?? "" })));
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));

    /** @param {number} place @param {object} member */
    const set = (place, member) => setPhones(phones.map((one, at) => at === place ? { ...one, ...member } : one));
    const save = async (/** @type {Event} */ event) => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        try {
            await onSave(lead, { name: name.trim(), ...(phone !== lead.phone && { phone: phone.trim() }),
                phones: phones.filter((one) => one.phone.trim()).map((one) => ({ phone: one.phone.trim(), label: one.label.trim() || null })) });
        } catch (failure) {
            setError(failure);
            setBusy(false);
        }
    };

    return html`<${Dialog} title=${lead.name} onClose=${onClose}>
        <form class="stack" id="edit-lead" onSubmit=${save}>
            <div class="field"><label for="lead-name">${t("import.field.name")}</label>
                <input id="lead-name" type="text" required maxlength="300" value=${name} onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} /></div>
            <div class="field"><label for="lead-phone">${t("import.field.phone")}</label>
                <input id="lead-phone" type="tel" required maxlength="100" autocomplete="off" value=${phone} onInput=${(/** @type {any} */ event) => setPhone(event.currentTarget.value)} /></div>
            <fieldset class="stack"><legend>${t("leads.further")}</legend>
                ${phones.map((one, at) => html`<div class="further" key=${at}>
                    <input type="tel" maxlength="100" autocomplete="off" aria-label=${t("leads.further_n", { n: at + 2 })} value=${one.phone}
                        onInput=${(/** @type {any} */ event) => set(at, { phone: event.currentTarget.value })} />
                    <input type="text" maxlength="50" autocomplete="off" aria-label=${t("leads.label_n", { n: at + 2 })} placeholder=${t("leads.label")} value=${one.label}
                        onInput=${(/** @type {any} */ event) => set(at, { label: event.currentTarget.value })} />
                    <button type="button" class="button bare square" aria-label=${t("leads.remove_n", { n: at + 2 })} title=${t("leads.remove_n", { n: at + 2 })}
                        onClick=${() => setPhones(phones.filter((_, place) => place !== at))}><${Icon} name="trash-2" /></button>
                </div>`)}
                ${phones.length < MOST && html`<div class="actions"><button type="button" id="lead-more" class="button quiet"
                    onClick=${() => setPhones([...phones, { phone: "", label: "" }])}><${Icon} name="plus" />${t("leads.add")}</button></div>`}
            </fieldset>
            <${ErrorNotice} error=${error} place="leads" />
            <footer class="actions end"><button type="submit" class="button primary" id="lead-save" disabled=${busy}>${t(busy ? "edit.saving" : "edit.save")}</button></footer>
        </form>
    <//>`;
}
