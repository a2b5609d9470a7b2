// Light, dark, or as the system has it.  The colours themselves are in app.css; here is only the choice.

import { createStore, remembered } from "./store.js";

/** @typedef {"system" | "light" | "dark"} Theme */

const memory = remembered("outdial.theme");
/** @type {Theme[]} */
export const THEMES = ["system", "light", "dark"];

const kept = memory.read();
/** @type {import("./store.js").Store<Theme>} */
export const theme = createStore(kept === "light" || kept === "dark" ? kept : "system");

/** @param {Theme} chosen */
export function chooseTheme(chosen) {
    if (chosen === "system")
        delete document.documentElement.dataset.theme;
    else
        document.documentElement.dataset.theme = chosen;
    memory.write(chosen === "system" ? null : chosen);
    theme.set(chosen);
}

/** @param {Theme} current @returns {Theme} */
export function nextTheme(current) {
    return THEMES[(THEMES.indexOf(current) + 1) % THEMES.length];
}
