// Short confirmations.  They are read out politely and go by themselves; what must not be missed is said in place.

import { html } from "../preact.js";
import { createStore, useStore } from "../store.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

const STAY_MS = 8_000;

/** @typedef {{ id: number, text: string, action?: { label: string, run: () => void } }} Toast */
/** @type {import("../store.js").Store<Toast[]>} */
const toasts = createStore(/** @type {Toast[]} */ ([]));
let last = 0;

/** @param {number} id */
function dismiss(id) {
    toasts.set(toasts.get().filter((toast) => toast.id !== id));
}

/** @param {string} text @param {Toast["action"]} [action] */
export function toast(text, action) {
    const id = ++last;
    toasts.set([{ id, text, action }]);                     /* the newest says how things are now */
    setTimeout(dismiss, STAY_MS, id);
}

export function Toasts() {
    const shown = useStore(toasts);
    return html`<div class="toasts" role="status">
        ${shown.map(({ id, text, action }) => html`
            <div class="toast" key=${id}>
                <span>${text}</span>
                ${action && html`<button type="button" class="button quiet" onClick=${() => { dismiss(id); action.run(); }}>
                    ${action.label}</button>`}
                <button type="button" class="button bare square" aria-label=${t("action.dismiss")}
                    onClick=${() => dismiss(id)}><${Icon} name="x" /></button>
            </div>`)}
    </div>`;
}
