// The page that shows the API's description, in a real browser, under its strict policy.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const { OUTDIAL_URL: URL_BASE, OUTDIAL_ADMIN_EMAIL: EMAIL, OUTDIAL_ADMIN_PASSWORD: PASSWORD, CHROMIUM = "/usr/bin/chromium" } = process.env;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"];
const PATIENCE_MS = 60_000;

let browser;

before(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});
after(() => browser?.close());

/** The page, so tall that every operation is drawn (what is out of sight is not, when there are many), and every line it wrote to the console. */
async function reader(t, options = {}) {
    const context = await browser.newContext({ locale: "en-US", viewport: { width: 1360, height: 30_000 }, ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    t.after(() => context.close());
    const page = await context.newPage();
    const lines = [];
    page.on("console", (message) => lines.push(message.text()));
    page.on("pageerror", (error) => lines.push(error.message));
    await page.goto(`${URL_BASE}/docs`);
    await page.waitForSelector(".opblock");
    return { page, lines };
}

const background = (page) => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);

test("every operation is there, and the console stays empty", async (t) => {
    const { page, lines } = await reader(t, { colorScheme: "light" });
    const described = await (await fetch(`${URL_BASE}/api/openapi.json`)).json();
    const operations = Object.values(described.paths).reduce((sum, item) => sum + Object.keys(item).length, 0);
    assert.equal(await page.locator(".opblock").count(), operations);
    await page.click('[id$="-postLeads"] .opblock-summary-control');
    await page.waitForSelector('[id$="-postLeads"] .responses-table');
    assert.deepEqual(lines, []);
});

test("the page is dark where the reader's system is", async (t) => {
    const { page, lines } = await reader(t, { colorScheme: "dark" });
    assert.ok(await page.evaluate(() => document.documentElement.classList.contains("dark-mode")));
    const [red] = (await background(page)).match(/\d+/g).map(Number);
    assert.ok(red < 80, "paper is dark");
    assert.deepEqual(lines, []);
});

test("an operation can be tried with a token", async (t) => {
    const login = await fetch(`${URL_BASE}/api/v1/auth/login`, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ email: EMAIL, password: PASSWORD }) });
    const { access_token: token } = await login.json();
    const { page, lines } = await reader(t);
    await page.click(".auth-wrapper .authorize");
    await page.locator(".auth-container").filter({ hasText: "accessToken" }).locator("input").fill(token);
    await page.locator(".auth-container").filter({ hasText: "accessToken" }).locator("button.authorize").click();
    await page.click(".close-modal");
    await page.click('[id$="-getMe"] .opblock-summary-control');
    await page.click('[id$="-getMe"] .try-out__btn');
    await page.click('[id$="-getMe"] .execute');
    const answer = page.locator('[id$="-getMe"] .live-responses-table');
    await answer.waitFor();
    assert.match(await answer.innerText(), new RegExp(EMAIL.replaceAll(".", "\\.")));
    assert.deepEqual(lines, []);
});

test("where the type of a problem points, its code stands", async (t) => {
    const refused = await (await fetch(`${URL_BASE}/api/v1/me`)).json();
    const context = await browser.newContext();
    t.after(() => context.close());
    const page = await context.newPage();
    const lines = [];
    page.on("console", (message) => lines.push(message.text()));
    page.on("pageerror", (error) => lines.push(error.message));
    await page.goto(refused.type.replace(/^https?:\/\/[^/]+/, URL_BASE));
    await page.waitForSelector(`#${refused.code}`);
    assert.match(await page.locator(`#${refused.code}`).innerText(), /401/);
    assert.deepEqual(lines, []);
});
