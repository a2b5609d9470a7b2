// Webhooks on the screen: an endpoint is made, its secret seen once, a test sent and sent again, the endpoint removed; in both languages.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";
import { receiver } from "../system/receiver.mjs";

const { OUTDIAL_URL, OUTDIAL_ADMIN_EMAIL, OUTDIAL_ADMIN_PASSWORD, OUTDIAL_AGENT_EMAIL, OUTDIAL_AGENT_PASSWORD, SHOTS, CHROMIUM = "/usr/bin/chromium" } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let browser;

before(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"] });
});
after(() => browser?.close());

async function visitor(t, options = {}) {
    const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(60_000);
    t.after(() => context.close());
    const page = await context.newPage();
    const complaints = [];
    page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
    page.on("pageerror", (error) => complaints.push(error.message));
    return { page, complaints };
}

async function signIn(page, email = OUTDIAL_ADMIN_EMAIL, password = OUTDIAL_ADMIN_PASSWORD) {
    await page.goto(`${OUTDIAL_URL}/#/webhooks`);
    await page.fill("#email", email);
    await page.fill("#password", password);
    await page.click("button[type=submit]");
}

async function violations(page) {
    await page.evaluate(AXE);
    const { violations: found } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
}

test("an endpoint is made, tested, and removed", async (t) => {
    const shop = await receiver();
    t.after(() => shop.down());
    const { page, complaints } = await visitor(t, { bypassCSP: true, reducedMotion: "reduce" });
    await signIn(page);
    await page.waitForSelector("#new-webhook");
    await page.fill("#webhook-url", shop.url);
    await page.fill("#webhook-description", "The shop");
    await page.uncheck("#webhook-all");
    await page.check('input[name="dnc.added"]');
    await page.click("#new-webhook button[type=submit]");

    const secret = await page.locator("#webhook-secret code").textContent();
    assert.match(secret, /^whsec_/);
    shop.secret = secret;
    await page.waitForSelector("#endpoint");
    assert.ok((await page.locator("#webhooks tbody").textContent()).includes("The shop"));
    await page.click("#webhook-test");
    await page.waitForSelector('#endpoint tr[data-state="delivered"]');
    assert.equal(shop.forged, 0);
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/webhooks.png`, fullPage: true });
    assert.deepEqual(await violations(page), []);

    await page.click("#endpoint tr .redeliver");
    await shop.heard("webhook.test");
    await page.waitForFunction(() => /2 tries/.test(document.querySelector("#endpoint tbody")?.textContent ?? "")
        && document.querySelector('#endpoint tr[data-state="delivered"]'));
    assert.equal(new Set(shop.ids()).size, 1);

    await page.selectOption("#language", "tr");
    await page.waitForFunction(() => /Deneme gönder/.test(document.querySelector("#webhook-test")?.textContent ?? ""));
    await page.emulateMedia({ colorScheme: "dark" });
    assert.deepEqual(await violations(page), []);
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/webhooks-tr.png`, fullPage: true });
    await page.setViewportSize({ width: 390, height: 844 });
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/webhooks-phone.png`, fullPage: true });
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out of a phone's screen");

    await page.click("#webhook-rotate");
    await page.click("#webhook-sure");
    await page.waitForFunction((old) => ![old, undefined].includes(document.querySelector("#webhook-secret code")?.textContent), secret);
    await page.click("#webhook-remove");
    await page.click("#webhook-sure");
    await page.waitForSelector("#endpoint", { state: "detached" });
    assert.equal(await page.locator("#webhook-secret").count(), 0);
    assert.deepEqual(complaints, []);
});

test("what is wrong with an address is said in place", async (t) => {
    const { page } = await visitor(t);
    await signIn(page);
    await page.fill("#webhook-url", "https://10.0.0.1/hooks");
    await page.click("#new-webhook button[type=submit]");
    assert.match(await page.locator("#new-webhook [role=alert]").textContent(), /public addresses/);
});

test("who may not have an administrator's screen is told so, and is not led there", async (t) => {
    const { page } = await visitor(t);
    await signIn(page, OUTDIAL_AGENT_EMAIL, OUTDIAL_AGENT_PASSWORD);
    for (const screen of ["webhooks", "settings"]) {
        await page.goto(`${OUTDIAL_URL}/#/${screen}`);
        await page.waitForSelector("#closed .notice");
        assert.equal(await page.locator(`.screens a[href="#/${screen}"]`).count(), 0);
    }
});
