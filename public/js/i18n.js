// Words, numbers and times in the reader's language.  A catalogue is a flat JSON file in /locales; a text that
// counts something has a form per plural category ("calls.one", "calls.other").

import { createStore, remembered } from "./store.js";

export const LOCALES = ["en", "tr"];
const memory = remembered("outdial.locale");

/** @type {import("./store.js").Store<{ locale: string, words: Record<string, string> }>} */
export const language = createStore({ locale: "en", words: {} });

/** @param {string | null | undefined} wanted @returns {string} */
function known(wanted) {
    const short = String(wanted ?? "").slice(0, 2).toLowerCase();
    return LOCALES.includes(short) ? short : "";
}

/** The reader's own choice wins, then what the browser asks for. */
export function preferredLocale() {
    return known(memory.read()) || navigator.languages.map(known).find(Boolean) || "en";
}

/** @param {string} locale */
export async function loadLocale(locale) {
    const answer = await fetch(`/locales/${known(locale) || "en"}.json`);
    if (!answer.ok)
        throw new Error(`the catalogue for ${locale} is missing`);
    document.documentElement.lang = known(locale) || "en";
    language.set({ locale: known(locale) || "en", words: await answer.json() });
}

/** @param {string} locale */
export async function chooseLocale(locale) {
    await loadLocale(locale);
    memory.write(locale);
}

/** @param {string} key @returns {boolean} */
export function has(key) {
    return Object.hasOwn(language.get().words, key);
}

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values] numbers are printed as the language prints them
 * @returns {string}
 */
export function t(key, values = {}) {
    const { words } = language.get();
    return (words[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => {
        const value = values[name];
        return value === undefined ? whole : typeof value === "number" ? number(value) : value;
    });
}

/**
 * A text with a form per plural category; `{n}` is the count.
 * @param {string} key @param {number} n @param {Record<string, string | number>} [values]
 */
export function tn(key, n, values = {}) {
    const category = new Intl.PluralRules(language.get().locale).select(n);
    return t(has(`${key}.${category}`) ? `${key}.${category}` : `${key}.other`, { n, ...values });
}

/** @param {number} value */
export function number(value) {
    return new Intl.NumberFormat(language.get().locale, { maximumFractionDigits: 3 }).format(value);
}

/** An amount of money; carriers charge in parts of a cent. @param {string} amount decimal @param {string} currency */
export function money(amount, currency) {
    return new Intl.NumberFormat(language.get().locale, { style: "currency", currency, minimumFractionDigits: 2, maximumFractionDigits: 4 }).format(Number(amount));
}

/** A number as people type it: comma or point.  NaN where it is not one. @param {string} text */
export function parseNumber(text) {
    const plain = text.trim().replace(",", ".");
    return /^\d*\.?\d+$|^\d+\.$/.test(plain) ? Number(plain) : NaN;
}

/** Today's times without the date, others with it. @param {string} timestamp */
export function when(timestamp) {
    const moment = new Date(timestamp);
    if (Number.isNaN(moment.getTime()))
        return timestamp;
    const today = moment.toDateString() === new Date().toDateString();
    return new Intl.DateTimeFormat(language.get().locale, today
        ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" }).format(moment);
}
