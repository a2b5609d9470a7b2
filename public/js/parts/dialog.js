// A modal sheet: the browser keeps the focus inside, Esc closes it, the focus returns to where it was.

import { html, useEffect, useRef } from "../preact.js";
import { t } from "../i18n.js";
import { Icon } from "./icon.js";

/** @param {{ title: string, onClose: () => void, children?: any, actions?: any }} props */
export function Dialog({ title, onClose, children, actions }) {
    const element = useRef(/** @type {any} */ (null));
    useEffect(() => {
        const before = /** @type {HTMLElement | null} */ (document.activeElement);
        element.current.showModal();
        return () => before?.focus?.();
    }, []);
    return html`<dialog ref=${element} aria-labelledby="dialog-title" onClose=${onClose}
        onClick=${(/** @type {MouseEvent} */ event) => event.target === element.current && element.current.close()}>
        <div class="dialog-body">
            <header class="card-head">
                <h2 id="dialog-title">${title}</h2>
                <button type="button" class="button bare square" aria-label=${t("action.close")}
                    onClick=${() => element.current.close()}><${Icon} name="x" /></button>
            </header>
            ${children}
            ${actions && html`<footer class="actions end">${actions}</footer>`}
        </div>
    </dialog>`;
}
