import { html, useEffect, useRef, useState } from "../preact.js";
import { useStore } from "../store.js";
import { ended, signIn } from "../api.js";
import { t } from "../i18n.js";
import { Ticks } from "../parts/dial.js";
import { ErrorNotice, Notice } from "../parts/notice.js";

export function SignIn() {
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [busy, setBusy] = useState(false);
    const why = useStore(ended);
    const email = useRef(/** @type {any} */ (null));
    const password = useRef(/** @type {any} */ (null));
    const code = useRef(/** @type {any} */ (null));
    const [asksCode, setAsksCode] = useState(false);

    useEffect(() => { email.current?.focus(); }, []);
    useEffect(() => { code.current?.focus(); }, [asksCode]);

    const submit = async (/** @type {Event} */ event) => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        try {
            await signIn(email.current.value.trim(), password.current.value, code.current?.value.trim());
        } catch (failure) {
            const first = failure?.code === "totp_required" && !asksCode;
            setAsksCode(asksCode || first);
            setError(first ? null : failure);
            setBusy(false);
            (code.current ?? password.current).select();
        }
    };

    return html`<div class="sign-in">
        <${Ticks} />
        <section class="card" aria-labelledby="sign-in-title">
            <h1 id="sign-in-title">${t("sign_in.title")}</h1>
            <p class="lead">${t("sign_in.lead")}</p>
            ${why === "expired" && !error && html`<${Notice} kind="warn" icon="hourglass"><p>${t("sign_in.expired")}</p><//>`}
            <form onSubmit=${submit} class="stack">
                <div class="field">
                    <label for="email">${t("sign_in.email")}</label>
                    <input id="email" ref=${email} type="email" autocomplete="username" required inputmode="email" />
                </div>
                <div class="field">
                    <label for="password">${t("sign_in.password")}</label>
                    <input id="password" ref=${password} type="password" autocomplete="current-password" required />
                </div>
                ${asksCode && html`<div class="field">
                    <label for="code">${t("sign_in.code")}</label>
                    <input id="code" ref=${code} type="text" inputmode="numeric" autocomplete="one-time-code" required maxlength="40"
                        aria-describedby="code-hint" />
                    <p class="hint" id="code-hint">${t("sign_in.code_hint")}</p>
                </div>`}
                <${ErrorNotice} error=${error} place="sign_in" />
                <button type="submit" class="button primary wide" disabled=${busy}>
                    ${t(busy ? "sign_in.busy" : "sign_in.submit")}</button>
            </form>
        </section>
    </div>`;
}
