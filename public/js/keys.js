// The keyboard.  Keys that are a single character can be switched off, for those who speak to their computer.

import { useEffect, useRef } from "./preact.js";
import { createStore, remembered } from "./store.js";

const memory = remembered("outdial.single-keys");

/** @type {import("./store.js").Store<boolean>} */
export const singleKeys = createStore(memory.read() !== "off");

/** @param {boolean} on */
export function chooseSingleKeys(on) {
    memory.write(on ? null : "off");
    singleKeys.set(on);
}

/** @param {EventTarget | null} target */
function isTyping(target) {
    return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/**
 * @param {Record<string, (event: KeyboardEvent) => void>} bindings by "?" "/" "Escape" "Control+Enter"; while a dialog is
 *        open none of them applies: Esc is the dialog's own
 */
export function useKeys(bindings) {
    const latest = useRef(bindings);
    latest.current = bindings;
    useEffect(() => {
        const pressed = (/** @type {KeyboardEvent} */ event) => {
            if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]"))
                return;
            const held = event.ctrlKey || event.metaKey;
            if (event.key.length === 1 && (held || isTyping(event.target) || !singleKeys.get()))
                return;
            latest.current[held ? `Control+${event.key}` : event.key]?.(event);
        };
        addEventListener("keydown", pressed);
        return () => removeEventListener("keydown", pressed);
    }, []);
}
