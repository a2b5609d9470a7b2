// A new campaign needs a name; everything else is as another campaign has it, or as is usual.

import { html, useRef, useState } from "../../preact.js";
import { createClickKey, get } from "../../api.js";
import { t } from "../../i18n.js";
import { Dialog } from "../../parts/dialog.js";
import { ErrorNotice } from "../../parts/notice.js";
import { COPIED } from "./fields.js";

/** @param {{ path: string, campaigns: { id: string, name: string }[], onClose: () => void, onMade: (id: string) => void }} props */
export function NewCampaign({ path, campaigns, onClose, onMade }) {
    const [name, setName] = useState("");
    const [model, setModel] = useState("");
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const click = useRef(createClickKey());

    const create = async (/** @type {Event} */ event) => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        try {
            const like = model ? await get(`${path}/${model}`) : {};
            const copied = Object.fromEntries(COPIED.filter((member) => like[member] !== undefined).map((member) => [member, like[member]]));
            const { reply } = await click.current.post(path, { ...copied, name: name.trim() });
            onMade(reply.id);
        } catch (failure) {
            setError(failure);
            setBusy(false);
        }
    };
    return html`<${Dialog} title=${t("campaigns.new")} onClose=${onClose}>
        <form class="stack" onSubmit=${create}>
            <div class="field"><label for="new-name">${t("first.name")}</label>
                <input id="new-name" required maxlength="200" autocomplete="off" value=${name} onInput=${(/** @type {any} */ event) => setName(event.currentTarget.value)} /></div>
            ${campaigns.length > 0 && html`<div class="field"><label for="new-model">${t("campaigns.settings_of")}</label>
                <select id="new-model" value=${model} onChange=${(/** @type {any} */ event) => setModel(event.currentTarget.value)}>
                    <option value="" selected=${!model}>${t("campaigns.usual")}</option>
                    ${campaigns.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === model}>${one.name}</option>`)}
                </select></div>`}
            <${ErrorNotice} error=${error} />
            <footer class="actions end"><button type="submit" id="new-create" class="button primary" disabled=${busy}>${t("first.create")}</button></footer>
        </form>
    <//>`;
}
