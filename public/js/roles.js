// Who may do what here.  The server decides; this only spares people a refusal.

/** Roles that may not. @type {Record<"run" | "dnc" | "leads" | "numbers" | "webhooks" | "settings", string[]>} */
const WITHOUT = { run: ["viewer", "agent"], dnc: ["viewer"], leads: ["viewer", "agent"], numbers: ["viewer", "agent", "manager"], webhooks: ["viewer", "agent", "manager"],
    settings: ["viewer", "agent", "manager"] };

/** @param {string} role @param {"run" | "dnc" | "leads" | "numbers" | "webhooks" | "settings"} what */
export function may(role, what) {
    return !WITHOUT[what].includes(role);
}
