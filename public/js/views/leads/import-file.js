// Takes a file and shows how it would be read; every change of a wish is asked again of the server, which alone knows.

import { html, useEffect, useMemo, useRef, useState } from "../../preact.js";
import { get, preview as askPreview, upload } from "../../api.js";
import { language, t } from "../../i18n.js";
import { Icon } from "../../parts/icon.js";
import { ErrorNotice } from "../../parts/notice.js";
import { toast } from "../../parts/toast.js";
import { Columns, mapOf } from "./columns.js";
import { FirstRows } from "./first-rows.js";

/**
 * @typedef {{ position: number, heading: string, field: string }} Column
 * @typedef {{ line: number, verdict: "ok" | "duplicate" | "refused", code: string | null, reason: string | null, phone_e164: string | null, cells: string[] }} Row
 * @typedef {{ encoding: string, delimiter: string, header: boolean, country: string | null, whole: boolean, columns: Column[], rows: Row[] }} Reading
 * @typedef {{ encoding: string, delimiter: string, header: string, country: string, policy: string, list: string, map: string }} Wishes
 */

const LOOKED_AT = 65_536;                               // bytes that the server looks at for a preview
const TYPING_MS = 300;
const ENCODINGS = ["utf-8", "utf-16le", "utf-16be", "windows-1254", "windows-1252"];
const DELIMITERS = { comma: ",", semicolon: ";", tab: "\t", bar: "|" };
/** @type {Wishes} */
const NONE = { encoding: "", delimiter: "", header: "", country: "", policy: "", list: "", map: "" };

/** @param {Partial<Wishes> & { file?: string }} wishes those that are filled */
const queryOf = (wishes) => new URLSearchParams(Object.entries(wishes).filter(([, value]) => value)).toString();

/** Codes of countries that are, in the order of their names. @param {string} locale @returns {[string, string][]} */
function countriesIn(locale) {
    const names = new Intl.DisplayNames(locale, { type: "region", fallback: "none" });
    const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
    return letters.flatMap((first) => letters.map((second) => first + second))
        .filter((code) => !/^(EU|EZ|UN|QO|X[AB]|ZZ)$/.test(code) && names.of(code) && Intl.getCanonicalLocales(`und-${code}`)[0] === `und-${code}`)
        .map((code) => /** @type {[string, string]} */ ([code, names.of(code)]))
        .sort(([, one], [, other]) => one.localeCompare(other, locale));
}

/** @param {{ name: keyof Wishes, label: string, wishes: Wishes, choices: [string, string][], onChange: (value: string) => void }} props */
function Choice({ name, label, wishes, choices, onChange }) {
    return html`<div class="field"><label for=${`import-${name}`}>${label}</label>
        <select id=${`import-${name}`} value=${wishes[name]} onChange=${(/** @type {any} */ event) => onChange(event.currentTarget.value)}>
            ${choices.map(([value, text]) => html`<option key=${value} value=${value} selected=${value === wishes[name]}>${text}</option>`)}
        </select></div>`;
}

