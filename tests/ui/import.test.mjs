// A file becomes leads on the screen: how it is read, what its columns are, how far it is, which rows were refused; in both languages.

import assert from "node:assert/strict";
import { randomInt, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const { OUTDIAL_URL, OUTDIAL_ADMIN_EMAIL, OUTDIAL_ADMIN_PASSWORD, OUTDIAL_AGENT_EMAIL, OUTDIAL_AGENT_PASSWORD, SHOTS, CHROMIUM = "/usr/bin/chromium" } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let browser;

before(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"] });
});
after(() => browser?.close());

async function visitor(t, options = {}, email = OUTDIAL_ADMIN_EMAIL, password = OUTDIAL_ADMIN_PASSWORD) {
    const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 900 }, colorScheme: "light", ...options });
    context.setDefaultTimeout(60_000);
    t.after(() => context.close());
    const page = await context.newPage();
    const complaints = [];
    page.on("console", (message) => { if (["error", "warning"].includes(message.type())) complaints.push(message.text()); });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(`${OUTDIAL_URL}/#/leads`);
    await page.fill("#email", email);
    await page.fill("#password", password);
    await page.click("button[type=submit]");
    await page.waitForSelector("#imports[aria-busy=false]");
    return { page, complaints };
}

async function violations(page) {
    await page.evaluate(AXE);
    const { violations: found } = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
}

const shot = (page, name) => SHOTS && page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });
const digits = () => String(randomInt(1000, 10000));
const csv = (name, text) => ({ name, mimeType: "text/csv", buffer: Buffer.isBuffer(text) ? text : Buffer.from(text) });
const verdicts = (page) => page.locator("#import-rows tbody tr").evaluateAll((rows) => rows.map((row) => row.dataset.verdict));
const until = (page, wanted) => page.waitForFunction((list) =>
    JSON.stringify([...document.querySelectorAll("#import-rows tbody tr")].map((row) => row.dataset.verdict)) === list, JSON.stringify(wanted));

test("a file is looked at, told what it is, imported, and its refused rows fetched", async (t) => {
    const { page, complaints } = await visitor(t, { bypassCSP: true, acceptDownloads: true });
    const word = randomUUID().slice(0, 8), name = `members-${word}.csv`;
    await page.setInputFiles("#import-file", csv(name,
        `Who;Reach;City;Note\nAnn ${word};0312 911 ${digits()};Ankara;a\nBob ${word};0312 911 ${digits()};Bursa;b\nCem ${word};12;Izmir;c\n`));
    await page.waitForSelector("#import-rows tbody tr");
    assert.ok(await page.locator("#import-start").isDisabled(), "no column is a number yet");
    await page.waitForSelector("#import-columns .hint.wrong");

    await page.selectOption("#column-2", "phone");
    await page.selectOption("#column-1", "name");
    await page.selectOption("#column-4", "ignore");
    await page.fill('[data-kind="custom"] input', "town");
    await page.selectOption("#import-country", "TR");
    await until(page, ["ok", "ok", "refused"]);
    assert.match(await page.locator("#import-rows tbody tr").first().innerText(), /\+90312911/);
    await page.fill("#import-list", `List ${word}`);
    await shot(page, "import");
    assert.deepEqual(await violations(page), []);
    await page.click("#import-start");

    const row = page.locator("#imports li", { hasText: name });
    await row.and(page.locator('[data-state="done"]')).waitFor();
    assert.match(await row.innerText(), /3 rows.*2 new.*1 refused/s);
    assert.equal(await page.evaluate(() => document.activeElement?.id), "imports-title", "the keyboard is where the news is");
    const [file] = await Promise.all([page.waitForEvent("download"), row.locator(".refused").click()]);
    assert.match(readFileSync(await file.path(), "utf8"), /^line,field,code,reason,row\r\n4,phone,/);
    await shot(page, "imports");
    assert.deepEqual(await violations(page), []);

    await page.reload();
    await page.locator("#imports li", { hasText: name }).waitFor();
    const login = await (await fetch(`${OUTDIAL_URL}/api/v1/auth/login`, { method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ email: OUTDIAL_ADMIN_EMAIL, password: OUTDIAL_ADMIN_PASSWORD }) })).json();
    const found = await (await fetch(`${OUTDIAL_URL}/api/v1/tenants/${login.tenant.id}/leads?list=${encodeURIComponent(`List ${word}`)}`,
        { headers: { Authorization: `Bearer ${login.access_token}` } })).json();
    assert.deepEqual(found.data.map(({ name: called, custom }) => [called, custom]).sort(), [[`Ann ${word}`, { town: "Ankara" }], [`Bob ${word}`, { town: "Bursa" }]]);
    assert.deepEqual(complaints, []);
});

