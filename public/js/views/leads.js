// The screen "Leads": a file becomes leads, one sees how far each import is, and who is there.

import { html, useRef } from "../preact.js";
import { t } from "../i18n.js";
import { may } from "../roles.js";
import { Notice } from "../parts/notice.js";
import { ImportFile } from "./leads/import-file.js";
import { Imports } from "./leads/imports.js";
import { People } from "./leads/people.js";

/** @param {{ session: import("../api.js").Session }} props */
export function Leads({ session }) {
    const base = `/api/v1/tenants/${session.tenant?.id}`;
    const again = useRef(() => {});

    if (!session.tenant)
        return html`<${Notice}><p>${t("calling.no_tenant")}</p><//>`;
    return html`<h1 class="screen-title">${t("nav.leads")}</h1>
        <div class="webhooks">
            ${may(session.user.role, "leads") ? html`<${ImportFile} base=${base} onStarted=${() => {
                again.current();
                document.getElementById("imports-title")?.focus();
            }} />` : html`<${Notice}><p>${t("import.not_allowed")}</p><//>`}
            <${Imports} base=${base} again=${again} />
            <${People} base=${base} allowed=${may(session.user.role, "leads")} />
        </div>`;
}
