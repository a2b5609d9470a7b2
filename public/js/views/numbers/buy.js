// Finding a number for sale and buying it: two steps, because it costs money at once.

import { html, useRef, useState } from "../../preact.js";
import { createClickKey, get } from "../../api.js";
import { t } from "../../i18n.js";
import { Dialog } from "../../parts/dialog.js";
import { Icon } from "../../parts/icon.js";
import { ErrorNotice } from "../../parts/notice.js";

const MOST = 20;
const TYPES = ["local", "toll_free", "mobile"];

/** @typedef {{ number: string, type: string, region: string | null, locality: string | null }} Offer */

/** @param {{ base: string, campaigns: import("../numbers.js").Campaign[], onClose: () => void, onBought: (text: string) => void }} props */
export function BuyNumber({ base, campaigns, onClose, onBought }) {
    const [wish, setWish] = useState({ country: "US", type: "local", area_code: "", contains: "" });
    const [offers, setOffers] = useState(/** @type {Offer[] | null} */ (null));
    const [chosen, setChosen] = useState(/** @type {Offer | null} */ (null));
    const [campaignId, setCampaign] = useState("");
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const click = useRef(createClickKey());

    const type = (/** @type {string} */ name) => (/** @type {any} */ event) => setWish({ ...wish, [name]: event.currentTarget.value });
    const trying = async (/** @type {() => Promise<void>} */ what) => {
        setBusy(true);
        setError(null);
        try {
            await what();
        } catch (failure) {
            setError(failure);
        }
        setBusy(false);
    };
    const search = (/** @type {Event} */ event) => {
        event.preventDefault();
        trying(async () => {
            const query = new URLSearchParams(Object.entries(wish).map(([name, value]) => [name, value.trim()]).filter(([, value]) => value));
            query.set("limit", String(MOST));
            setOffers((await get(`${base}/phone-numbers/available?${query}`)).data);
        });
    };
    const buy = () => trying(async () => {
        const { status, reply } = await click.current.post(`${base}/phone-numbers`, { number: chosen?.number, ...(campaignId && { campaignId }) });
        onBought(t(status === 201 ? "buy.bought" : "buy.ordered", { phone: reply.number }));
    });

    if (chosen)
        return html`<${Dialog} key="confirm" title=${t("buy.confirm_title", { phone: chosen.number })} onClose=${onClose} actions=${html`
            <button type="button" class="button quiet" onClick=${() => { setChosen(null); setError(null); }}>${t("buy.back")}</button>
            <button type="button" class="button primary" id="buy-confirm" disabled=${busy} onClick=${buy}>
                ${t(busy ? "buy.buying" : "buy.confirm")}</button>`}>
            <p>${t("buy.explain")}</p>
            <div class="field">
                <label for="buy-campaign">${t("setup.campaign")} <small>${t("field.optional")}</small></label>
                <select id="buy-campaign" value=${campaignId} onChange=${(/** @type {any} */ event) => setCampaign(event.currentTarget.value)}>
                    <option value="">${t("edit.no_campaign")}</option>
                    ${campaigns.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}
                </select>
            </div>
            <${ErrorNotice} error=${error} place="buy" />
        <//>`;
    return html`<${Dialog} key="search" title=${t("numbers.buy")} onClose=${onClose}>
        <form class="stack" onSubmit=${search} id="number-search">
            <div class="pair">
                <div class="field">
                    <label for="buy-country">${t("buy.country")}</label>
                    <input id="buy-country" type="text" required pattern="[A-Za-z]{2}" maxlength="2" autocomplete="off" spellcheck=${false} value=${wish.country}
                        onInput=${(/** @type {any} */ event) => setWish({ ...wish, country: event.currentTarget.value.toUpperCase() })} />
                </div>
                <div class="field">
                    <label for="buy-type">${t("numbers.type")}</label>
                    <select id="buy-type" value=${wish.type} onChange=${type("type")}>
                        ${TYPES.map((name) => html`<option key=${name} value=${name}>${t(`number_type.${name.toUpperCase()}`)}</option>`)}
                    </select>
                </div>
            </div>
            <div class="pair">
                <div class="field">
                    <label for="buy-area">${t("buy.area_code")} <small>${t("field.optional")}</small></label>
                    <input id="buy-area" type="text" inputmode="numeric" pattern="[0-9]{3}" maxlength="3" autocomplete="off" value=${wish.area_code} onInput=${type("area_code")} />
                </div>
                <div class="field">
                    <label for="buy-contains">${t("buy.contains")} <small>${t("field.optional")}</small></label>
                    <input id="buy-contains" type="text" pattern="[0-9*]{2,16}" maxlength="16" autocomplete="off" value=${wish.contains} onInput=${type("contains")} />
                </div>
            </div>
            <button type="submit" class="button quiet" id="buy-search" disabled=${busy}><${Icon} name="search" />${t(busy ? "buy.searching" : "buy.search")}</button>
        </form>
        <${ErrorNotice} error=${error} place="buy" />
        <div role="status">${offers && offers.length === 0 && html`<p>${t("buy.none")}</p>`}</div>
        ${offers && offers.length > 0 && html`<ul class="offers" id="offers">
            ${offers.map((offer) => html`<li key=${offer.number}>
                <span><strong><bdi>${offer.number}</bdi></strong> <small>${[offer.locality, offer.region].filter(Boolean).join(", ")}</small></span>
                <button type="button" class="button quiet" aria-label=${t("buy.choose_this", { phone: offer.number })}
                    onClick=${() => { setChosen(offer); setError(null); }}>${t("buy.choose")}</button>
            </li>`)}
        </ul>`}
    <//>`;
}
