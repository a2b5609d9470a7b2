// The numbers that a campaign may show: ticked here, linked when the form is saved.

import { html } from "../../preact.js";
import { t, tn } from "../../i18n.js";

/** @typedef {{ id: string, number: string, campaignId: string | null, isActive: boolean, state: string }} Phone */

/** @param {{ form: import("./inputs.js").Form, numbers: Phone[] | null, linked: Set<string>, setLinked: (linked: Set<string>) => void, campaignId: string }} props */
export function Pool({ form, numbers, linked, setLinked, campaignId }) {
    if (!numbers)
        return html`<p class="hint">${t("numbers.loading")}</p>`;
    if (!numbers.length)
        return html`<p class="hint">${t("campaign.pool.none")} <a href="#/numbers">${t("campaign.pool.get")}</a></p>`;
    const toggle = (/** @type {string} */ id, /** @type {boolean} */ on) => {
        const next = new Set(linked);
        if (on)
            next.add(id);
        else
            next.delete(id);
        setLinked(next);
    };
    return html`<fieldset class="choices pool" id="campaign-pool">
        <legend>${t("campaign.pool.title")}</legend>
        <p class="count">${tn("campaign.pool.count", linked.size)}</p>
        ${numbers.map((phone) => html`<label class="check" key=${phone.id}>
            <input type="checkbox" checked=${linked.has(phone.id)} disabled=${!form.allowed || phone.state !== "owned"}
                onChange=${(/** @type {any} */ event) => toggle(phone.id, event.currentTarget.checked)} />
            <span><bdi class="phone">${phone.number}</bdi>
                ${!phone.isActive && html` <small>${t("number_state.inactive")}</small>`}
                ${phone.campaignId && phone.campaignId !== campaignId && html` <small>${t("campaign.pool.elsewhere")}</small>`}</span>
        </label>`)}
    </fieldset>`;
}
