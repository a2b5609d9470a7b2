// Addresses live behind the '#': "#/calling/0197…" is the screen "calling" with one argument.

import { createStore } from "./store.js";

/** @typedef {{ screen: string, argument: string }} Address */

/** @returns {Address} */
function read() {
    const [, screen = "", argument = ""] = location.hash.split("/");
    let plain = "";
    try { plain = decodeURIComponent(argument); } catch { /* a broken address has no argument */ }
    return { screen: screen || "calling", argument: plain };
}

/** @type {import("./store.js").Store<Address>} */
export const address = createStore(read());
addEventListener("hashchange", () => address.set(read()));

/**
 * @param {string} screen @param {string} [argument]
 * @param {{ replace?: boolean }} [how] replace: the way back skips this address
 */
export function go(screen, argument = "", { replace = false } = {}) {
    const hash = `#/${screen}${argument ? `/${encodeURIComponent(argument)}` : ""}`;
    if (replace) {
        history.replaceState(null, "", hash);
        address.set(read());
    } else {
        location.hash = hash;
    }
}
