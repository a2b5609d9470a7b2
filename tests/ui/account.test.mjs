// Access in a real browser: a one-time link, a second factor with its recovery codes, sessions, networks, identity providers.

import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const { OUTDIAL_URL: URL_BASE, OUTDIAL_ADMIN_EMAIL: EMAIL, OUTDIAL_ADMIN_PASSWORD: PASSWORD, CHROMIUM = "/usr/bin/chromium", SHOTS } = process.env;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const REFUSED = /Failed to load resource: the server responded with a status of 4(01|03|22)/;

let browser;
before(async () => { browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS }); });
after(() => browser?.close());

async function ask(method, path, body, token) {
    const answer = await fetch(URL_BASE + path, { method, body: JSON.stringify(body),
        headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) } });
    return { status: answer.status, body: await answer.json() };
}

/** A tenant of the test's own, with its owner. */
async function company() {
    const owner_password = randomUUID(), owner_email = `owner-${randomUUID()}@screen.example`;
    const admin = await ask("POST", "/api/v1/auth/login", { email: EMAIL, password: PASSWORD });
    const made = await ask("POST", "/api/v1/tenants", { name: "Screens", slug: `s-${randomUUID()}`, owner_email, owner_password }, admin.body.access_token);
    assert.equal(made.status, 201);
    return { email: owner_email, password: owner_password, id: made.body.id };
}

async function visitor(t, options = {}) {
    const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 900 }, colorScheme: "light", ...options });
    context.setDefaultTimeout(30_000);
    t.after(() => context.close());
    const page = await context.newPage();
    const complaints = [];
    page.on("console", (message) => {
        if (["error", "warning"].includes(message.type()) && !REFUSED.test(message.text()))
            complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    return { page, complaints };
}

async function signIn(page, who, screen) {
    await page.goto(`${URL_BASE}/#/${screen}`);
    await page.fill("#email", who.email);
    await page.fill("#password", who.password);
    await page.press("#password", "Enter");
}

/** What an authenticator application shows (RFC 6238), steps away from now. */
function codeOf(secret, steps = 0) {
    const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
    const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000) + steps));
    const digest = createHmac("sha1", key).update(counter).digest();
    return String((digest.readUInt32BE(digest[19] & 15) & 0x7fffffff) % 1e6).padStart(6, "0");
}

const shot = (page, name) => SHOTS && page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });

test("a second factor is set up, kept, asked for, and given up", async (t) => {
    const who = await company();
    const { page, complaints } = await visitor(t);
    await signIn(page, who, "account");
    await page.click("#factor-begin");
    assert.ok(await page.locator(".qr").evaluate((image) => image.decode().then(() => image.naturalWidth > 0)), "the picture is drawn");
    const secret = await page.locator(".offer .copy").getAttribute("title");
    await shot(page, "offer");
    await page.fill("#factor-code", "1");
    await page.press("#factor-code", "Enter");
    await page.waitForSelector("#factor .notice.bad");
    await page.fill("#factor-code", codeOf(secret));
    await page.press("#factor-code", "Enter");
    await page.waitForSelector(".codes code");
    const codes = await page.locator(".codes code").allTextContents();
    assert.equal(codes.length, 10);
    await shot(page, "codes");
    await page.click("#factor .actions .primary");
    await page.waitForSelector("#factor .notice.good");
    await page.waitForSelector("#sessions li");
    await shot(page, "account");
    await page.click("#sign-out");
    await signIn(page, who, "account");
    await page.waitForSelector("#code");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "code", "the keyboard is where the code goes");
    await shot(page, "code");
    await page.fill("#code", codes[0]);
    await page.press("#code", "Enter");
    await page.waitForSelector("#factor .notice.good");
    await page.click("#factor .actions .quiet");
    await page.fill("#factor-off", codes[1]);
    await page.press("#factor-off", "Enter");
    await page.waitForSelector("#factor-begin");
    assert.deepEqual(complaints, []);
});

test("networks, a required second factor and identity providers are set", async (t) => {
    const who = await company();
    const { page, complaints } = await visitor(t, { colorScheme: "dark", locale: "tr-TR" });
    await signIn(page, who, "settings");
    await page.waitForSelector("#networks:enabled");
    await page.fill("#networks", "10.0.0.0/8");
    await page.click("#access .primary");
    await page.waitForSelector("#access .notice.bad");
    await page.fill("#networks", "127.0.0.0/8\n10.0.0.0/8");
    await page.click("#access .primary");
    await page.waitForSelector(".toast");
    await page.click("#idp-open");
    for (const [name, value] of Object.entries({ name: "Company login", issuer: "https://login.example", audience: "outdial", jwks_url: "https://login.example/keys" }))
        await page.fill(`#idp-${name}`, value);
    await page.fill("#idp-map", "staff = agent");
    await shot(page, "settings");
    await page.click("#idp-new .primary");
    await page.waitForSelector("#providers li");
    const session = await ask("POST", "/api/v1/auth/login", { email: who.email, password: who.password });
    const kept = await fetch(`${URL_BASE}/api/v1/tenants/${who.id}/identity-providers`, { headers: { Authorization: `Bearer ${session.body.access_token}` } });
    assert.deepEqual((await kept.json()).data[0].role_map, { staff: "agent" });
    await page.check("#access input[type=checkbox]");
    await page.click("#access .primary");
    await page.waitForFunction(() => document.querySelectorAll(".toast").length > 0);
    await shot(page, "providers");
    await page.click("#providers li .actions button:last-child");
    await page.waitForFunction(() => document.querySelectorAll("#providers li").length === 0);
    assert.deepEqual(complaints, []);

    const second = await visitor(t);
    await signIn(second.page, who, "calling");
    await second.page.waitForSelector("#factor .notice.warn");
    assert.match(second.page.url(), /#\/account$/, "nothing else is open before it is set up");
    await shot(second.page, "required");
});

test("a one-time link that is over says so, and two passwords have to be the same", async (t) => {
    const { page, complaints } = await visitor(t, { viewport: { width: 390, height: 844 } });
    await page.goto(`${URL_BASE}/#/setup/${randomUUID()}`);
    await page.fill("#new-password", "a long password");
    await page.fill("#new-password-again", "another password");
    await page.press("#new-password-again", "Enter");
    await page.waitForSelector('#new-password-again[aria-invalid="true"]');
    await page.fill("#new-password-again", "a long password");
    await page.press("#new-password-again", "Enter");
    await page.waitForSelector(".notice.bad");
    await shot(page, "setup");
    assert.match(await page.locator(".notice.bad").textContent(), /link has been used/);
    assert.deepEqual(complaints, []);
});
