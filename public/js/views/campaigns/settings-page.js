// One campaign: what it is doing, and everything that can be set, which counts from the moment it is saved.

import { html, useEffect, useMemo, useState } from "../../preact.js";
import { ApiError, change, get } from "../../api.js";
import { t, tn } from "../../i18n.js";
import { useKeys } from "../../keys.js";
import { Dialog } from "../../parts/dialog.js";
import { Icon } from "../../parts/icon.js";
import { ErrorNotice, Notice } from "../../parts/notice.js";
import { toast } from "../../parts/toast.js";
import { FIELDS } from "./fields.js";
import { changesOf, complaintsOf, valuesOf } from "./form.js";
import { idOf } from "./inputs.js";
import { Basics, CallerId, Hours, Limits, Machines, Order, Pace, Retries } from "./sections.js";
import { everyPage, State } from "./state.js";
import { Words } from "./words.js";

const SECTIONS = ["basics", "pace", "hours", "caller_id", "machines", "retries", "order", "limits", "words"];
const WORDS = /^(en|tr)\.(\w+)$/;

/** @param {Set<string>} one @param {Set<string>} other */
const differs = (one, other) => one.size !== other.size || [...one].some((id) => !other.has(id));

/** Brings the first field that is wrong into sight. @param {string} path */
function point(path) {
    const words = WORDS.exec(path);
    if (words)
        document.getElementById(`words-${words[1]}`)?.click();
    requestAnimationFrame(() => {
        const field = document.getElementById(words ? `words-${words[1]}-${words[2]}` : idOf(path));
        const folded = field?.closest("details");
        if (folded)
            folded.open = true;
        field?.focus();
    });
}

/** The texts that were changed. @param {import("./words.js").Texts} texts @param {import("./words.js").Texts} before */
function textChanges(texts, before) {
    /** @type {import("./words.js").Texts} */
    const body = {};
    for (const [language, parts] of Object.entries(texts))
        for (const [part, text] of Object.entries(parts))
            if (text !== before[language]?.[part])
                (body[language] ??= {})[part] = text;
    return body;
}

