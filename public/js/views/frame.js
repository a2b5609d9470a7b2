// What stands around every screen: the bar at the top, the banner for a lost connection, the sheet of keys.

import { html, useEffect, useRef, useState } from "../preact.js";
import { useStore } from "../store.js";
import { connectionLost, session, signOut } from "../api.js";
import { chooseLocale, language, LOCALES, t } from "../i18n.js";
import { chooseTheme, nextTheme, theme } from "../theme.js";
import { chooseSingleKeys, singleKeys, useKeys } from "../keys.js";
import { Dialog } from "../parts/dialog.js";
import { Icon, Mark } from "../parts/icon.js";
import { Toasts } from "../parts/toast.js";

const THEME_ICON = { system: "sun-moon", light: "sun", dark: "moon" };

export function LanguageChoice() {
    const { locale } = useStore(language);
    return html`<label class="language"><${Icon} name="languages" />
        <span class="off-screen">${t("frame.language")}</span>
        <select id="language" value=${locale}
            onChange=${(/** @type {any} */ event) => chooseLocale(event.currentTarget.value)}>
            ${LOCALES.map((code) => html`<option key=${code} value=${code} lang=${code} selected=${code === locale}>
                ${t(`language.${code}`)}</option>`)}
        </select>
    </label>`;
}

export function ThemeChoice() {
    const chosen = useStore(theme);
    const next = nextTheme(chosen);
    const label = t("frame.theme", { now: t(`theme.${chosen}`), next: t(`theme.${next}`) });
    return html`<button type="button" id="theme" class="button bare square" data-theme-choice=${chosen} title=${label}
        aria-label=${label} onClick=${() => chooseTheme(next)}><${Icon} name=${THEME_ICON[chosen]} /></button>`;
}

const KEYS = [["?", "keys.sheet"], ["/", "keys.filter"], ["Ctrl Enter", "keys.start"], ["Esc", "keys.escape"]];

/** @param {{ onClose: () => void }} props */
function KeySheet({ onClose }) {
    const on = useStore(singleKeys);
    return html`<${Dialog} title=${t("keys.title")} onClose=${onClose}>
        <dl class="keys">
            ${KEYS.map(([keys, what]) => html`<div key=${what}>
                <dt>${keys.split(" ").map((key, at) => html`${at > 0 && " + "}<kbd>${key}</kbd>`)}</dt>
                <dd>${t(what)}</dd>
            </div>`)}
        </dl>
        <label class="check">
            <input type="checkbox" checked=${on}
                onChange=${(/** @type {any} */ event) => chooseSingleKeys(event.currentTarget.checked)} />
            <span>${t("keys.single")}</span>
        </label>
    <//>`;
}

function LostBanner() {
    const lost = useStore(connectionLost);
    return html`<div class="banner-place" role="status">
        ${lost && html`<p class="banner"><${Icon} name="wifi-off" /> ${t("frame.connection_lost")}</p>`}
    </div>`;
}

/** The way to the other screens: links in a row, and where there is no room for a row, below a button that opens and closes them. @param {{ screens: string[], screen: string }} props */
function Screens({ screens, screen }) {
    const [open, setOpen] = useState(false);
    const button = useRef(/** @type {HTMLButtonElement | null} */ (null));
    useEffect(() => setOpen(false), [screen]);
    const onKeyDown = (/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Escape" || !open)
            return;
        setOpen(false);
        button.current?.focus();
    };
    return html`<nav class="screens" aria-label=${t("nav.title")} onKeyDown=${onKeyDown}>
        <button type="button" id="menu" class="button bare" ref=${button} aria-expanded=${open} aria-controls="screens"
            onClick=${() => setOpen(!open)}><${Icon} name=${open ? "x" : "menu"} /> ${t("nav.title")}</button>
        <div id="screens" class="screens-list" data-open=${String(open)}>
            ${screens.map((name) => html`<a key=${name} href=${`#/${name}`} aria-current=${name === screen ? "page" : undefined}
                onClick=${() => setOpen(false)}>${t(`nav.${name}`)}</a>`)}
        </div>
    </nav>`;
}

/** @param {{ screens: string[], screen: string, children?: any }} props */
export function Frame({ screens, screen, children }) {
    const [sheet, setSheet] = useState(false);
    const who = useStore(session);
    useKeys({ "?": () => setSheet(true) });
    return html`
        <a class="skip" href="#main" onClick=${(/** @type {Event} */ event) => {
            event.preventDefault();
            document.getElementById("main")?.focus();
        }}>${t("frame.skip")}</a>
        <header class="top">
            <div class="top-in">
                <p class="brand"><${Mark} /><span>Outdial</span></p>
                ${screens.length > 1 && html`<${Screens} screens=${screens} screen=${screen} />`}
                ${who?.tenant && html`<p class="tenant" title=${t("frame.tenant")}><bdi>${who.tenant.name}</bdi></p>`}
                <div class="top-tools">
                    <${LanguageChoice} />
                    <${ThemeChoice} />
                    <button type="button" id="keys" class="button bare square" aria-label=${t("keys.title")}
                        title=${t("keys.title")} onClick=${() => setSheet(true)}><${Icon} name="keyboard" /></button>
                    ${who && html`
                        <a id="to-account" class="who" href="#/account" title=${t("account.title")}><bdi>${who.user.name || who.user.email}</bdi> <small>${t(`role.${who.user.role}`)}</small></a>
                        <button type="button" id="sign-out" class="button bare square" aria-label=${t("frame.sign_out")}
                            title=${t("frame.sign_out")} onClick=${signOut}><${Icon} name="log-out" /></button>`}
                </div>
            </div>
        </header>
        <${LostBanner} />
        <main id="main" tabindex="-1">${children}</main>
        <${Toasts} />
        ${sheet && html`<${KeySheet} onClose=${() => setSheet(false)} />`}`;
}
