// Campaigns in a real browser: made, set, refused at the field, started and held, deleted; readable by everybody, in both languages.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const { OUTDIAL_URL: BASE, OUTDIAL_ADMIN_EMAIL: EMAIL, OUTDIAL_ADMIN_PASSWORD: PASSWORD, OUTDIAL_AGENT_EMAIL: AGENT, OUTDIAL_AGENT_PASSWORD: AGENT_PASSWORD,
    OUTDIAL_TENANT_ID: TENANT, OUTDIAL_CAMPAIGN_TWILIO_ID: READY, CHROMIUM = "/usr/bin/chromium", SCREENSHOTS } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

let browser;
before(async () => { browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS }); });
after(() => browser?.close());

/** Somebody signed in, at an address, and whatever the page complained about. */
async function visitor(t, { email = EMAIL, password = PASSWORD, at = "campaigns", ...options } = {}) {
    const context = await browser.newContext({ locale: "en-US", viewport: { width: 1360, height: 900 }, colorScheme: "light", ...options });
    context.setDefaultTimeout(60_000);
    t.after(() => context.close());
    const page = await context.newPage();
    const complaints = [];
    page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`${BASE}/#/${at}`);
    await page.fill("#email", email);
    await page.fill("#password", password);
    await page.click("button[type=submit]");
    return { page, complaints };
}
async function shot(page, name) {
    if (SCREENSHOTS)
        await page.screenshot({ path: `${SCREENSHOTS}/campaigns-${name}.png`, fullPage: true });
}
async function violations(page) {
    await page.evaluate(AXE);
    const { violations: found } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
}
/** The campaign as the API has it. */
async function stored(id) {
    const signedIn = await (await fetch(`${BASE}/api/v1/auth/login`, { method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ email: EMAIL, password: PASSWORD }) })).json();
    const answer = await fetch(`${BASE}/api/v1/tenants/${TENANT}/campaigns/${id}`, { headers: { Authorization: `Bearer ${signedIn.access_token}` } });
    return answer.json();
}
async function save(page) {
    await page.click("#campaign-save");
    await page.locator(".save-bar:not(.dirty)").waitFor();
}

test("a campaign is made, set in every section, copied and deleted", async (t) => {
    const { page, complaints } = await visitor(t);
    await page.click("#new-campaign");
    await page.fill("#new-name", "Autumn calls");
    await page.click("#new-create");
    await page.waitForSelector("#campaign-form");
    const id = page.url().split("/").pop();
    const before = await stored(id);
    await shot(page, "fresh");

    await page.fill("#campaign-name", "Autumn calls again");
    await page.fill("#campaign-intervalMinutes", "0,5");
    await page.fill("#campaign-maxConcurrentCalls", "4");
    assert.match(await page.locator("#section-pace .effect").innerText(), /120 calls an hour, at most 4/);
    await page.fill("#campaign-windowOpens", "10:00");
    await page.fill("#campaign-windowCloses", "17:30");
    await page.getByRole("radio", { name: /^In turn/ }).check();
    await page.locator("#section-machines").getByLabel("Wait for the beep").check();
    await page.fill("#campaign-retries-busy-times", "3");
    await page.fill("#campaign-retries-busy-after_minutes", "30");
    await page.fill("#campaign-retries-busy-factor", "2");
    await page.fill("#campaign-retries-busy-max_minutes", "60");
    assert.equal(await page.locator("tr[data-outcome=busy] .so").innerText(), "after 30 minutes, 60 minutes, 60 minutes");
    await page.selectOption("#campaign-leadOrder", "priority");
    await page.selectOption("#campaign-leadMix", "ratio");
    await page.fill("#campaign-freshPerRetry", "3");
    await page.selectOption("#campaign-goal-outcome", "human");
    await page.fill("#campaign-goal-count", "40");
    await page.fill("#campaign-budget-amount", "12.50");
    await page.fill("#words-en-greeting", "Good morning from {company}.");
    await page.click("#words-tr");
    await page.fill("#words-tr-greeting", "{company} adına günaydın.");
    await shot(page, "changed");
    await save(page);

    const now = await stored(id);
    assert.equal(now.name, "Autumn calls again");
    assert.equal(now.intervalMinutes, 0.5);
    assert.equal(now.maxConcurrentCalls, 4);
    assert.deepEqual([now.windowOpens, now.windowCloses], ["10:00", "17:30"]);
    assert.equal(now.callerIdStrategy, "round_robin");
    assert.equal(now.waitForBeep, true);
    assert.deepEqual(now.retries, { ...before.retries, busy: { times: 3, after_minutes: 30, factor: 2, max_minutes: 60 } });
    assert.deepEqual([now.leadOrder, now.leadMix, now.freshPerRetry], ["priority", "ratio", 3]);
    assert.deepEqual(now.goal, { outcome: "human", count: 40 });
    assert.deepEqual(now.budget, { amount: 1250, currency: "USD" });
    assert.deepEqual(now.breaker, before.breaker, "what nobody touched is as it was");

    await page.getByRole("button", { name: "Default text: Greeting" }).click();
    await page.waitForFunction(() => !document.getElementById("words-tr-greeting").value.includes("günaydın"));

    await page.click("a.back");
    await page.click("#new-campaign");
    await page.fill("#new-name", "Winter calls");
    await page.selectOption("#new-model", id);
    await page.click("#new-create");
    await page.locator("#campaign-title", { hasText: "Winter calls" }).waitFor();
    const copy = page.url().split("/").pop();
    const { retries, goal, budget, windowOpens } = await stored(copy);
    assert.deepEqual({ retries, goal, budget, windowOpens }, { retries: now.retries, goal: now.goal, budget: now.budget, windowOpens: "10:00" });

    for (const gone of [copy, id]) {
        await page.goto(`${BASE}/#/campaigns/${gone}`);
        await page.locator("#campaign-delete").click();
        await page.click("#campaign-sure");
        await page.waitForSelector("#campaign-table");
        await page.locator(`tr[data-campaign="${gone}"]`).waitFor({ state: "detached" });
    }
    assert.deepEqual(complaints, []);
});

