// A campaign's run as the screen sees it: its status and its log, asked for again and again.

import { useEffect, useRef, useState } from "../../preact.js";
import { get } from "../../api.js";
import { usePolling } from "../../polling.js";

const BUSY_MS = 1_000;
const QUIET_MS = 10_000;
const PAGE = 50;
const LARGEST_PAGE = 1_000;

/**
 * @typedef {{ isRunning: boolean, currentIndex: number, totalLeads: number, callsMade: number, remaining: number,
 *             intervalMinutes: number }} Status
 * @typedef {import("../../outcomes.js").LogRow} LogRow
 * @typedef {"loading" | "none" | "running" | "stopping" | "paused" | "finished"} Phase
 */

/** @param {Status | null} status @param {boolean} stopping @returns {Phase} */
export function phaseOf(status, stopping) {
    if (!status)
        return "loading";
    if (status.isRunning)
        return stopping ? "stopping" : "running";
    if (status.totalLeads === 0)
        return "none";
    return status.remaining > 0 ? "paused" : "finished";
}

/** @param {string} campaignId */
export function useRun(campaignId) {
    const [status, setStatus] = useState(/** @type {Status | null} */ (null));
    const [rows, setRows] = useState(/** @type {LogRow[] | null} */ (null));
    const [cursor, setCursor] = useState(/** @type {string | null} */ (null));
    const [stopping, setStopping] = useState(false);
    const [error, setError] = useState(/** @type {unknown} */ (null));
    const shown = useRef(/** @type {LogRow[]} */ ([]));
    const turn = useRef(0);
    const commands = useRef(0);
    const query = `campaign_id=${encodeURIComponent(campaignId)}`;

    useEffect(() => {
        setStatus(null);
        setRows(null);
        setCursor(null);
        setStopping(false);
        setError(null);
        shown.current = [];
        turn.current = 0;
    }, [campaignId]);

    /** @param {LogRow[]} next */
    const show = (next) => {
        shown.current = next;
        setRows(next);
    };

    /** All rows shown are asked for anew, as calls still change; beyond the largest page only the newest are. */
    const readLog = async (/** @type {AbortSignal} */ signal) => {
        const limit = Math.min(Math.max(shown.current.length, PAGE), LARGEST_PAGE);
        const page = await get(`/api/outbound-caller/logs?${query}&limit=${limit}`, signal);
        const beyond = shown.current.length > LARGEST_PAGE;
        show(beyond ? [...page.logs, ...shown.current.slice(LARGEST_PAGE)] : page.logs);
        if (!beyond)
            setCursor(page.next_cursor ?? null);
    };

    const askNow = usePolling(async (signal) => {
        if (!campaignId)
            return QUIET_MS;
        const asOf = commands.current;
        /** @type {Status} */
        const next = await get(`/api/outbound-caller/status?${query}`, signal);
        const odd = turn.current++ % 2;
        if (!next.isRunning || !odd)                        /* after the status: a finished run shows its last call */
            await readLog(signal);
        if (asOf !== commands.current)                      /* asked before the last command: it knows nothing of it */
            return 0;
        setStatus(next);
        if (!next.isRunning)
            setStopping(false);
        setError(null);
        return next.isRunning ? BUSY_MS : QUIET_MS;
    }, [campaignId], setError);

    /** After a command was accepted: shows what it brings about until the next answer. @param {Partial<Status>} change */
    const assume = (change) => {
        commands.current++;
        setStatus((now) => now && { ...now, ...change });
        askNow();
    };

    const more = async () => {
        const page = await get(`/api/outbound-caller/logs?${query}&limit=${PAGE}&cursor=${encodeURIComponent(cursor ?? "")}`);
        show([...shown.current, ...page.logs]);
        setCursor(page.next_cursor ?? null);
    };

    return { status, rows, cursor, error, more, askNow, assume, phase: phaseOf(status, stopping), setStopping };
}