/** @param {{ base: string, onStarted: () => void }} props */
export function ImportFile({ base, onStarted }) {
    const [file, setFile] = useState(/** @type {File | null} */ (null));
    const [wishes, setWishes] = useState(NONE);
    const [reading, setReading] = useState(/** @type {Reading | null} */ (null));
    const [lists, setLists] = useState(/** @type {string[]} */ ([]));
    const [over, setOver] = useState(false);
    const [sending, setSending] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const picker = useRef(/** @type {any} */ (null));
    const { locale } = language.get();
    const countries = useMemo(() => countriesIn(locale), [locale]);

    /** The columns of what is read in another way are other columns. @param {Partial<Wishes>} change */
    const wish = (change) => setWishes((before) => ({ ...before, ..."map" in change || "policy" in change || "list" in change || "country" in change ? {} : { map: "" }, ...change }));
    const take = (/** @type {File | null | undefined} */ chosen) => {
        if (!chosen)
            return;
        setFile(chosen);
        setReading(null);
        setError(null);
        wish({ map: "", encoding: "", delimiter: "", header: "" });
    };

    useEffect(() => { get(`${base}/lead-lists?limit=1000`).then(({ data }) => setLists(data.map((/** @type {{ name: string }} */ list) => list.name)), () => {}); }, [base]);

    const { list, ...read } = wishes;
    const asked = queryOf(read);
    useEffect(() => {
        if (!file)
            return undefined;
        const ending = new AbortController();
        const timer = setTimeout(async () => {
            try {
                setReading(await askPreview(`${base}/leads/import/preview?${asked}`, file.slice(0, LOOKED_AT), ending.signal));
                setError(null);
            } catch (failure) {
                if (!ending.signal.aborted)
                    setError(failure);
            }
        }, TYPING_MS);
        return () => { clearTimeout(timer); ending.abort(); };
    }, [base, file, asked]);

    const start = async () => {
        if (!file || sending)
            return;
        setSending(true);
        setError(null);
        try {
            await upload(`${base}/leads/import?${queryOf({ ...wishes, list: list.trim(), file: file.name.slice(-255) })}`, file);
            setFile(null);
            setReading(null);
            setWishes((before) => ({ ...before, map: "" }));
            toast(t("import.started", { file: file.name }));
            onStarted();
        } catch (failure) {
            setError(failure);
        }
        setSending(false);
    };

    const found = (/** @type {string} */ text) => reading ? t("import.found", { what: text }) : t("import.find_out");
    const delimiterName = Object.entries(DELIMITERS).find(([, mark]) => mark === reading?.delimiter)?.[0];
    const ready = reading !== null && reading.columns.some(({ field }) => /^phone\d?$/.test(field));
    return html`<section class="card" id="import" aria-labelledby="import-title" aria-busy=${sending}>
        <header class="card-head"><h2 id="import-title">${t("import.title")}</h2></header>
        <p class="lead">${t("import.lead")}</p>
        <div class=${over ? "composer drop over" : "composer drop"}
            onDragOver=${(/** @type {DragEvent} */ event) => { event.preventDefault(); setOver(true); }} onDragLeave=${() => setOver(false)}
            onDrop=${(/** @type {DragEvent} */ event) => { event.preventDefault(); setOver(false); take(event.dataTransfer?.files[0]); }}>
            <input ref=${picker} id="import-file" class="off-screen" type="file" tabindex="-1" aria-hidden="true" accept=".csv,.tsv,.txt,text/csv,text/plain"
                onChange=${(/** @type {any} */ event) => { take(event.currentTarget.files[0]); event.currentTarget.value = ""; }} />
            <button type="button" id="import-choose" class=${file ? "button quiet" : "button primary"} disabled=${sending}
                onClick=${() => picker.current.click()}><${Icon} name="file-up" />${t(file ? "import.choose_other" : "import.choose")}</button>
            <p class="count" role="status">${file ? html`<strong><bdi>${file.name}</bdi></strong> ${" "}${sizeOf(file.size)}` : t("import.drop")}</p>
        </div>
        ${file && html`<div class="wishes">
            <${Choice} name="country" label=${t("import.country")} wishes=${wishes} onChange=${(/** @type {string} */ country) => wish({ country })}
                choices=${[["", found(nameOf(countries, wishes.country ? "" : reading?.country ?? ""))], ...countries]} />
            <${Choice} name="encoding" label=${t("import.encoding")} wishes=${wishes} onChange=${(/** @type {string} */ encoding) => wish({ encoding })}
                choices=${[["", found(wishes.encoding ? "" : reading?.encoding ?? "")], ...ENCODINGS.map((name) => [name, name])]} />
            <${Choice} name="delimiter" label=${t("import.delimiter")} wishes=${wishes} onChange=${(/** @type {string} */ delimiter) => wish({ delimiter })}
                choices=${[["", found(!wishes.delimiter && delimiterName ? t(`import.delimiter.${delimiterName}`) : "")],
                    ...Object.keys(DELIMITERS).map((name) => [name, t(`import.delimiter.${name}`)])]} />
            <${Choice} name="header" label=${t("import.header")} wishes=${wishes} onChange=${(/** @type {string} */ header) => wish({ header })}
                choices=${[["", found(!wishes.header && reading ? t(`import.header.${reading.header ? "yes" : "no"}`) : "")],
                    ["yes", t("import.header.yes")], ["no", t("import.header.no")]]} />
            <${Choice} name="policy" label=${t("import.policy")} wishes=${wishes} onChange=${(/** @type {string} */ policy) => wish({ policy })}
                choices=${[["", t("import.policy.update")], ["skip", t("import.policy.skip")], ["refuse", t("import.policy.refuse")]]} />
            <div class="field"><label for="import-list">${t("import.list")}</label>
                <input id="import-list" type="text" list="import-lists" maxlength="200" autocomplete="off" placeholder=${t("import.list_none")} value=${list}
                    onInput=${(/** @type {any} */ event) => wish({ list: event.currentTarget.value })} />
                <datalist id="import-lists">${lists.map((name) => html`<option key=${name} value=${name} />`)}</datalist></div>
        </div>`}
        <${ErrorNotice} error=${error} place="import" />
        ${file && reading && html`
            <${Columns} columns=${reading.columns} named=${reading.header} row=${reading.rows[0]?.cells ?? []} onChange=${(/** @type {string[]} */ fields) => {
                setReading({ ...reading, columns: reading.columns.map((column, at) => ({ ...column, field: fields[at] })) });
                wish({ map: mapOf(reading.columns, fields) });
            }} />
            <${FirstRows} reading=${reading} />
            <div class="actions">
                <button type="button" id="import-start" class="button primary" disabled=${sending || !ready} onClick=${start}>
                    <${Icon} name="list-plus" />${t(sending ? "import.sending" : "import.start")}</button>
                <button type="button" class="button bare" disabled=${sending} onClick=${() => { setFile(null); setReading(null); setError(null); }}>
                    <${Icon} name="x" />${t("import.forget")}</button>
            </div>
            ${sending && html`<progress class="progress" aria-label=${t("import.sending")}></progress>`}`}
    </section>`;
}

/** @param {[string, string][]} countries @param {string} code */
const nameOf = (countries, code) => countries.find(([known]) => known === code)?.[1] ?? code;

/** @param {number} bytes */
function sizeOf(bytes) {
    const [unit, value] = bytes < 1_000_000 ? ["kilobyte", bytes / 1_000] : ["megabyte", bytes / 1_000_000];
    return new Intl.NumberFormat(language.get().locale, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}