test("what is wrong is said at its field, be it seen here or by the server", async (t) => {
    const { page } = await visitor(t);
    await page.click("#new-campaign");
    await page.fill("#new-name", "Wrong calls");
    await page.click("#new-create");
    await page.waitForSelector("#campaign-form");
    await page.locator("#section-pace summary").click();
    await page.fill("#campaign-weight", "1000");
    await page.locator("#section-pace summary").click();
    await page.click("#campaign-save");
    await page.waitForSelector("#campaign-weight-wrong");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "campaign-weight", "unfolded, and under the cursor");
    assert.equal(await page.locator("#campaign-weight-wrong").innerText(), "It goes from 1 to 100.");
    await page.fill("#campaign-weight", "2");
    await page.fill("#campaign-windowOpens", "25 o'clock");
    await page.fill("#campaign-agentPhone", "12");
    await page.click("#campaign-save");
    await page.waitForSelector("#campaign-windowOpens-wrong");
    assert.equal(await page.getAttribute("#campaign-agentPhone", "aria-invalid"), "true");
    await shot(page, "wrong");
    await page.click("#campaign-discard");
    assert.equal(await page.inputValue("#campaign-agentPhone"), "");
    await page.click("#campaign-delete");
    await page.click("#campaign-sure");
    await page.waitForSelector("#campaign-table");
});

test("list and settings can be used by everybody, on a narrow screen in the dark too", async (t) => {
    const { page, complaints } = await visitor(t, { bypassCSP: true });
    await page.waitForSelector("#campaign-table");
    assert.deepEqual(await violations(page), []);
    await shot(page, "list");
    await page.goto(`${BASE}/#/campaigns/${READY}`);
    await page.waitForSelector("#campaign-pool, #section-caller_id .hint");
    for (const summary of await page.locator(".more summary").all())
        await summary.click();
    assert.deepEqual(await violations(page), []);
    await shot(page, "settings");
    await page.setViewportSize({ width: 320, height: 700 });
    await page.emulateMedia({ colorScheme: "dark" });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
    assert.deepEqual(await violations(page), []);
    await shot(page, "dark-narrow");
    await page.goto(`${BASE}/#/campaigns`);
    await page.waitForSelector("#campaign-table");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
    await shot(page, "list-narrow");
    assert.deepEqual(complaints, []);
});

test("whoever may not change it can read it, in Turkish", async (t) => {
    const { page, complaints } = await visitor(t, { email: AGENT, password: AGENT_PASSWORD, locale: "tr-TR", at: `campaigns/${READY}` });
    await page.waitForSelector("#campaign-form");
    assert.equal(await page.locator("#campaign-save, #campaign-start, #campaign-delete").count(), 0);
    assert.ok(await page.locator("#campaign-name").isDisabled());
    assert.equal(await page.locator("#section-retries h2").innerText(), "Yeniden arama");
    await shot(page, "turkish");
    assert.deepEqual(complaints, []);
});
