// A new endpoint: its address, and which events it wants to hear.

import { html, useRef, useState } from "../../preact.js";
import { createClickKey } from "../../api.js";
import { t } from "../../i18n.js";
import { Icon } from "../../parts/icon.js";
import { ErrorNotice } from "../../parts/notice.js";
import { eventWord } from "../webhooks.js";

/** @param {{ base: string, names: string[], onMade: (endpoint: any) => void }} props */
export function NewEndpoint({ base, names, onMade }) {
    const [url, setUrl] = useState("");
    const [description, setDescription] = useState("");
    const [all, setAll] = useState(true);
    const [chosen, setChosen] = useState(/** @type {string[]} */ ([]));
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const click = useRef(createClickKey());

    const add = async (/** @type {Event} */ event) => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        try {
            const body = { url: url.trim(), ...(description.trim() && { description: description.trim() }), ...(!all && { events: chosen }) };
            const { reply } = await click.current.post(base, body);
            setUrl("");
            setDescription("");
            setAll(true);
            setChosen([]);
            onMade(reply);
        } catch (failure) {
            setError(failure);
        }
        setBusy(false);
    };
    const toggle = (/** @type {string} */ name, /** @type {boolean} */ on) =>
        setChosen(on ? [...chosen, name] : chosen.filter((other) => other !== name));

    return html`<section class="card" id="new-webhook" aria-labelledby="new-webhook-title">
        <header class="card-head"><h2 id="new-webhook-title">${t("webhooks.new")}</h2></header>
        <form class="stack" onSubmit=${add}>
            <div class="field">
                <label for="webhook-url">${t("webhooks.url")}</label>
                <input id="webhook-url" type="url" required autocomplete="off" placeholder="https://example.com/outdial" value=${url}
                    aria-describedby="webhook-url-hint" onInput=${(/** @type {any} */ event) => setUrl(event.currentTarget.value)} />
                <p class="hint" id="webhook-url-hint">${t("webhooks.url_hint")}</p>
            </div>
            <div class="field">
                <label for="webhook-description">${t("webhooks.description")} <small>${t("field.optional")}</small></label>
                <input id="webhook-description" type="text" autocomplete="off" maxlength="500" value=${description}
                    onInput=${(/** @type {any} */ event) => setDescription(event.currentTarget.value)} />
            </div>
            <fieldset class="choices">
                <legend>${t("webhooks.events")}</legend>
                <label class="check"><input type="checkbox" id="webhook-all" checked=${all}
                    onChange=${(/** @type {any} */ event) => setAll(event.currentTarget.checked)} /><span>${t("webhooks.all")}</span></label>
                ${!all && names.map((name) => html`<label class="check" key=${name}><input type="checkbox" name=${name} checked=${chosen.includes(name)}
                    onChange=${(/** @type {any} */ event) => toggle(name, event.currentTarget.checked)} />
                    <span>${eventWord(name)} <code>${name}</code></span></label>`)}
            </fieldset>
            <${ErrorNotice} error=${error} />
            <div class="actions"><button type="submit" class="button primary" disabled=${busy || (!all && chosen.length === 0)}>
                <${Icon} name="plus" />${t(busy ? "webhooks.adding" : "webhooks.add")}</button></div>
        </form>
    </section>`;
}