test("a lead gets further numbers, and what is wrong with one is said", async (t) => {
    const { page, complaints } = await visitor(t, { bypassCSP: true });
    const word = randomUUID().slice(0, 8), name = `Ann ${word}`;
    await page.setInputFiles("#import-file", csv(`${word}.csv`, `name;phone;phone2\n${name};+903129111${digits().slice(1)};+903129112${digits().slice(1)}\n`));
    await until(page, ["ok"]);
    await page.click("#import-start");
    await page.locator('#imports li[data-state="done"]', { hasText: `${word}.csv` }).waitFor();
    await page.fill("#people-search", word);
    const row = page.locator("#people li", { hasText: name });
    await row.locator("button").click();
    await page.click("#lead-more");
    await page.fill("#edit-lead .further:nth-of-type(2) input[type=tel]", "12");
    await page.click("#lead-save");
    await page.waitForSelector("#edit-lead .notice.bad");
    assert.match(await page.locator("#edit-lead .notice.bad").innerText(), /phones\[1\]\.phone/);
    const third = `+903129113${digits().slice(1)}`;
    await page.fill("#edit-lead .further:nth-of-type(2) input[type=tel]", third);
    await page.fill("#edit-lead .further:nth-of-type(2) input[type=text]", "work");
    await shot(page, "lead");
    assert.deepEqual(await violations(page), []);
    await page.click("#lead-save");
    await row.getByText("work").waitFor();
    assert.ok((await row.innerText()).includes(third));
    await shot(page, "people");
    assert.deepEqual(complaints.filter((line) => !/status of 422/.test(line)), []);
});

test("in Turkish, in the dark, on a phone: encoding and heading are found out, and can be said", async (t) => {
    const { page, complaints } = await visitor(t, { bypassCSP: true, locale: "tr-TR", colorScheme: "dark", viewport: { width: 320, height: 800 } });
    const phone = `0312 911 ${digits()}`;
    await page.setInputFiles("#import-file", csv("müşteriler.csv", Buffer.from(`Ad;Telefon\nK\xfdrtasiye;${phone}\nAyn\xfds\xfd;${phone}\n`, "latin1")));
    await page.selectOption("#import-country", "TR");
    await until(page, ["ok", "duplicate"]);
    assert.match(await page.locator("#import-rows").innerText(), /Kırtasiye/);
    assert.match(await page.locator("#import-encoding option:checked").textContent(), /windows-1254/);
    await page.selectOption("#import-policy", "refuse");
    await until(page, ["ok", "refused"]);
    await page.selectOption("#import-header", "no");
    await until(page, ["refused", "refused", "refused"]);
    assert.deepEqual(await violations(page), []);
    await shot(page, "import-phone");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out of a phone's screen");
    await page.setInputFiles("#import-file", csv("boş.csv", ""));
    await page.waitForSelector("#import .notice.bad");
    assert.deepEqual((await verdicts(page)).length, 0);
    assert.deepEqual(complaints.filter((line) => !/status of 422/.test(line)), []);
});

test("an agent watches, and is told who may import", async (t) => {
    const { page, complaints } = await visitor(t, {}, OUTDIAL_AGENT_EMAIL, OUTDIAL_AGENT_PASSWORD);
    assert.equal(await page.locator("#import").count(), 0);
    assert.match(await page.locator("main .notice").first().innerText(), /role of a manager/);
    assert.deepEqual(complaints, []);
});
