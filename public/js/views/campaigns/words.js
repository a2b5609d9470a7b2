// What a campaign says, per language.  A text that nobody has changed is the default one.

import { html, useState } from "../../preact.js";
import { t } from "../../i18n.js";
import { Icon } from "../../parts/icon.js";
import { Section } from "./inputs.js";

const LANGUAGES = ["en", "tr"];
const PARTS = ["greeting", "connecting", "opted_out", "no_input", "voicemail"];

/** @typedef {Record<string, Record<string, string>>} Texts */

/**
 * @param {{ texts: Texts, setTexts: (texts: Texts) => void, complaints: Record<string, string>, allowed: boolean, first: string,
 *           onReset: (language: string, part: string) => void }} props first: the language that is open at first
 */
export function Words({ texts, setTexts, complaints, allowed, first, onReset }) {
    const [open, setOpen] = useState(first);
    const wrongIn = (/** @type {string} */ language) => PARTS.some((part) => complaints[`${language}.${part}`]);
    return html`<${Section} id="words">
        <p class="hint">${t("campaign.words.hint", { persona: "{persona}", company: "{company}" })}</p>
        <div class="segments" role="group" aria-label=${t("campaign.words.language")}>
            ${LANGUAGES.map((language) => html`<button type="button" key=${language} lang=${language} class=${open === language ? "segment on" : "segment"} aria-pressed=${open === language}
                id=${`words-${language}`} onClick=${() => setOpen(language)}>${t(`language.${language}`)}${wrongIn(language) && html` <${Icon} name="triangle-alert" />`}</button>`)}
        </div>
        ${PARTS.map((part) => {
            const path = `${open}.${part}`;
            const id = `words-${open}-${part}`;
            return html`<div class="field" key=${path}>
                <div class="label-line"><label for=${id}>${t(`campaign.words.${part}`)}</label>
                    ${allowed && html`<button type="button" class="button bare small" onClick=${() => onReset(open, part)}
                        aria-label=${t("campaign.words.reset_this", { part: t(`campaign.words.${part}`) })}>${t("campaign.words.reset")}</button>`}</div>
                <textarea id=${id} class="words" rows="3" lang=${open} disabled=${!allowed} value=${texts[open]?.[part] ?? ""}
                    aria-invalid=${complaints[path] ? "true" : "false"} aria-describedby=${`${id}-hint`}
                    onInput=${(/** @type {any} */ event) => setTexts({ ...texts, [open]: { ...texts[open], [part]: event.currentTarget.value } })}></textarea>
                <p class=${complaints[path] ? "hint wrong" : "hint"} id=${`${id}-hint`}>${complaints[path] ?? t(`campaign.words.${part}.hint`)}</p>
            </div>`;
        })}
    <//>`;
}
