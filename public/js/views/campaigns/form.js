// A campaign as a form has it: a text or a tick per member, told by the member's path in the API ("retries.busy.times"), so that
// a refusal finds its field.  What is saved is only what was changed: whoever edits something else meanwhile loses nothing.

import { number, parseNumber, t } from "../../i18n.js";
import { FIELDS, OUTCOMES } from "./fields.js";

/** @typedef {Record<string, string | boolean>} Values */

/** @param {string} currency @returns {number} how many digits its minor unit has */
export function digitsOf(currency) {
    try { return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2; } catch { return 2; }
}

/** @param {any} object @param {string} path @returns {any} */
const at = (object, path) => path.split(".").reduce((inner, name) => inner?.[name], object);

/** @param {any} campaign @returns {Values} */
export function valuesOf(campaign) {
    /** @type {Values} */
    const values = { breaker: Boolean(campaign.breaker) };
    for (const [path, { kind }] of Object.entries(FIELDS)) {
        const value = at(campaign, path);
        if (path !== "breaker")
            values[path] = kind === "flag" ? Boolean(value) : String(value ?? "");
    }
    if (campaign.budget)
        values["budget.amount"] = String(campaign.budget.amount / 10 ** digitsOf(campaign.budget.currency));
    values["budget.currency"] ||= "USD";
    for (const { path, preset } of Object.entries(FIELDS).map(([path, field]) => ({ path, ...field })))
        if (path.startsWith("breaker.") && preset !== undefined)
            values[path] ||= String(preset);
    return values;
}

/** What one can tell without the server. @param {Values} values @returns {Record<string, string>} complaints by path */
export function complaintsOf(values) {
    /** @type {Record<string, string>} */
    const wrong = {};
    for (const [path, { kind, lowest = 0, highest = Infinity, needed }] of Object.entries(FIELDS)) {
        const text = String(values[path] ?? "").trim();
        if (!isAsked(path, values))
            continue;
        if (!text && needed)
            wrong[path] = t("campaign.wrong.needed");
        else if (kind !== "whole" && kind !== "number" || !text)
            continue;
        else if (Number.isNaN(parseNumber(text)) || (kind === "whole" && !Number.isInteger(parseNumber(text))))
            wrong[path] = t(kind === "whole" ? "campaign.wrong.whole" : "campaign.wrong.number");
        else if (parseNumber(text) < lowest || parseNumber(text) > highest)
            wrong[path] = t("campaign.wrong.range", { lowest: number(lowest), highest: number(highest) });
    }
    return wrong;
}

/** Members of an object that is switched off are not asked for. @param {string} path @param {Values} values */
function isAsked(path, values) {
    const [first, outcome] = path.split(".");
    if (first === "retries" && outcome)
        return Number(values[`retries.${outcome}.times`]) > 0 || path.endsWith(".times");
    if (path === "goal.count")
        return values["goal.outcome"] !== "";
    if (path === "budget.currency")
        return values["budget.amount"] !== "";
    return first !== "breaker" || path === "breaker" || values["breaker"] === true;
}

/** @param {Values} values @param {string} path */
const numeric = (values, path) => parseNumber(String(values[path]));

/** Objects of the API that several fields make. @type {Record<string, (values: Values, was: any) => any>} */
const OBJECTS = {
    retries: (values, was) => {
        const rules = { ...was.retries };
        for (const name of OUTCOMES) {
            delete rules[name];
            if (!(numeric(values, `retries.${name}.times`) > 0))
                continue;
            rules[name] = { times: numeric(values, `retries.${name}.times`), after_minutes: numeric(values, `retries.${name}.after_minutes`) };
            for (const member of ["factor", "max_minutes"])
                if (values[`retries.${name}.${member}`])
                    rules[name][member] = numeric(values, `retries.${name}.${member}`);
        }
        return rules;
    },
    goal: (values) => values["goal.outcome"] ? { outcome: values["goal.outcome"], count: numeric(values, "goal.count") } : null,
    budget: (values) => {
        const currency = String(values["budget.currency"]).trim().toUpperCase();
        return values["budget.amount"] ? { amount: Math.round(numeric(values, "budget.amount") * 10 ** digitsOf(currency)), currency } : null;
    },
    breaker: (values) => values["breaker"] ? Object.fromEntries(Object.keys(FIELDS).filter((path) => path.startsWith("breaker."))
        .map((path) => [path.slice("breaker.".length), numeric(values, path)])) : null,
};

/** The members that were changed, as the API wants them. @param {Values} values @param {Values} before @param {any} was the campaign */
export function changesOf(values, before, was) {
    /** @type {Record<string, any>} */
    const body = {};
    for (const [path, { kind }] of Object.entries(FIELDS)) {
        const name = path.split(".")[0];
        if (values[path] === before[path])
            continue;
        if (Object.hasOwn(OBJECTS, name))
            body[name] = OBJECTS[name](values, was);
        else if (kind === "flag")
            body[name] = values[path];
        else if (kind === "text")
            body[name] = String(values[path]).trim() || null;
        else
            body[name] = numeric(values, path);
    }
    return body;
}

/** Minutes in words. @param {number} minutes */
export function span(minutes) {
    const [unit, size] = minutes >= 2880 ? ["day", 1440] : minutes >= 120 ? ["hour", 60] : minutes >= 1 ? ["minute", 1] : ["second", 1 / 60];
    return new Intl.NumberFormat(document.documentElement.lang, { style: "unit", unit: /** @type {string} */ (unit), unitDisplay: "long",
        maximumFractionDigits: 1 }).format(minutes / Number(size));
}
