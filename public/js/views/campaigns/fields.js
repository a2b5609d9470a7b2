// The members of a campaign that can be set, by their path in the API: what they are, and how far they go.

/** Ways a call ends after which a lead can be called again. */
export const OUTCOMES = ["busy", "no_answer", "failed", "machine", "answered", "canceled"];

/** @typedef {{ kind: "text" | "whole" | "number" | "flag", lowest?: number, highest?: number, needed?: boolean, preset?: number }} Field */

const LONGEST_WAIT = 43_200;

/** @type {Record<string, Field>} */
export const FIELDS = {
    "name": { kind: "text", needed: true },
    "agentKind": { kind: "text" },
    "agentPhone": { kind: "text" },
    "agentName": { kind: "text" },
    "assistantId": { kind: "text" },
    "sipTrunkId": { kind: "text" },
    "locale": { kind: "text" },
    "intervalMinutes": { kind: "number", lowest: 0, highest: 1440, needed: true },
    "maxConcurrentCalls": { kind: "whole", lowest: 1, highest: 100_000, needed: true },
    "callsPerSecond": { kind: "number", lowest: 0.001, highest: 1000, needed: true },
    "weight": { kind: "whole", lowest: 1, highest: 100, needed: true },
    "ringSeconds": { kind: "whole", lowest: 15, highest: 120, needed: true },
    "windowOpens": { kind: "text" },
    "windowCloses": { kind: "text" },
    "callerIdStrategy": { kind: "text" },
    "callerId": { kind: "text" },
    "numberDailyCap": { kind: "whole", lowest: 0, highest: 1_000_000, needed: true },
    "machineDetection": { kind: "flag" },
    "machineDetectionTimeoutMs": { kind: "whole", lowest: 3000, highest: 59_000, needed: true },
    "waitForBeep": { kind: "flag" },
    "asyncMachineDetection": { kind: "flag" },
    ...Object.fromEntries(OUTCOMES.flatMap((name) => /** @type {[string, Field][]} */ ([
        [`retries.${name}.times`, { kind: "whole", lowest: 0, highest: 10 }],
        [`retries.${name}.after_minutes`, { kind: "number", lowest: 0.001, highest: LONGEST_WAIT, needed: true }],
        [`retries.${name}.factor`, { kind: "number", lowest: 1, highest: 10 }],
        [`retries.${name}.max_minutes`, { kind: "number", lowest: 0.001, highest: LONGEST_WAIT }],
    ]))),
    "maxAttempts": { kind: "whole", lowest: 0, highest: 100, needed: true },
    "retryDays": { kind: "whole", lowest: 0, highest: 365, needed: true },
    "leadOrder": { kind: "text" },
    "leadMix": { kind: "text" },
    "freshPerRetry": { kind: "whole", lowest: 1, highest: 100, needed: true },
    "goal.outcome": { kind: "text" },
    "goal.count": { kind: "whole", lowest: 1, highest: 10_000_000, needed: true },
    "budget.amount": { kind: "number", lowest: 0, highest: 1_000_000_000 },
    "budget.currency": { kind: "text", needed: true },
    "breaker": { kind: "flag" },
    "breaker.attempts": { kind: "whole", lowest: 2, highest: 1000, needed: true, preset: 20 },
    "breaker.failurePercent": { kind: "number", lowest: 1, highest: 100, needed: true, preset: 75 },
    "breaker.cooldownSeconds": { kind: "number", lowest: 0.1, highest: 3600, needed: true, preset: 30 },
    "breaker.goodProbes": { kind: "whole", lowest: 1, highest: 100, needed: true, preset: 3 },
    "breaker.pauseAfter": { kind: "whole", lowest: 1, highest: 1000, needed: true, preset: 5 },
};

/** Members that a copy of a campaign takes along. */
export const COPIED = [...new Set(Object.keys(FIELDS).map((path) => path.split(".")[0]))].filter((name) => name !== "name");
