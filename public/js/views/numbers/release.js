// Giving a number back cannot be undone: somebody else may have it the next minute.

import { html, useState } from "../../preact.js";
import { t } from "../../i18n.js";
import { Dialog } from "../../parts/dialog.js";
import { ErrorNotice } from "../../parts/notice.js";

/**
 * @param {{ phone: import("../numbers.js").PhoneNumber, onClose: () => void,
 *           onRelease: (phone: import("../numbers.js").PhoneNumber) => Promise<void> }} props
 */
export function ReleaseNumber({ phone, onClose, onRelease }) {
    const [busy, setBusy] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));

    const go = async () => {
        setBusy(true);
        setError(null);
        try {
            await onRelease(phone);
        } catch (failure) {
            setError(failure);
            setBusy(false);
        }
    };
    return html`<${Dialog} title=${t("release.title", { phone: phone.number })} onClose=${onClose} actions=${html`
        <button type="button" class="button quiet" onClick=${onClose}>${t("release.keep")}</button>
        <button type="button" class="button danger" id="release-confirm" disabled=${busy} onClick=${go}>
            ${t(busy ? "release.busy" : "release.confirm")}</button>`}>
        <p>${t("release.explain")}</p>
        <${ErrorNotice} error=${error} place="numbers" />
    <//>`;
}
