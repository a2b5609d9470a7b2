// Chooses the language, continues a kept session, and draws the screen that the address names.

import { html, render, useEffect, useState } from "./preact.js";
import { useStore } from "./store.js";
import { resumeSession, session } from "./api.js";
import { language, loadLocale, preferredLocale, t } from "./i18n.js";
import { may } from "./roles.js";
import { address, go } from "./router.js";
import { ErrorNotice } from "./parts/notice.js";
import { SignIn } from "./views/sign-in.js";
import { Calling } from "./views/calling.js";
import { Numbers } from "./views/numbers.js";
import { Frame } from "./views/frame.js";
import { Webhooks } from "./views/webhooks.js";

/** @type {Record<string, (props: any) => any>} */
const SCREENS = { calling: Calling, numbers: Numbers, webhooks: Webhooks };

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
    useEffect(() => {
        document.title = `${who ? t(`nav.${Object.hasOwn(SCREENS, screen) ? screen : "calling"}`) : t("sign_in.title")} · Outdial`;
        if (who && !Object.hasOwn(SCREENS, screen))
            go("calling", "", { replace: true });
    });

    const Screen = SCREENS[screen] ?? Calling;
    return html`<${Frame} screens=${who ? Object.keys(SCREENS).filter((name) => name !== "webhooks" || may(who.user.role, name)) : []} screen=${screen}>
        ${who === undefined ? failure && html`<${ErrorNotice} error=${failure} retry=${start} />`
            : who ? html`<${Screen} key=${who.user.id} session=${who} argument=${argument} />` : html`<${SignIn} />`}
    <//>`;
}

await loadLocale(preferredLocale());
render(html`<${App} />`, /** @type {HTMLElement} */ (document.getElementById("app")));
