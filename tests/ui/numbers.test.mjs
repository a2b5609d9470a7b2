// The screen of numbers in a real browser: found, bought with a second look, linked, given back with a second look.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const { OUTDIAL_URL: BASE, OUTDIAL_ADMIN_EMAIL: EMAIL, OUTDIAL_ADMIN_PASSWORD: PASSWORD, OUTDIAL_AGENT_EMAIL: AGENT, OUTDIAL_AGENT_PASSWORD: AGENT_PASSWORD,
    CHROMIUM = "/usr/bin/chromium", SCREENSHOTS } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

let browser;
before(async () => { browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS }); });
after(() => browser?.close());

/** Somebody signed in who looks at the numbers, and whatever the page complained about. */
async function visitor(t, { email = EMAIL, password = PASSWORD, ...options } = {}) {
    const context = await browser.newContext({ locale: "en-US", viewport: { width: 1360, height: 900 }, colorScheme: "light", ...options });
    context.setDefaultTimeout(60_000);
    t.after(() => context.close());
    const page = await context.newPage();
    const complaints = [];
    page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`${BASE}/#/numbers`);
    await page.fill("#email", email);
    await page.fill("#password", password);
    await page.click("button[type=submit]");
    await page.waitForSelector("#numbers");
    return { page, complaints };
}
async function shot(page, name) {
    if (SCREENSHOTS)
        await page.screenshot({ path: `${SCREENSHOTS}/numbers-${name}.png` });
}
async function violations(page) {
    await page.evaluate(AXE);
    const { violations: found } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] }));
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
}

test("a number is found, bought, linked, capped and given back", async (t) => {
    const { page, complaints } = await visitor(t);
    await page.click("#buy-number");
    await page.fill("#buy-area", "608");
    await page.click("#buy-search");
    await page.waitForSelector("#offers li");
    await shot(page, "offers");
    const number = await page.locator("#offers li strong").first().innerText();
    await page.locator("#offers li button").first().click();
    await page.waitForSelector("#buy-confirm");
    assert.match(await page.locator("dialog h2").innerText(), new RegExp(`Buy \\${number}\\?`));
    await shot(page, "confirm");
    await page.click("#buy-confirm");
    const row = page.locator(`tr[data-number="${number}"]`);
    await row.waitFor();
    assert.equal(await row.getAttribute("data-state"), "active");

    await row.getByRole("button", { name: `Change ${number}` }).click();
    await page.selectOption("#edit-campaign", { index: 1 });
    const campaign = await page.locator("#edit-campaign option").nth(1).innerText();
    await page.fill("#edit-trunk", "ST_screen");
    await page.fill("#edit-cap", "30");
    await shot(page, "edit");
    await page.click("#edit-save");
    await page.locator(`tr[data-number="${number}"] td`, { hasText: "ST_screen" }).waitFor();
    assert.ok((await row.innerText()).includes(campaign));
    assert.ok((await row.innerText()).includes("0 of 30"));
    await page.fill("#number-filter", number.slice(2));
    assert.equal(await page.locator("#number-table tbody tr").count(), 1);
    await shot(page, "row");

    await row.getByRole("button", { name: `Change ${number}` }).click();
    await page.selectOption("#edit-campaign", { index: 0 });
    await page.click("#edit-save");
    await page.locator("dialog").waitFor({ state: "detached" });
    await row.getByRole("button", { name: `Give ${number} back` }).click();
    await shot(page, "release");
    await page.click("#release-confirm");
    await row.waitFor({ state: "detached" });
    assert.deepEqual(complaints, []);
});

test("the list and its sheets can be used by everybody", async (t) => {
    const { page } = await visitor(t, { bypassCSP: true });
    await page.click("#fetch-numbers");
    await page.waitForSelector("#number-table tbody tr");
    assert.deepEqual(await violations(page), []);
    await shot(page, "list");
    await page.locator("nav a[aria-current=page]").waitFor();
    await page.click("#buy-number");
    await page.click("#buy-search");
    await page.waitForSelector("#offers li");
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    assert.equal(await page.evaluate(() => document.activeElement?.id), "buy-number", "the focus is where it was");
});

test("whoever may not buy sees the numbers only, in either language, in the dark, on a phone", async (t) => {
    const { page, complaints } = await visitor(t, { email: AGENT, password: AGENT_PASSWORD, locale: "tr-TR", colorScheme: "dark", viewport: { width: 390, height: 844 } });
    assert.equal(await page.locator("#buy-number, #fetch-numbers").count(), 0);
    assert.equal(await page.locator("#numbers-title").innerText(), "Numaralar");
    await page.waitForSelector("#numbers .count:not(:empty)");
    await shot(page, "dark-phone");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
    assert.deepEqual(complaints, []);
});
