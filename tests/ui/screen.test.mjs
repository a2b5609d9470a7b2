// The screen in a real browser against a running stack, whose run.env is the environment.
//
// The strict policy stays on everywhere but where axe is brought in, which a policy like ours would rightly refuse.

import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const { OUTDIAL_URL: URL_BASE, OUTDIAL_ADMIN_EMAIL: EMAIL, OUTDIAL_ADMIN_PASSWORD: PASSWORD, OUTDIAL_SANDBOX_URL: SANDBOX,
    OUTDIAL_SANDBOX_TOKEN: SANDBOX_TOKEN, OUTDIAL_CAMPAIGN_TWILIO_ID: CAMPAIGN, CHROMIUM = "/usr/bin/chromium" } = process.env;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PATIENCE_MS = 60_000;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"];

/** A refused request is the point of some tests; the browser writes a line about it. */
const REFUSED = /Failed to load resource: the server responded with a status of 4(01|22)/;

let browser;

before(async () => {
    for (const [name, value] of Object.entries({ URL_BASE, EMAIL, PASSWORD, SANDBOX, SANDBOX_TOKEN, CAMPAIGN }))
        assert.ok(value, `${name} is missing: give the stack's run.env as environment`);
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
});
after(() => browser?.close());

/* ---- given ---- */

/** A page of its own, and whatever it complained about. */
async function visitor(t, options = {}) {
    const context = await browser.newContext({ locale: "en-US", viewport: { width: 1360, height: 900 }, colorScheme: "light", ...options });
    context.setDefaultTimeout(PATIENCE_MS);
    t.after(() => context.close());
    const page = await context.newPage();
    const complaints = [];
    page.on("console", (message) => {
        if (["error", "warning"].includes(message.type()) && !REFUSED.test(message.text()))
            complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.exposeFunction("reportViolation", (text) => complaints.push(text));
    await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) =>
        window.reportViolation(`policy: ${event.violatedDirective} ${event.blockedURI}`)));
    return { page, context, complaints };
}

async function signIn(page, email = EMAIL, password = PASSWORD) {
    await page.goto(`${URL_BASE}/#/calling/${CAMPAIGN}`);
    await page.fill("#email", email);
    await page.fill("#password", password);
    await page.click("button[type=submit]");
    await page.waitForSelector('#run:not([data-phase="loading"])');
}

/** Waits for a run that another test left, and makes room for a new list. */
async function readyForList(page) {
    await page.waitForSelector(["none", "finished", "paused"].map((phase) => `#run[data-phase="${phase}"]`).join());
    if (await page.locator("#replace").isVisible())
        await page.click("#replace");
    await page.waitForSelector("#list");
}

async function carrier(to, outcome) {
    const answer = await fetch(`${SANDBOX}/control/script`, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Authorization": `Bearer ${SANDBOX_TOKEN}` },
        body: JSON.stringify({ to, outcome, ring_secs: 1, talk_secs: 1 }),
    });
    assert.ok(answer.ok, `the sandbox took the script: ${answer.status}`);
}

/** Numbers nobody else uses in this run. */
function freshNumbers(count) {
    const start = randomInt(0, 10_000 - count);
    return Array.from({ length: count }, (_, n) => `+1813555${String(start + n).padStart(4, "0")}`);
}

const national = (number) => `(${number.slice(2, 5)}) ${number.slice(5, 8)}-${number.slice(8)}`;

