// Chooses the language, continues a kept session, and draws the screen that the address names.

import { html, render, useEffect, useState } from "./preact.js";
import { useStore } from "./store.js";
import { resumeSession, session } from "./api.js";
import { language, loadLocale, preferredLocale, t } from "./i18n.js";
import { may } from "./roles.js";
import { address, go } from "./router.js";
import { ErrorNotice, Notice } from "./parts/notice.js";
import { SignIn } from "./views/sign-in.js";
import { Calling } from "./views/calling.js";
import { Campaigns } from "./views/campaigns.js";
import { Leads } from "./views/leads.js";
import { Numbers } from "./views/numbers.js";
import { Account } from "./views/account.js";
import { Settings } from "./views/settings.js";
import { SetUp } from "./views/setup.js";
import { Frame } from "./views/frame.js";
import { Webhooks } from "./views/webhooks.js";

/** @type {Record<string, (props: any) => any>} */
const SCREENS = { calling: Calling, campaigns: Campaigns, leads: Leads, numbers: Numbers, webhooks: Webhooks, settings: Settings, account: Account };

/** Screens that may() knows by the same name, and opens to administrators only. */
const CLOSED = ["webhooks", "settings"];

/** @param {import("./api.js").Session} who @param {string} screen */
const closedTo = (who, screen) => CLOSED.includes(screen) && !may(who.user.role, /** @type {any} */ (screen));

/**
 * Where somebody who is signed in stands: a second factor that is required comes first.
 * @param {import("./api.js").Session} who @param {string} screen
 */
function placeOf(who, screen) {
    if (who.tenant?.require_totp && !who.user.totp_enabled)
        return "account";
    return Object.hasOwn(SCREENS, screen) ? screen : "calling";
}

/** In place of a screen that is an administrator's: who came by an address that somebody else sent is told so. @param {{ screen: string }} props */
function Closed({ screen }) {
    return html`<section class="card narrow" id="closed"><h1 class="screen-title">${t(`nav.${screen}`)}</h1>
        <${Notice}><p>${t("frame.not_allowed")}</p><//></section>`;
}

function App() {
    useStore(language);
    const who = useStore(session);
    const { screen, argument } = useStore(address);
    const [failure, setFailure] = useState(/** @type {unknown} */ (null));

    const start = () => {
        setFailure(null);
        resumeSession().catch(setFailure);
    };
    useEffect(start, []);
    const settingUp = screen === "setup" && argument !== "";
    const place = who ? placeOf(who, screen) : "sign_in";
    useEffect(() => {
        document.title = `${settingUp ? t("link.title") : who ? t(`nav.${place}`) : t("sign_in.title")} · Outdial`;
        if (who && !settingUp && place !== screen)
            go(place, "", { replace: true });
    });

    const Screen = who && closedTo(who, place) ? Closed : SCREENS[place];
    const open = who && !settingUp ? Object.keys(SCREENS).filter((name) => name !== "account" && placeOf(who, name) === name && !closedTo(who, name)) : [];
    return html`<${Frame} screens=${open} screen=${place}>
        ${settingUp ? html`<${SetUp} key=${argument} token=${argument} />`
            : who === undefined ? failure && html`<${ErrorNotice} error=${failure} retry=${start} />`
            : who ? html`<${Screen} key=${who.user.id} session=${who} screen=${place} argument=${argument} />` : html`<${SignIn} />`}
    <//>`;
}

await loadLocale(preferredLocale());
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