/** @param {{ base: string, id: string, allowed: boolean, onChanged: () => void, onGone: () => void }} props base: the tenant's address */
export function CampaignSettings({ base, id, allowed, onChanged, onGone }) {
    const path = `${base}/campaigns/${id}`;
    const [campaign, setCampaign] = useState(/** @type {any} */ (null));
    const [values, setValues] = useState(/** @type {import("./form.js").Values} */ ({}));
    const [texts, setTexts] = useState(/** @type {import("./words.js").Texts} */ ({}));
    const [textsBefore, setTextsBefore] = useState(/** @type {import("./words.js").Texts} */ ({}));
    const [numbers, setNumbers] = useState(/** @type {import("./pool.js").Phone[] | null} */ (null));
    const [linked, setLinked] = useState(/** @type {Set<string>} */ (new Set()));
    const [refused, setRefused] = useState(/** @type {Record<string, string>} */ ({}));
    const [asking, setAsking] = useState(/** @type {"" | "stop" | "delete"} */ (""));
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const [busy, setBusy] = useState(false);

    const take = (/** @type {any} */ next) => {
        setCampaign(next);
        setValues(valuesOf(next));
        setRefused({});
    };
    const takeTexts = (/** @type {import("./words.js").Texts} */ next) => {
        setTexts(next);
        setTextsBefore(next);
    };
    const takeNumbers = (/** @type {import("./pool.js").Phone[]} */ rows) => {
        setNumbers(rows);
        setLinked(new Set(rows.filter(({ campaignId }) => campaignId === id).map((phone) => phone.id)));
    };
    const load = async () => {
        setError(null);
        try {
            const [one, words, rows] = await Promise.all([get(path), get(`${path}/scripts`), everyPage(`${base}/phone-numbers`)]);
            take(one);
            takeTexts(words);
            takeNumbers(rows);
        } catch (failure) {
            setError(failure);
        }
    };
    useEffect(() => { load(); }, [path]);

    const before = useMemo(() => campaign && valuesOf(campaign), [campaign]);
    const linkedBefore = useMemo(() => new Set((numbers ?? []).filter(({ campaignId }) => campaignId === id).map((phone) => phone.id)), [numbers]);
    const body = before ? changesOf(values, before, campaign) : {};
    const words = textChanges(texts, textsBefore);
    const dirty = Object.keys(body).length > 0 || Object.keys(words).length > 0 || differs(linked, linkedBefore);
    useEffect(() => {
        const stay = (/** @type {Event} */ event) => event.preventDefault();
        if (dirty)
            addEventListener("beforeunload", stay);
        return () => removeEventListener("beforeunload", stay);
    }, [dirty]);

    /** A refusal's fields that are on the form are told there. @param {unknown} failure */
    const refuse = (failure) => {
        const fields = failure instanceof ApiError ? failure.errors : [];
        setRefused(Object.fromEntries(fields.map(({ field, detail, code }) => [field, detail || code || ""])));
        setError(failure);
        const first = fields.find(({ field }) => Object.hasOwn(FIELDS, field) || WORDS.test(field));
        if (first)
            point(first.field);
    };
    /** @returns {Promise<boolean>} */
    const save = async () => {
        const wrong = complaintsOf(values);
        setRefused(wrong);
        setError(null);
        if (Object.keys(wrong).length) {
            point(Object.keys(wrong)[0]);
            return false;
        }
        setBusy(true);
        try {
            if (Object.keys(words).length)
                takeTexts((await change("PUT", `${path}/scripts`, words)).reply);
            for (const phone of numbers ?? [])
                if (linked.has(phone.id) !== linkedBefore.has(phone.id))
                    await change("PATCH", `${base}/phone-numbers/${phone.id}`, { campaignId: linked.has(phone.id) ? id : null });
            if (differs(linked, linkedBefore))
                takeNumbers(await everyPage(`${base}/phone-numbers`));
            if (Object.keys(body).length)
                take((await change("PATCH", path, body)).reply);
            toast(t("pacing.saved"));
            onChanged();
            return true;
        } catch (failure) {
            refuse(failure);
            return false;
        } finally {
            setBusy(false);
        }
    };
    const discard = () => {
        take(campaign);
        setTexts(textsBefore);
        setLinked(linkedBefore);
        setError(null);
    };
    const command = async (/** @type {"start" | "resume" | "pause" | "stop"} */ what) => {
        if (dirty && !(await save()))
            return;
        setBusy(true);
        setError(null);
        try {
            take((await change("POST", `${path}/${what}`)).reply);
            onChanged();
        } catch (failure) {
            setError(failure);
        }
        setBusy(false);
    };
    const remove = async () => {
        setError(null);
        try {
            await change("DELETE", path);
            toast(t("campaign.deleted", { name: campaign.name }));
            onGone();
        } catch (failure) {
            setError(failure);
        }
    };
    const reset = async (/** @type {string} */ language, /** @type {string} */ part) => {
        setError(null);
        try {
            const { reply } = await change("PUT", `${path}/scripts`, { [language]: { [part]: null } });
            setTextsBefore(reply);
            setTexts({ ...texts, [language]: { ...texts[language], [part]: reply[language][part] } });
            toast(t("campaign.words.is_default"));
        } catch (failure) {
            setError(failure);
        }
    };
    useKeys({ "Control+Enter": (event) => {
        if (dirty && allowed && !busy) {
            event.preventDefault();
            save();
        }
    } });

    if (!campaign)
        return html`<${ErrorNotice} error=${error} place="campaign" retry=${load} />`;
    const form = { values, complaints: refused, allowed, set: (/** @type {string} */ name, /** @type {string | boolean} */ value) => {
        setValues({ ...values, [name]: value });
        if (refused[name])
            setRefused(Object.fromEntries(Object.entries(refused).filter(([one]) => one !== name)));
    } };
    const { state } = campaign;
    const leads = campaign.leads?.count ?? 0;
    const starts = state === "paused" || state === "stopped" ? "resume" : "start";
    return html`<p><a href="#/campaigns" class="back">← ${t("nav.campaigns")}</a></p>
        <header class="page-head">
            <div><h1 id="campaign-title"><bdi>${campaign.name}</bdi></h1>
                <p class="page-facts"><${State} state=${state} /><span>${tn("campaigns.leads", leads)}</span></p></div>
            <div class="actions">
                <a class="button quiet" href=${`#/calling/${id}`}><${Icon} name="phone-call" />${t("campaign.watch")}</a>
                ${allowed && state === "running" && html`
                    <button type="button" id="campaign-stop" class="button quiet" disabled=${busy} onClick=${() => setAsking("stop")}><${Icon} name="square" />${t("action.stop")}</button>
                    <button type="button" id="campaign-pause" class="button primary" disabled=${busy} onClick=${() => command("pause")}><${Icon} name="pause" />${t("action.pause")}</button>`}
                ${allowed && state === "paused" && html`
                    <button type="button" id="campaign-stop" class="button quiet" disabled=${busy} onClick=${() => setAsking("stop")}><${Icon} name="square" />${t("action.stop")}</button>`}
                ${allowed && state !== "running" && html`
                    <button type="button" id="campaign-start" class="button primary" disabled=${busy || (leads === 0 && starts === "start")} onClick=${() => command(starts)}><${Icon} name="play" />
                        ${t(dirty ? `campaign.save_and_${starts}` : starts === "resume" ? "action.resume" : "action.start")}</button>`}
            </div>
        </header>
        ${campaign.stateReason && html`<${Notice} kind="warn" icon="triangle-alert"><p>${campaign.stateReason}</p><//>`}
        ${!allowed && html`<${Notice}><p>${t("campaign.not_allowed")}</p><//>`}
        ${leads === 0 && allowed && state === "draft" && html`<${Notice}><p>${t("campaign.no_leads")} <a href=${`#/calling/${id}`}>${t("campaign.give_leads")}</a></p><//>`}
        <div class="settings-page">
            <nav class="contents" aria-label=${t("campaign.contents")}>
                ${SECTIONS.map((name) => html`<button type="button" key=${name} onClick=${() => {
                    document.getElementById(`section-${name}`)?.scrollIntoView({ block: "start" });
                    document.getElementById(`section-${name}-title`)?.focus({ preventScroll: true });
                }}>${t(`campaign.section.${name}`)}</button>`)}
            </nav>
            <form id="campaign-form" class="settings-body" noValidate onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); save(); }}>
                <${Basics} form=${form} />
                <${Pace} form=${form} leads=${leads} />
                <${Hours} form=${form} />
                <${CallerId} form=${form} numbers=${numbers} linked=${linked} setLinked=${setLinked} campaignId=${id} />
                <${Machines} form=${form} />
                <${Retries} form=${form} />
                <${Order} form=${form} />
                <${Limits} form=${form} />
                <${Words} texts=${texts} setTexts=${setTexts} complaints=${refused} allowed=${allowed} first=${campaign.locale ?? "en"} onReset=${reset} />
                <${ErrorNotice} error=${error} place="campaign" />
                ${allowed && html`<div class=${dirty ? "save-bar dirty" : "save-bar"}>
                    <p role="status">${dirty ? t("campaign.unsaved") : t("campaign.all_saved")}</p>
                    <div class="actions">
                        ${!dirty && !campaign.isDefault && html`<button type="button" id="campaign-delete" class="button bare" disabled=${state === "running"} onClick=${() => setAsking("delete")}>
                            <${Icon} name="trash-2" />${t("campaign.delete")}</button>`}
                        ${dirty && html`<button type="button" id="campaign-discard" class="button bare" disabled=${busy} onClick=${discard}>${t("campaign.discard")}</button>`}
                        <button type="submit" id="campaign-save" class="button primary" disabled=${!dirty || busy}>${t(busy ? "edit.saving" : "edit.save")}</button>
                    </div>
                </div>`}
            </form>
        </div>
        ${asking && html`<${Dialog} title=${t(`campaign.ask.${asking}.title`, { name: campaign.name })} onClose=${() => setAsking("")} actions=${html`
            <button type="button" class="button quiet" onClick=${() => setAsking("")}>${t("campaign.ask.keep")}</button>
            <button type="button" id="campaign-sure" class="button danger" onClick=${() => { setAsking(""); return asking === "stop" ? command("stop") : remove(); }}>
                ${t(`campaign.ask.${asking}.sure`)}</button>`}>
            <p>${t(`campaign.ask.${asking}.text`)}</p>
        <//>`}`;
}