async function violations(page) {
    await page.evaluate(AXE);
    const { violations: found } = await page.evaluate(() => window.axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
}

/** What makes the page wider than the window. */
async function sticksOut(page) {
    return page.evaluate(() => document.documentElement.scrollWidth <= innerWidth ? []
        : [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
            .map((element) => `${element.tagName}#${element.id}.${element.className}`));
}

/** Tabs until the element has the focus, as somebody without a mouse would. */
async function tabTo(page, id) {
    for (let presses = 0; presses < 60; presses++) {
        if (await page.evaluate((wanted) => document.activeElement?.id === wanted, id))
            return;
        await page.keyboard.press("Tab");
    }
    assert.fail(`the keyboard does not reach #${id}`);
}

/* ---- the plays ---- */

test("a wrong password is told with cause, next step and request id; the right one goes on", async (t) => {
    const { page, complaints } = await visitor(t);
    await page.goto(URL_BASE);
    await page.fill("#email", EMAIL);
    await page.fill("#password", `not ${PASSWORD}`);
    await page.click("button[type=submit]");
    const notice = page.getByRole("alert");
    await notice.waitFor();
    assert.match(await notice.innerText(), /do not belong together[\s\S]*Caps Lock[\s\S]*Request id/);
    await page.fill("#password", PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForSelector("#run");
    assert.deepEqual(complaints, []);
});

test("six numbers are called, the picture and the log agree with what the carrier did", async (t) => {
    const { page, complaints } = await visitor(t);
    const numbers = freshNumbers(6);
    const outcomes = ["human", "human", "machine", "busy", "no-answer", "failed"];
    await Promise.all(numbers.map((number, n) => carrier(number, outcomes[n])));

    await signIn(page);
    await readyForList(page);
    await page.fill("#interval", "0");
    await page.fill("#list", ["business_name,phone,category", ...numbers.map((number, n) => `"Shop, ${n}",${national(number)},bakery`),
        "Nobody Ltd,,none", "Far Away,+1 911 555 0100,none"].join("\n"));
    assert.match(await page.locator("#list-count").innerText(), /^8 leads/);
    assert.equal(await page.locator("#preview tbody tr").count(), 6);
    await page.waitForSelector("#forecast strong");
    assert.match(await page.locator("#forecast strong").innerText(), /\$\d+\.\d\d+ to \$\d+\.\d\d+/);
    await page.click("#start");

    await page.waitForSelector("#skipped tr[data-reason=missing_phone]");
    assert.match(await page.locator("#skipped tr[data-reason=missing_phone]").innerText(), /7\s+Nobody Ltd[\s\S]*no phone number/);
    assert.match(await page.locator("#skipped tr[data-reason=invalid_area_code]").innerText(), /8\s+Far Away[\s\S]*area code/);

    await page.waitForSelector('#run[data-phase="finished"]');
    const dial = page.getByRole("progressbar");
    assert.equal(await dial.getAttribute("aria-valuenow"), "8");
    assert.equal(await dial.getAttribute("aria-valuemax"), "8");
    assert.equal(await page.locator("#remaining").innerText(), "0");
    assert.equal(await page.locator("#made").innerText(), "6");

    const words = [/Completed\s+A person/, /Completed\s+A person/, /Completed\s+Voicemail/, /Busy/, /No answer/, /Failed/];
    for (const [n, number] of numbers.entries()) {
        const row = page.locator(`#log tr[data-phone="${number}"]`);
        assert.equal(await row.count(), 1, `one row for ${outcomes[n]}`);
        const text = await row.innerText();
        assert.match(text, words[n]);
        assert.ok(text.includes(`Shop, ${n}`));
    }
    await page.fill("#filter", national(numbers[3]));
    assert.equal(await page.locator("#log tbody tr").count(), 1);
    await page.fill("#filter", "");
    await page.waitForFunction((number) => /\$\d/.test(document.querySelector(`#log tr[data-phone="${number}"] .cell-price`)?.textContent ?? ""), numbers[0]);
    assert.match(await page.locator("#cost dd").first().innerText(), /^\$\d/);
    assert.deepEqual(complaints, []);
});

test("a list is paused, resumed and stopped", async (t) => {
    const { page, complaints } = await visitor(t);
    const numbers = freshNumbers(3);
    await Promise.all(numbers.map((number) => carrier(number, "busy")));
    await signIn(page);
    await readyForList(page);
    await page.fill("#interval", "5");
    await page.fill("#list", numbers.join("\n"));
    await page.click("#start");
    await page.waitForSelector('#run[data-phase="running"]');
    await page.click("#pause");
    await page.waitForSelector('#run[data-phase="paused"]');
    assert.match(await page.locator("#resume").innerText(), /Resume, [23] left/);
    await page.click("#resume");
    await page.waitForSelector('#run[data-phase="running"]');
    await page.click("#stop");
    await page.click("#stop-sure");
    await page.waitForSelector('#run[data-phase="paused"]');
    await page.waitForSelector("#list");
    assert.deepEqual(complaints, []);
});

test("a number put on do-not-call is confirmed, known the second time, and skipped by the next list", async (t) => {
    const { page, complaints } = await visitor(t);
    const [blocked, other] = freshNumbers(2);
    await carrier(other, "busy");
    await signIn(page);
    const add = async (text) => {
        await page.fill("#dnc-phone", text);
        await page.click("#do-not-call button[type=submit]");
    };
    await add(national(blocked));
    await page.getByText(`${blocked} will not be called any more.`).waitFor();
    await add(blocked);
    await page.getByText(`${blocked} was on the list already`).waitFor();
    await add("abc");
    assert.match(await page.locator("#do-not-call [role=alert]").innerText(), /country code[\s\S]*Request id/);

    await readyForList(page);
    await page.fill("#interval", "0");
    await page.fill("#list", `Quiet,${blocked}\nOther,${other}`);
    await page.click("#start");
    assert.match(await page.locator("#skipped tr[data-reason=do_not_call]").innerText(), /do-not-call list/);
    await page.waitForSelector('#run[data-phase="finished"]');
    assert.equal(await page.locator(`#log tr[data-phone="${blocked}"]`).count(), 0);
    assert.deepEqual(complaints, []);
});

test("the whole way by keyboard", async (t) => {
    const { page, complaints } = await visitor(t);
    const [number] = freshNumbers(1);
    await carrier(number, "busy");
    await page.goto(`${URL_BASE}/#/calling/${CAMPAIGN}`);
    await page.waitForSelector("#email:focus");
    await page.keyboard.insertText(EMAIL);
    await page.keyboard.press("Tab");
    await page.keyboard.insertText(PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForSelector('#run:not([data-phase="loading"])');
    if (await page.locator("#replace").isVisible()) {
        await tabTo(page, "replace");
        await page.keyboard.press("Enter");
    }
    await tabTo(page, "interval");
    await page.keyboard.press("Control+a");
    await page.keyboard.insertText("0");
    await tabTo(page, "list");
    await page.keyboard.insertText(number);
    await page.keyboard.press("Control+Enter");
    await page.waitForSelector("#run-title:focus");
    await page.waitForSelector('#run[data-phase="finished"]');

    await page.keyboard.press("/");
    await page.waitForSelector("#filter:focus");
    await page.keyboard.insertText("nothing like it");
    await page.getByText("Nothing matches").waitFor();
    await page.keyboard.press("Escape");
    await page.waitForSelector(`#log tr[data-phone="${number}"]`);
    await page.keyboard.press("Escape");

    await page.keyboard.press("?");
    const sheet = page.getByRole("dialog");
    await sheet.waitFor();
    await sheet.getByRole("checkbox").focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "detached" });
    await page.keyboard.press("/");
    assert.equal(await page.locator("#filter:focus").count(), 0, "single keys are off");
    assert.deepEqual(complaints, []);
});

test("dark by the system or by choice, and the choice outlives a reload", async (t) => {
    const { page, complaints } = await visitor(t, { colorScheme: "dark" });
    const paper = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await page.goto(URL_BASE);
    await page.waitForSelector("#email");
    const dark = await paper();
    await page.click("#theme");
    await page.waitForSelector('#theme[data-theme-choice="light"]');
    const light = await paper();
    assert.notEqual(light, dark);
    await page.reload();
    await page.waitForSelector('#theme[data-theme-choice="light"]');
    assert.equal(await paper(), light);
    await page.click("#theme");
    await page.waitForSelector('#theme[data-theme-choice="dark"]');
    assert.equal(await paper(), dark);
    assert.deepEqual(complaints, []);
});

test("Turkish by choice, by the browser, and after a reload; the session outlives the reload too", async (t) => {
    const { page, complaints } = await visitor(t);
    await signIn(page);
    await page.selectOption("#language", "tr");
    await page.getByRole("heading", { level: 1, name: "Arama" }).waitFor();
    assert.equal(await page.locator("html").getAttribute("lang"), "tr");
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "Arama" }).waitFor();
    await page.click("#sign-out");
    await page.getByRole("heading", { level: 1, name: "Oturum aç" }).waitFor();
    await page.reload();
    await page.waitForSelector("#email");
    assert.deepEqual(complaints, []);

    const { page: turkish } = await visitor(t, { locale: "tr-TR" });
    await turkish.goto(URL_BASE);
    await turkish.getByRole("heading", { level: 1, name: "Oturum aç" }).waitFor();
});

