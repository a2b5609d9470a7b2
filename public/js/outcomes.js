// What became of a call, in the few words that a picture can hold.

/**
 * @typedef {{ callSid: string | null, phone: string, leadData?: { name?: string, category?: string } | null,
 *             status: string, answeredBy: string | null, timestamp: string }} LogRow
 * @typedef {"person" | "machine" | "screening" | "answered" | "busy" | "no-answer" | "failed" | "canceled" | "open"} Outcome
 */

/** In the order of the picture: the good ones first, what is still open last. @type {Outcome[]} */
export const OUTCOMES = ["person", "machine", "screening", "answered", "busy", "no-answer", "failed", "canceled", "open"];

/** @type {Record<Outcome, string>} */
export const OUTCOME_ICON = {
    "person": "user", "machine": "voicemail", "screening": "scan-search", "answered": "circle-check", "busy": "phone-off",
    "no-answer": "phone-missed", "failed": "circle-x", "canceled": "ban", "open": "phone-outgoing",
};

/** @type {Record<string, string>} */
export const STATUS_ICON = {
    "initiated": "phone-outgoing", "ringing": "phone-call", "answered": "ear", "completed": "circle-check",
    "busy": "phone-off", "no-answer": "phone-missed", "failed": "circle-x", "canceled": "ban",
};

/** @type {Record<string, string>} */
export const ANSWERED_BY_ICON = {
    "human": "user", "machine": "voicemail", "screening": "scan-search", "unknown": "circle-help",
};

/** @param {LogRow} row @returns {Outcome} */
export function outcomeOf(row) {
    switch (row.status) {
    case "busy":
    case "no-answer":
    case "failed":
    case "canceled":
        return row.status;
    case "completed":
        if (row.answeredBy === "human")
            return "person";
        return row.answeredBy === "machine" || row.answeredBy === "screening" ? row.answeredBy : "answered";
    default:
        return "open";
    }
}

/** @param {LogRow[]} rows @returns {{ outcome: Outcome, count: number }[]} only those that occurred */
export function countOutcomes(rows) {
    /** @type {Map<Outcome, number>} */
    const counts = new Map();
    for (const row of rows) {
        const outcome = outcomeOf(row);
        counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    return OUTCOMES.filter((outcome) => counts.has(outcome))
        .map((outcome) => ({ outcome, count: counts.get(outcome) ?? 0 }));
}
