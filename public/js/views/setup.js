// A one-time link becomes a password: the first one, or a new one for somebody who has forgotten theirs.

import { html, useEffect, useRef, useState } from "../preact.js";
import { setUp } from "../api.js";
import { t } from "../i18n.js";
import { go } from "../router.js";
import { Ticks } from "../parts/dial.js";
import { ErrorNotice } from "../parts/notice.js";

const SHORTEST = 8;

/** @param {{ token: string }} props */
export function SetUp({ token }) {
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [busy, setBusy] = useState(false);
    const [differs, setDiffers] = useState(false);
    const password = useRef(/** @type {any} */ (null));
    const again = useRef(/** @type {any} */ (null));

    useEffect(() => { password.current?.focus(); }, []);

    const submit = async (/** @type {Event} */ event) => {
        event.preventDefault();
        const same = password.current.value === again.current.value;
        setDiffers(!same);
        if (!same) {
            again.current.select();
            return;
        }
        setBusy(true);
        setError(null);
        try {
            await setUp(token, password.current.value);
            go("calling", "", { replace: true });
        } catch (failure) {
            setError(failure);
        }
        setBusy(false);
    };

    return html`<div class="sign-in">
        <${Ticks} />
        <section class="card" aria-labelledby="setup-title">
            <h1 id="setup-title">${t("link.title")}</h1>
            <p class="lead">${t("link.lead", { n: SHORTEST })}</p>
            <form onSubmit=${submit} class="stack">
                <div class="field">
                    <label for="new-password">${t("link.password")}</label>
                    <input id="new-password" ref=${password} type="password" autocomplete="new-password" required minlength=${SHORTEST} />
                </div>
                <div class="field">
                    <label for="new-password-again">${t("link.again")}</label>
                    <input id="new-password-again" ref=${again} type="password" autocomplete="new-password" required
                        aria-invalid=${differs} aria-describedby="differs" />
                    <p class="hint wrong" id="differs" role="status">${differs && t("link.differs")}</p>
                </div>
                <${ErrorNotice} error=${error} place="link" />
                <button type="submit" class="button primary wide" disabled=${busy}>${t(busy ? "sign_in.busy" : "link.submit")}</button>
                <a class="button bare wide" href="#/calling">${t("link.to_sign_in")}</a>
            </form>
        </section>
    </div>`;
}
