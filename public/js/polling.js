// Asking again and again, politely: not while the tab is hidden, slower while the server cannot be reached.

import { useEffect, useRef } from "./preact.js";
import { ApiError, connectionLost } from "./api.js";

const FIRST_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 15_000;

/**
 * @param {(signal: AbortSignal) => Promise<number>} ask returns how many milliseconds to wait before it is asked again
 * @param {unknown[]} inputs a change starts over
 * @param {(failure: unknown) => void} [failed] told of what is not a lost connection
 * @returns {() => void} asks now
 */
export function usePolling(ask, inputs, failed = () => {}) {
    const latest = useRef(ask);
    const now = useRef(() => {});
    latest.current = ask;

    useEffect(() => {
        let timer = 0;
        let failures = 0;
        let asking = false;
        let again = false;
        const ending = new AbortController();

        const turn = async () => {
            clearTimeout(timer);
            if (document.hidden || ending.signal.aborted)
                return;
            if (asking) {
                again = true;
                return;
            }
            asking = true;
            again = false;
            let delay = LONGEST_DELAY_MS;
            try {
                delay = await latest.current(ending.signal);
                failures = 0;
            } catch (failure) {
                if (ending.signal.aborted)
                    return;
                delay = Math.min(FIRST_DELAY_MS * 2 ** failures++, LONGEST_DELAY_MS);
                if (failure instanceof ApiError && failure.retryAfter)
                    delay = failure.retryAfter * 1_000;
                if (!connectionLost.get())
                    failed(failure);
            } finally {
                asking = false;
            }
            if (!ending.signal.aborted)
                timer = setTimeout(turn, again ? 0 : delay);
        };

        now.current = turn;
        const seen = () => { if (!document.hidden) turn(); };
        document.addEventListener("visibilitychange", seen);
        addEventListener("online", turn);
        turn();
        return () => {
            ending.abort();
            clearTimeout(timer);
            document.removeEventListener("visibilitychange", seen);
            removeEventListener("online", turn);
        };
    }, inputs);

    return () => now.current();
}
