// A value that several parts of the screen watch.

import { useEffect, useState } from "./preact.js";

/**
 * @template T
 * @typedef {{ get(): T, set(next: T): void, subscribe(listener: (value: T) => void): () => void }} Store
 */

/**
 * @template T
 * @param {T} initial
 * @returns {Store<T>}
 */
export function createStore(initial) {
    let value = initial;
    const listeners = new Set();
    return {
        get: () => value,
        set(next) {
            if (Object.is(next, value))
                return;
            value = next;
            for (const listener of [...listeners])
                listener(value);
        },
        subscribe(listener) {
            listeners.add(listener);
            return () => listeners.delete(listener);
        },
    };
}

/**
 * @template T
 * @param {Store<T>} store
 * @returns {T}
 */
export function useStore(store) {
    const [, redraw] = useState(0);
    useEffect(() => store.subscribe(() => redraw((n) => n + 1)), [store]);
    return store.get();
}

/**
 * What a browser remembers between visits; a forbidden storage remembers nothing and harms nothing.
 * @param {string} key
 */
export function remembered(key) {
    return {
        /** @returns {string | null} */
        read() {
            try { return localStorage.getItem(key); } catch { return null; }
        },
        /** @param {string | null} value */
        write(value) {
            try {
                if (value === null)
                    localStorage.removeItem(key);
                else
                    localStorage.setItem(key, value);
            } catch { /* nothing to do */ }
        },
    };
}