test("an access token that has run out is renewed once, and the work goes on", async (t) => {
    const { page, complaints } = await visitor(t);
    await signIn(page);
    let refreshes = 0;
    page.on("request", (request) => { refreshes += request.url().endsWith("/auth/refresh"); });
    let refused = 0;
    await page.route("**/api/outbound-caller/**", async (route) => {
        if (refreshes > 0)
            return route.continue();
        refused++;
        return route.fulfill({ status: 401, contentType: "application/problem+json", body: '{"code":"unauthorized"}' });
    });
    const renewed = page.waitForResponse((answer) => answer.url().includes("/status?") && answer.ok());
    await page.evaluate(() => dispatchEvent(new Event("online")));             /* asks at once */
    await renewed;
    assert.ok(refused > 0);
    assert.equal(refreshes, 1);
    assert.equal(await page.locator("#run").count(), 1);
    assert.deepEqual(complaints, []);
});

test("a duplicated tab does not end the session of the first", async (t) => {
    const { page, context } = await visitor(t);
    await signIn(page);
    const opened = context.waitForEvent("page");
    await page.evaluate(() => { window.open(location.href); });
    const second = await opened;
    await second.waitForSelector('#run:not([data-phase="loading"])');
    await page.reload();
    await page.waitForSelector('#run:not([data-phase="loading"])');
    await second.reload();
    await second.waitForSelector('#run:not([data-phase="loading"])');
});

