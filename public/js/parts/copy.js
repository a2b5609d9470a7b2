// A text with a button that copies it.

import { html, useState } from "../preact.js";
import { t } from "../i18n.js";
import { toast } from "./toast.js";
import { Icon } from "./icon.js";

/** Plain http on another machine has no clipboard interface; the old command still works there. @param {string} text */
async function copyText(text) {
    if (navigator.clipboard) {
        try {
            await navigator.clipboard.writeText(text);
            return true;
        } catch { /* refused: try the old way */ }
    }
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "off-screen";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
}

/** @param {{ text: string, label: string, short?: string }} props label says what is copied; short is what is shown */
export function Copy({ text, label, short }) {
    const [copied, setCopied] = useState(false);
    const copy = async () => {
        const done = await copyText(text);
        toast(t(done ? "copy.done" : "copy.failed"));
        setCopied(done);
        setTimeout(setCopied, 2_000, false);
    };
    return html`<button type="button" class="copy" title=${text} onClick=${copy}>
        <span class="off-screen">${label}: </span><code>${short ?? text}</code><${Icon} name=${copied ? "check" : "copy"} />
    </button>`;
}