test("a lost connection is said, and unsaid when it is back", async (t) => {
    const { page, context } = await visitor(t);
    await signIn(page);
    await context.setOffline(true);
    await page.getByText("Connection lost").waitFor();
    await context.setOffline(false);
    await page.getByText("Connection lost").waitFor({ state: "detached" });
});

test("a viewer watches: the controls are off and the reason is said", async (t) => {
    const login = async (email, password) => {
        const answer = await fetch(`${URL_BASE}/api/v1/auth/login`, { method: "POST",
            headers: { "Content-Type": "application/json" }, body: JSON.stringify({ email, password }) });
        assert.equal(answer.status, 200);
        return answer.json();
    };
    const { access_token: token, tenant } = await login(EMAIL, PASSWORD);
    const viewer = { email: `viewer-${randomInt(1e9)}@example.com`, name: "Vera Viewer", role: "viewer", password: `watch only ${randomInt(1e9)}` };
    const made = await fetch(`${URL_BASE}/api/v1/tenants/${tenant.id}/users`, { method: "POST",
        headers: { "Content-Type": "application/json", "Authorization": `Bearer ${token}` }, body: JSON.stringify(viewer) });
    assert.equal(made.status, 201);

    const { page, complaints } = await visitor(t);
    await signIn(page, viewer.email, viewer.password);
    await page.getByText("You are signed in as viewer").waitFor();
    assert.equal(await page.locator("#interval").isDisabled(), true);
    assert.equal(await page.locator("#do-not-call button[type=submit]").isDisabled(), true);
    for (const control of await page.locator("#start, #pause, #stop, #resume, #replace").all())
        assert.equal(await control.isDisabled(), true);
    assert.deepEqual(complaints, []);
});

for (const colorScheme of ["light", "dark"]) {
    test(`axe finds nothing in the ${colorScheme} theme, wide and 320 pixels narrow`, async (t) => {
        const { page } = await visitor(t, { colorScheme, bypassCSP: true, reducedMotion: "reduce" });
        await page.goto(URL_BASE);
        await page.waitForSelector("#email");
        assert.deepEqual(await violations(page), [], "sign-in");
        await page.fill("#email", EMAIL);
        await page.fill("#password", `not ${PASSWORD}`);
        await page.keyboard.press("Enter");
        await page.getByRole("alert").waitFor();
        assert.deepEqual(await violations(page), [], "sign-in refused");

        const numbers = freshNumbers(4);
        await Promise.all(numbers.map((number, n) => carrier(number, ["human", "machine", "busy", "failed"][n])));
        await signIn(page);
        await readyForList(page);
        assert.deepEqual(await violations(page), [], "before a list");
        await page.fill("#interval", "0");
        await page.fill("#list", ["name,phone,category", ...numbers.map((number) => `Shop,${number},bakery`), "Nobody,,none"].join("\n"));
        await page.waitForSelector("#preview");
        assert.deepEqual(await violations(page), [], "a list");
        await page.click("#start");
        await page.waitForSelector("#skipped");
        assert.deepEqual(await violations(page), [], "running");
        await page.waitForSelector('#run[data-phase="finished"]');
        await page.fill("#dnc-phone", "abc");
        await page.click("#do-not-call button[type=submit]");
        await page.getByRole("alert").waitFor();
        assert.deepEqual(await violations(page), [], "finished, with an error");
        await page.click("#keys");
        await page.getByRole("dialog").waitFor();
        assert.deepEqual(await violations(page), [], "the sheet of keys");
        await page.keyboard.press("Escape");

        await page.setViewportSize({ width: 320, height: 640 });
        assert.deepEqual(await sticksOut(page), [], "nothing to scroll sideways");
        assert.deepEqual(await violations(page), [], "narrow");

        assert.equal(await page.locator(".screens a").first().isVisible(), false, "the screens are behind a button");
        await page.focus("#menu");
        await page.keyboard.press("Enter");
        assert.deepEqual([await sticksOut(page), await violations(page)], [[], []], "narrow, with the menu open");
        await page.keyboard.press("Escape");
        await page.waitForSelector('#menu:focus[aria-expanded="false"]');
        await page.keyboard.press("Enter");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Enter");
        await page.waitForFunction(() => location.hash === "#/campaigns");
        assert.equal(await page.locator(".screens a").first().isVisible(), false, "whoever has chosen sees the screen");
    });
}
