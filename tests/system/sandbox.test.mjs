// The sandbox Twilio, with Twilio's own SDK as its client and as the judge of its signatures.
import assert from 'node:assert/strict';
import { once, EventEmitter } from 'node:events';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import twilio from 'twilio';

const PROGRAM = join(process.env.OUTDIAL_BIN ?? new URL('../../build/release', import.meta.url).pathname, 'outdial-sandbox');
const ACCOUNT = 'AC' + 'a'.repeat(32), TOKEN = '0123456789abcdef0123456789abcdef', FROM = '+12128675309';
const KEY = 'SK' + 'c'.repeat(32), SECRET = 's3cr3t';
const RIVAL = 'AC' + 'b'.repeat(32), RIVAL_TOKEN = 'rival-token';
const CONTROL_TOKEN = 'control-token';
const EVENTS = ['initiated', 'ringing', 'answered', 'completed'];

// --- the product, as the sandbox sees it: answers what a test tells it to, and remembers who came ------------------

class Product extends EventEmitter {
    seen = [];
    answers = {};

    async open() {
        this.server = http.createServer((request, response) => {
            let body = '';
            request.on('data', (piece) => { body += piece; });
            request.on('end', () => this.answer(request, body, response));
        });
        this.server.listen(0, '127.0.0.1');
        await once(this.server, 'listening');
        this.url = `http://127.0.0.1:${this.server.address().port}`;
    }

    answer(request, body, response) {
        const url = new URL(request.url, this.url);
        const form = Object.fromEntries(new URLSearchParams(request.method === 'GET' ? url.search : body));
        const visit = { path: url.pathname, url: request.url, method: request.method, form, headers: request.headers,
            posted: Object.fromEntries(new URLSearchParams(body)) };
        this.seen.push(visit);
        const found = this.answers[url.pathname];
        const said = typeof found === 'function' ? found(visit) : found ?? (url.pathname === '/status' ? 204 : '<Response/>');
        if (said === null) {
            request.socket.destroy();
        } else if (typeof said === 'number') {
            response.writeHead(said).end();
        } else {
            const { type = 'text/xml', text = said, status = 200 } = said;
            response.writeHead(status, type ? { 'content-type': type } : {}).end(text);
        }
        this.emit('visit', visit);
    }

    // The count-th visit that matches; waits for it.
    async visit(matches, count = 1) {
        for (;;) {
            const found = this.seen.filter(matches);
            if (found.length >= count)
                return found[count - 1];
            await once(this, 'visit', { signal: AbortSignal.timeout(15000) });
        }
    }

    callbacks() {
        return this.seen.filter((v) => v.path === '/status');
    }
}

// --- the sandbox ---------------------------------------------------------------------------------------------------

async function freePort() {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    server.close();
    await once(server, 'close');
    return port;
}

class Sandbox {
    async open(product) {
        this.folder = mkdtempSync(join(tmpdir(), 'sandbox-test-'));
        this.port = await freePort();
        this.url = `http://127.0.0.1:${this.port}`;
        writeFileSync(join(this.folder, 'accounts.json'), JSON.stringify([
            { account_sid: ACCOUNT, auth_token: TOKEN, api_key: KEY, api_secret: SECRET, numbers: 'demo', phone_number: FROM },
            { account_sid: RIVAL, auth_token: RIVAL_TOKEN, numbers: 5 },
        ]));
        this.environment = { ...process.env, SANDBOX_PORT: this.port, SANDBOX_TOKEN: CONTROL_TOKEN, SANDBOX_STATE: join(this.folder, 'state'),
            SANDBOX_ACCOUNTS: join(this.folder, 'accounts.json'), SANDBOX_SEED: '7', PUBLIC_BASE_URL: product.url };
        await this.start();
    }

    async start() {
        this.process = spawn(PROGRAM, [], { env: this.environment, stdio: ['ignore', 'inherit', 'pipe'] });
        this.ended = new Promise((resolve) => { this.process.on('exit', (...how) => resolve(how)); });
        this.process.on('error', (error) => { this.process.stderr.destroy(error); });
        let said = '';
        for await (const piece of this.process.stderr.iterator({ destroyOnReturn: false })) {
            said += piece;
            if (said.includes('sandbox.ready'))
                break;
        }
        assert.match(said, /sandbox\.ready/);
        this.process.stderr.on('data', (piece) => { if (!String(piece).includes('sandbox.stopped')) process.stderr.write(piece); });
    }

    async stop(signal) {
        return this.process.kill(signal) ? this.ended : null;
    }

    async control(path, body) {
        const answer = await fetch(`${this.url}/control${path}`, { method: body ? 'POST' : 'GET', body: body && JSON.stringify(body),
            headers: { authorization: `Bearer ${CONTROL_TOKEN}` } });
        const json = await answer.json();
        assert.ok(answer.ok, JSON.stringify(json));
        return json;
    }

    async calls() {
        return (await this.control('/calls')).calls;
    }

    // Ground truth of a call once it says so.
    async truth(sid, matches = (c) => c.ended_at) {
        for (const until = Date.now() + 15000; Date.now() < until;) {
            const call = (await this.calls()).find((c) => c.sid === sid);
            if (call && matches(call))
                return call;
            await new Promise((resolve) => { setTimeout(resolve, 5); });
        }
        assert.fail(`call ${sid} never got there: ${JSON.stringify(await this.calls())}`);
    }

    client(user = ACCOUNT, password = TOKEN, options = {}) {
        const base = this.url;
        class Rewriting extends twilio.RequestClient {
            request(what) {
                return super.request({ ...what, uri: what.uri.replace('https://api.twilio.com', `${base}/twilio`) });
            }
        }
        return twilio(user, password, { httpClient: new Rewriting(), ...options });
    }

    // A request as it is, without the SDK.
    async api(method, path, form, user = `${ACCOUNT}:${TOKEN}`) {
        const answer = await fetch(`${this.url}/twilio/2010-04-01/Accounts/${ACCOUNT}${path}`, { method,
            body: form && new URLSearchParams(form), headers: { authorization: `Basic ${Buffer.from(user).toString('base64')}` } });
        return { status: answer.status, headers: answer.headers, body: answer.status === 204 ? null : await answer.json() };
    }
}

const product = new Product(), sandbox = new Sandbox();
let client;

before(async () => {
    await product.open();
    await sandbox.open(product);
    client = sandbox.client();
});

after(async () => {
    await sandbox.stop('SIGTERM');
    product.server.close();
    product.server.closeAllConnections();
    rmSync(sandbox.folder, { recursive: true });
});

beforeEach(async () => {
    await sandbox.control('/reset', {});
    await sandbox.control('/speed', { factor: 100 });
    product.seen = [];
    product.answers = {};
});

const call = (more = {}) => client.calls.create({ to: '+14152660100', from: FROM, url: `${product.url}/voice`,
    statusCallback: `${product.url}/status`, statusCallbackEvent: EVENTS, ...more });
const terminal = (v) => v.path === '/status' && ['completed', 'busy', 'failed', 'no-answer', 'canceled'].includes(v.form.CallStatus);
const twiml = (inner) => `<?xml version="1.0" encoding="UTF-8"?><Response>${inner}</Response>`;
const genuine = (v, token = TOKEN) => twilio.validateRequest(token, v.headers['x-twilio-signature'], product.url + v.url,
    v.method === 'GET' ? {} : v.posted);

// --- a call --------------------------------------------------------------------------------------------------------

test('a call goes from queued to completed with signed callbacks in order', async () => {
    product.answers['/voice'] = twiml('<Say>Hello there</Say><Hangup/>');
    const made = await call({ statusCallback: `${product.url}/status?att=42&t=a%20b#rc=3&rp=5xx,ct,rt` });
    assert.equal(made.status, 'queued');
    assert.equal(made.direction, 'outbound-api');
    const last = await product.visit(terminal);
    assert.deepEqual(product.callbacks().map((v) => v.form.CallStatus), ['initiated', 'ringing', 'in-progress', 'completed']);
    assert.deepEqual(product.callbacks().map((v) => v.form.SequenceNumber), ['0', '1', '2', '3']);
    assert.equal(product.callbacks()[0].url, '/status?att=42&t=a%20b');
    for (const visit of product.seen)
        assert.ok(genuine(visit), `signature of ${visit.url}`);
    assert.ok(!genuine(last, RIVAL_TOKEN));
    assert.equal(last.form.CallbackSource, 'call-progress-events');
    assert.equal(last.form.SipResponseCode, '200');
    assert.equal(last.form.CallDuration, '1');
    assert.equal(last.form.AccountSid, ACCOUNT);
    assert.ok(Math.abs(new Date(last.form.Timestamp) - Date.now()) < 60000);
    assert.equal(new Set(product.callbacks().map((v) => v.headers['i-twilio-idempotency-token'])).size, 4);
    const truth = await sandbox.truth(made.sid, (c) => c.callbacks.length === 4);
    assert.equal(truth.status, 'completed');
    assert.deepEqual(truth.said, ['Hello there']);
    assert.deepEqual(truth.callbacks.map((c) => [c.event, c.status]), EVENTS.map((e) => [e, 204]));
    assert.equal(truth.twiml.length, 1);
    assert.deepEqual(truth.request.StatusCallbackEvent, EVENTS);
    const fetched = await client.calls(made.sid).fetch();
    assert.equal(fetched.status, 'completed');
    assert.ok(fetched.startTime <= fetched.endTime);
});

test('only completed is told unless asked for more', async () => {
    const made = await call({ statusCallbackEvent: undefined });
    await product.visit(terminal);
    await sandbox.truth(made.sid, (c) => c.callbacks.length === 1);
    assert.deepEqual(product.callbacks().map((v) => [v.form.CallStatus, v.form.SequenceNumber]), [['completed', '0']]);
});

test('signatures over GET leave the query as it was sent', async () => {
    await call({ method: 'GET', url: `${product.url}/voice?a=1`, statusCallbackMethod: 'GET' });
    await product.visit(terminal);
    for (const visit of product.seen) {
        assert.equal(visit.method, 'GET');
        assert.ok(genuine(visit));
    }
});

for (const [outcome, status, sip] of [['busy', 'busy', '486'], ['no-answer', 'no-answer', '487'], ['failed', 'failed', '404']])
    test(`who is ${outcome} ends ${status}`, async () => {
        await sandbox.control('/script', { to: '*', outcome, ring_secs: 1 });
        const made = await call();
        const last = await product.visit(terminal);
        assert.equal(last.form.CallStatus, status);
        assert.equal(last.form.SipResponseCode, sip);
        assert.equal(last.form.CallDuration, '0');
        assert.equal((await sandbox.truth(made.sid)).status, status);
        assert.ok(!product.seen.some((v) => v.path === '/voice'));
    });

test('nobody answers after Timeout', async () => {
    await sandbox.control('/script', { to: '*', ring_secs: 50 });
    const made = await call({ timeout: 5 });
    assert.equal((await sandbox.truth(made.sid)).status, 'no-answer');
});

test('the exact script wins over *, for all its fields', async () => {
    await sandbox.control('/script', { to: '*', outcome: 'busy' });
    await sandbox.control('/script', { to: '+14152660100', outcome: 'human', ring_secs: 0 });
    assert.equal((await sandbox.truth((await call()).sid)).status, 'completed');
    assert.equal((await sandbox.truth((await call({ to: '+14152660101' })).sid)).status, 'busy');
});

// --- machine detection ---------------------------------------------------------------------------------------------

for (const [outcome, mode, by] of [['human', 'Enable', 'human'], ['machine', 'Enable', 'machine_start'],
    ['machine', 'DetectMessageEnd', 'machine_end_beep'], ['screening', 'Enable', 'unknown']])
    test(`${mode} tells a ${outcome} as ${by}`, async () => {
        await sandbox.control('/script', { to: '*', outcome });
        const made = await call({ machineDetection: mode });
        assert.equal((await product.visit((v) => v.path === '/voice')).form.AnsweredBy, by);
        assert.equal((await sandbox.truth(made.sid)).answered_by, by);
        assert.equal((await client.calls(made.sid).fetch()).answeredBy, by);
    });

test('asynchronous detection starts the document at once and tells the result apart', async () => {
    await sandbox.control('/script', { to: '*', outcome: 'machine' });
    product.answers['/voice'] = twiml('<Pause length="8"/>');
    await call({ machineDetection: 'Enable', asyncAmd: 'true', asyncAmdStatusCallback: `${product.url}/amd` });
    const result = await product.visit((v) => v.path === '/amd');
    assert.equal(result.form.AnsweredBy, 'machine_start');
    assert.ok(Number(result.form.MachineDetectionDuration) > 0);
    assert.ok(genuine(result));
    assert.ok(product.seen.findIndex((v) => v.path === '/voice') < product.seen.findIndex((v) => v.path === '/amd'));
    assert.equal(product.seen.find((v) => v.path === '/voice').form.AnsweredBy, undefined);
});

// --- documents -----------------------------------------------------------------------------------------------------

test('a key is pressed into a Gather and its action is fetched, relative to the document', async () => {
    await sandbox.control('/script', { to: '*', digits: '1' });
    product.answers['/a/voice'] = twiml('<Gather numDigits="1" action="gather?x=1&amp;y=2"><Say>Press 1 to speak with an agent, or press 2 '
        + 'to be left alone.</Say><Say>Never heard</Say></Gather><Say>No input</Say>');
    product.answers['/a/gather'] = twiml('<Say>Thank you</Say>');
    const made = await call({ url: `${product.url}/a/voice` });
    const gathered = await product.visit((v) => v.path === '/a/gather');
    assert.equal(gathered.url, '/a/gather?x=1&y=2');
    assert.equal(gathered.form.Digits, '1');
    assert.equal(gathered.form.CallStatus, 'in-progress');
    assert.ok(genuine(gathered));
    const truth = await sandbox.truth(made.sid);
    assert.equal(truth.digits, '1');
    assert.deepEqual(truth.said, ['Press 1 to speak with an agent, or press 2 to be left alone.', 'Thank you']);
});

test('without a key a Gather falls through; finishOnKey ends several', async () => {
    product.answers['/voice'] = twiml('<Gather timeout="1" action="/gather"><Say>Press</Say></Gather><Say>No input</Say>');
    const silent = await sandbox.truth((await call()).sid);
    assert.deepEqual(silent.said, ['Press', 'No input']);
    assert.equal(silent.digits, '');
    await sandbox.control('/script', { to: '*', digits: '42#7' });
    product.answers['/gather'] = (v) => (v.form.Digits === '42' ? twiml('<Gather action="/gather" timeout="1"/>') : twiml(`<Say>${v.form.Digits}</Say>`));
    const several = await sandbox.truth((await call()).sid);
    assert.equal(several.digits, '42#7');
    assert.deepEqual(several.said, ['Press', '7']);
});

test('Redirect, Pause, Play and inline TwiML', async () => {
    product.answers['/next'] = twiml('<Pause length="1"/><Play>https://example.com/a.mp3</Play><Say loop="2">There</Say>');
    const made = await call({ url: undefined, twiml: twiml(`<Say>Here</Say><Redirect method="GET">${product.url}/next</Redirect><Say>Never</Say>`) });
    const truth = await sandbox.truth(made.sid);
    assert.deepEqual(truth.said, ['Here', 'There']);
    assert.equal(truth.twiml.length, 2);
    assert.equal(product.seen.find((v) => v.path === '/next').method, 'GET');
});

test('Record tells the address of what was recorded', async () => {
    await sandbox.control('/script', { to: '*', talk_secs: 3 });
    product.answers['/voice'] = twiml('<Record action="/recorded" maxLength="30" recordingStatusCallback="/recording"/>');
    await call();
    const visit = await product.visit((v) => v.path === '/recorded');
    assert.match(visit.form.RecordingUrl, /\/Recordings\/RE[0-9a-f]{32}$/);
    assert.equal(visit.form.RecordingDuration, '3');
    assert.equal((await product.visit((v) => v.path === '/recording')).form.RecordingStatus, 'completed');
});

test('Dial rings a leg of its own, bridges it and reports', async () => {
    product.answers['/voice'] = twiml(`<Say>Connecting</Say><Dial callerId="${FROM}" action="/dialed"><Number statusCallback="/leg" `
        + 'statusCallbackEvent="initiated ringing answered completed">+1 (312) 266-0199</Number></Dial><Say>Never</Say>');
    product.answers['/dialed'] = twiml('<Say>Goodbye</Say>');
    product.answers['/leg'] = 204;
    const made = await call();
    const dialed = await product.visit((v) => v.path === '/dialed');
    const truth = await sandbox.truth(made.sid, (c) => c.ended_at && c.callbacks.length === 4);
    const leg = (await sandbox.calls()).find((c) => c.parent_sid === made.sid);
    assert.equal(leg.to, '+13122660199');
    assert.equal(leg.direction, 'outbound-dial');
    assert.equal(leg.status, 'completed');
    assert.equal(dialed.form.DialCallStatus, 'completed');
    assert.equal(dialed.form.DialCallSid, leg.sid);
    assert.equal(dialed.form.DialBridged, 'true');
    assert.equal(dialed.form.DialCallDuration, '1');
    assert.deepEqual(truth.said, ['Connecting', 'Goodbye']);
    const told = product.seen.filter((v) => v.path === '/leg');
    assert.deepEqual(told.map((v) => v.form.CallStatus), ['initiated', 'ringing', 'in-progress', 'completed']);
    assert.ok(told.every((v) => v.form.CallSid === leg.sid && v.form.ParentCallSid === made.sid && genuine(v)));
    assert.deepEqual((await client.calls.list({ parentCallSid: made.sid })).map((c) => c.sid), [leg.sid]);
});

for (const [inner, status] of [['+13122660199', 'busy'], ['<Client>agent</Client>', 'failed'], ['3122660199', 'failed'],
    ['<Number>+10002660199</Number>', 'failed']])
    test(`Dial ${inner} reports ${status}`, async () => {
        await sandbox.control('/script', { to: '+13122660199', outcome: 'busy' });
        product.answers['/voice'] = twiml(`<Dial action="/dialed">${inner}</Dial>`);
        await call();
        assert.equal((await product.visit((v) => v.path === '/dialed')).form.DialCallStatus, status);
    });

test('Dial with a foreign callerId fails with 13214', async () => {
    product.answers['/voice'] = twiml('<Dial callerId="+13122660111" action="/dialed">+13122660199</Dial>');
    const made = await call();
    assert.equal((await product.visit((v) => v.path === '/dialed')).form.DialCallStatus, 'failed');
    await sandbox.truth(made.sid);
    assert.deepEqual((await client.calls(made.sid).notifications.list?.() ?? (await sandbox.api('GET', `/Calls/${made.sid}/Notifications.json`))
        .body.notifications).map((n) => n.error_code ?? n.errorCode), ['13214']);
});

test('a caller who hangs up ends the leg, and the action still hears of it', async () => {
    await sandbox.control('/script', { to: '+14152660100', talk_secs: 2 });
    await sandbox.control('/script', { to: '+13122660199', talk_secs: 60 });
    product.answers['/voice'] = twiml('<Dial action="/dialed">+13122660199</Dial>');
    const made = await call();
    const dialed = await product.visit((v) => v.path === '/dialed');
    assert.equal(dialed.form.CallStatus, 'completed');
    assert.equal(dialed.form.DialCallStatus, 'completed');
    assert.ok((await sandbox.calls()).every((c) => c.status === 'completed'), made.sid);
});

test('the callee hears a whisper before the bridge, and may refuse', async () => {
    product.answers['/voice'] = twiml('<Dial action="/dialed"><Number url="/whisper">+13122660199</Number></Dial>');
    product.answers['/whisper'] = twiml('<Say>A call for you</Say>');
    const made = await call();
    assert.equal((await product.visit((v) => v.path === '/dialed')).form.DialCallStatus, 'completed');
    const leg = (await sandbox.calls()).find((c) => c.parent_sid === made.sid);
    assert.deepEqual(leg.said, ['A call for you']);
});

test('two calls meet in a conference', async () => {
    await sandbox.control('/script', { to: '*', ring_secs: 0, talk_secs: 20 });
    product.answers['/voice'] = twiml('<Dial action="/dialed"><Conference endConferenceOnExit="true">room-1</Conference></Dial>');
    const one = await call(), two = await call({ to: '+14152660101' });
    assert.equal((await product.visit((v) => v.path === '/dialed')).form.DialCallStatus, 'answered');
    for (const made of [one, two])
        assert.equal((await sandbox.truth(made.sid)).status, 'completed');
});

// --- documents that are wrong ------------------------------------------------------------------------------------------

for (const [what, answer, code] of [['an unknown verb', twiml('<Dance/>'), 12100], ['no XML', 'hello', 12100],
    ['no Content-Type', { type: null, text: twiml('') }, 12300], ['JSON', { type: 'application/json', text: '{}' }, 12300],
    ['more than 64 kB', twiml(`<Say>${'a'.repeat(70000)}</Say>`), 11750], ['status 500', { status: 500, text: twiml('') }, 11200],
    ['a closed connection', null, 11205], ['an empty body', { text: '' }, 11770], ['a misplaced noun', twiml('<Number>1</Number>'), 12200]])
    test(`${what} is ${code}: the fallback is asked, and without one the call ends`, async () => {
        product.answers['/voice'] = () => answer;
        product.answers['/fallback'] = twiml('<Say>Sorry</Say>');
        const with_one = await call({ fallbackUrl: `${product.url}/fallback` });
        const asked = await product.visit((v) => v.path === '/fallback');
        assert.equal(asked.form.ErrorCode, String(code));
        assert.equal(asked.form.ErrorUrl, `${product.url}/voice`);
        assert.deepEqual((await sandbox.truth(with_one.sid)).said, ['Sorry']);
        const without = await call();
        assert.equal((await sandbox.truth(without.sid)).status, 'completed');
        const { log } = await sandbox.control('/log?since=0');
        assert.ok(log.some((l) => l.kind === 'callback' && l.verdict.startsWith(String(code))));
    });

test('an attribute that does not exist is a warning, and the call goes on', async () => {
    product.answers['/voice'] = twiml('<Say tone="sweet">Hello</Say>');
    const made = await call();
    assert.deepEqual((await sandbox.truth(made.sid)).said, ['Hello']);
    const { body } = await sandbox.api('GET', `/Calls/${made.sid}/Notifications.json`);
    assert.equal(body.notifications[0].error_code, '12200');
});

// --- delivery ------------------------------------------------------------------------------------------------------

test('callbacks are repeated as the address says, with the same token', async () => {
    let refusals = 2;
    product.answers['/status'] = () => (refusals-- > 0 ? 503 : 204);
    const made = await call({ statusCallbackEvent: ['completed'], statusCallback: `${product.url}/status#rc=3&rp=5xx,ct,rt` });
    await product.visit((v) => v.path === '/status', 3);
    const truth = await sandbox.truth(made.sid, (c) => c.callbacks.length);
    assert.deepEqual(truth.callbacks.map((c) => c.status), [204]);
    assert.equal(new Set(product.callbacks().map((v) => v.headers['i-twilio-idempotency-token'])).size, 1);
});

test('a 503 is not repeated unless asked for', async () => {
    product.answers['/status'] = 503;
    const made = await call({ statusCallbackEvent: ['completed'] });
    await sandbox.truth(made.sid, (c) => c.callbacks.length);
    assert.equal(product.callbacks().length, 1);
});

test('callbacks are doubled, dropped, swapped and delayed as scripted', async () => {
    const told = async (callbacks, count, size) => {
        product.seen = [];
        await sandbox.control('/script', { to: '*', ring_secs: 1, faults: { callbacks } });
        const made = await call();
        const truth = await sandbox.truth(made.sid, (c) => c.ended_at && c.callbacks.length === size);
        assert.equal(product.callbacks().length, count);
        return { truth, order: product.callbacks().map((v) => Number(v.form.SequenceNumber)) };
    };
    assert.deepEqual((await told({ duplicate: 1 }, 8, 8)).order, [0, 0, 1, 1, 2, 2, 3, 3]);
    assert.ok((await told({ drop: 1 }, 0, 4)).truth.callbacks.every((c) => c.status === null));
    assert.notDeepEqual((await told({ reorder: true }, 4, 4)).order, [0, 1, 2, 3]);
    const late = await told({ delay_ms: 300 }, 4, 4);
    assert.ok(new Date(late.truth.callbacks[0].at) - new Date(late.truth.created_at) >= 300);
});

test('callbacks:false sends nothing and fetches nothing', async () => {
    await sandbox.control('/speed', { callbacks: false });
    const made = await call();
    assert.equal((await sandbox.truth(made.sid)).status, 'completed');
    assert.deepEqual(product.seen, []);
});

// --- create ----------------------------------------------------------------------------------------------------------

const form = (more = {}) => Object.fromEntries(Object.entries({ To: '+14152660100', From: FROM, Url: `${product.url}/voice`, ...more })
    .filter(([, value]) => value !== undefined));

for (const [what, more, code] of [['no To', { To: undefined }, 21201], ['no From', { From: undefined }, 21213], ['text as To', { To: 'hello' }, 21211],
    ['an impossible number', { To: '+11112223333' }, 21211], ['To = From', { To: FROM }, 21211], ['a foreign From', { From: '+13122660111' }, 21210],
    ['text as From', { From: 'me' }, 21212], ['no Url', { Url: undefined }, 21205], ['a bad Url', { Url: 'ftp://x' }, 21205],
    ['an underscore in the host', { StatusCallback: 'http://a_b.example.com/' }, 21205], ['a bad method', { Method: 'PUT' }, 21209],
    ['an endless Timeout', { Timeout: '601' }, 21208], ['SendDigits with letters', { SendDigits: 'xyz' }, 21206],
    ['an unknown detection', { MachineDetection: 'Maybe' }, 21234], ['a detection timeout of 2 s', { MachineDetectionTimeout: '2' }, 21234],
    ['an unknown event', { StatusCallbackEvent: 'done' }, 21626], ['an unknown parameter', { Colour: 'blue' }, 20001],
    ['an application that is not there', { ApplicationSid: 'AP' + '1'.repeat(32) }, 21218]])
    test(`create refuses ${what} with ${code}`, async () => {
        const answer = await sandbox.api('POST', '/Calls.json', form(more));
        assert.equal(answer.status, 400);
        assert.equal(answer.body.code, code);
        assert.equal(answer.body.status, 400);
        assert.match(answer.body.more_info, new RegExp(`/${code}$`));
        assert.match(answer.headers.get('twilio-request-id'), /^RQ/);
        assert.deepEqual(await sandbox.calls(), []);
    });

test('credentials: token and API key pass, others get 401 20003', async () => {
    assert.equal((await sandbox.client(KEY, SECRET, { accountSid: ACCOUNT }).api.accounts(ACCOUNT).fetch()).status, 'active');
    for (const user of [`${ACCOUNT}:wrong`, `${RIVAL}:${RIVAL_TOKEN}`, 'x:y']) {
        const answer = await sandbox.api('POST', '/Calls.json', form(), user);
        assert.equal(answer.status, 401);
        assert.equal(answer.body.code, 20003);
    }
    assert.deepEqual(await sandbox.calls(), []);
});

test('a scripted rejection is a 400 with its code and places nothing', async () => {
    await sandbox.control('/script', { to: '*', outcome: 'reject', error_code: 21215 });
    await assert.rejects(call(), { status: 400, code: 21215 });
    assert.deepEqual(await sandbox.calls(), []);
});

for (const [fault, placed, status] of [['lost-answer', 1, null], ['500', 1, 500], ['429', 0, 429], ['drop', 0, null]])
    test(`fault ${fault}: ${placed ? 'placed' : 'not placed'}, once per destination`, async () => {
        await sandbox.control('/script', { to: '*', faults: { create: fault } });
        for (const to of ['+14152660100', '+14152660101']) {
            const before_it = (await sandbox.calls()).length;
            if (status)
                assert.equal((await sandbox.api('POST', '/Calls.json', form({ To: to }))).status, status);
            else
                await assert.rejects(sandbox.api('POST', '/Calls.json', form({ To: to })));
            assert.equal((await sandbox.calls()).length, before_it + placed);
            assert.equal((await sandbox.api('POST', '/Calls.json', form({ To: to }))).status, 201);
        }
    });

test('a fault strikes as often as asked', async () => {
    await sandbox.control('/script', { to: '+14152660100', faults: { create: '429', times: 3 } });
    const status = [];
    for (let i = 0; i < 4; i++)
        status.push((await sandbox.api('POST', '/Calls.json', form())).status);
    assert.deepEqual(status, [429, 429, 429, 201]);
    assert.equal((await sandbox.api('POST', '/Calls.json', form())).status, 201);
});

test('late-answer: the call is placed long before the answer, and a caller who leaves does no harm', async () => {
    await sandbox.control('/script', { to: '*', faults: { create: 'late-answer' } });
    const leaving = new AbortController();
    const answer = fetch(`${sandbox.url}/twilio/2010-04-01/Accounts/${ACCOUNT}/Calls.json`, { method: 'POST', body: new URLSearchParams(form()),
        headers: { authorization: `Basic ${Buffer.from(`${ACCOUNT}:${TOKEN}`).toString('base64')}` }, signal: leaving.signal });
    const settled = assert.rejects(answer, { name: 'AbortError' });
    await product.visit((v) => v.path === '/voice');
    assert.equal((await sandbox.calls()).length, 1);
    leaving.abort();
    await settled;
});

// --- changing, finding ---------------------------------------------------------------------------------------------

test('a ringing call is canceled, a talking one completed or sent elsewhere, an ended one left alone', async () => {
    await sandbox.control('/script', { to: '+14152660100', outcome: 'no-answer' });
    const ringing = await call();
    await product.visit((v) => v.form.CallStatus === 'ringing');
    assert.equal((await client.calls(ringing.sid).update({ status: 'canceled' })).status, 'canceled');
    assert.equal((await product.visit(terminal)).form.CallStatus, 'canceled');

    product.answers['/voice'] = twiml('<Pause length="3600"/>');
    const talking = await call({ to: '+14152660101' });
    await sandbox.truth(talking.sid, (c) => c.twiml.length);
    await assert.rejects(client.calls(talking.sid).update({ status: 'canceled' }), { code: 21220 });
    await client.calls(talking.sid).update({ twiml: twiml('<Say>Elsewhere</Say><Pause length="3600"/>') });
    await sandbox.truth(talking.sid, (c) => c.said.includes('Elsewhere'));
    assert.equal((await client.calls(talking.sid).update({ status: 'completed' })).status, 'completed');
    await assert.rejects(client.calls(talking.sid).update({ status: 'completed' }), { code: 21220 });
    await assert.rejects(client.calls('CA' + '0'.repeat(32)).fetch(), { code: 20404 });
    assert.ok(await client.calls(talking.sid).remove());
    await assert.rejects(client.calls(talking.sid).fetch(), { code: 20404 });
    assert.equal((await sandbox.calls()).length, 2);
});

test('a call canceled in the queue is told to nobody', async () => {
    await sandbox.control('/account', { account_sid: ACCOUNT, cps: 0.01 });
    try {
        await call();
        const queued = await call({ to: '+14152660101' });
        await product.visit(terminal);
        assert.deepEqual((await client.calls.list({ status: 'queued' })).map((c) => [c.sid, c.startTime]), [[queued.sid, null]]);
        await client.calls(queued.sid).update({ status: 'canceled' });
        const truth = await sandbox.truth(queued.sid);
        assert.equal(truth.status, 'canceled');
        assert.ok(!product.callbacks().some((v) => v.form.CallSid === queued.sid));
    } finally {
        await sandbox.control('/account', { account_sid: ACCOUNT, cps: 0 });
    }
});

test('calls are found by their ends, status and day, page by page', async () => {
    await sandbox.control('/speed', { callbacks: false });
    const made = [];
    for (let i = 0; i < 7; i++)
        made.push((await call({ to: `+141526601${i % 2}0` })).sid);
    for (const sid of made)
        await sandbox.truth(sid);
    const today = new Date(new Date().toISOString().slice(0, 10));
    assert.deepEqual((await client.calls.list({ pageSize: 3 })).map((c) => c.sid), made.toReversed());
    assert.equal((await client.calls.list({ to: '+14152660110', from: FROM, startTimeAfter: today })).length, 3);
    assert.equal((await client.calls.list({ startTimeBefore: new Date(today - 86400000) })).length, 0);
    assert.equal((await client.calls.list({ status: 'busy' })).length, 0);
    const first = (await sandbox.api('GET', '/Calls.json?PageSize=3')).body;
    assert.equal(first.end, 2);
    await call({ to: '+14152660199' });                          // a newcomer does not shift the pages
    const second = await (await fetch(`${sandbox.url}/twilio${first.next_page_uri}`, { headers: {
        authorization: `Basic ${Buffer.from(`${ACCOUNT}:${TOKEN}`).toString('base64')}` } })).json();
    assert.deepEqual(second.calls.map((c) => c.sid), made.toReversed().slice(3, 6));
    assert.equal((await sandbox.api('GET', '/Calls.json?Page=1')).status, 400);
    assert.equal((await sandbox.api('GET', '/Calls.json?Colour=blue')).status, 400);
    assert.equal((await sandbox.client(RIVAL, RIVAL_TOKEN).calls.list()).length, 0);
});

test('events of a call show the addresses it was created with', async () => {
    const made = await call({ url: `${product.url}/voice?att=abc123` });
    await product.visit(terminal);
    const events = await client.calls(made.sid).events.list();
    assert.ok(JSON.stringify(events).includes('att=abc123'));
    assert.ok(events.length >= 5);
});

// --- numbers -------------------------------------------------------------------------------------------------------

test('the demo account owns 137 numbers in three pages', async () => {
    const pages = [];
    for (let page = (await client.incomingPhoneNumbers.page()); page; page = await page.nextPage())
        pages.push(page.instances.length);
    assert.deepEqual(pages, [50, 50, 37]);
    const all = await client.incomingPhoneNumbers.list();
    assert.equal(new Set(all.map((n) => n.phoneNumber)).size, 137);
    assert.ok(all.some((n) => n.phoneNumber === FROM));
    const abroad = all.filter((n) => !n.phoneNumber.startsWith('+1'));
    assert.equal(abroad.length, 12);
    assert.equal(abroad.filter((n) => /^TK[0-9a-f]{32}$/.test(n.trunkSid)).length, 3);
    assert.equal((await client.incomingPhoneNumbers.tollFree.list()).length, 25);
    assert.equal((await client.incomingPhoneNumbers.list({ phoneNumber: FROM })).length, 1);
    assert.equal((await sandbox.client(RIVAL, RIVAL_TOKEN).incomingPhoneNumbers.list()).length, 5);
    assert.deepEqual(await client.outgoingCallerIds.list(), []);
});

test('numbers are added, counted and changed', async () => {
    assert.equal((await sandbox.control('/numbers', { account_sid: RIVAL, count: 60 })).count, 60);
    assert.equal((await sandbox.control('/numbers', { account_sid: RIVAL, count: 5 })).count, 5);
    assert.equal((await sandbox.control('/numbers', { account_sid: RIVAL, numbers: ['+13122660123'] })).count, 6);
    assert.equal((await sandbox.control('/numbers', { account_sid: RIVAL, numbers: [{ phone_number: '+13122660123', release: true }] })).count, 5);
    const [number] = await client.incomingPhoneNumbers.list({ phoneNumber: FROM });
    assert.equal(number.voiceUrl, `${product.url}/api/twilio/inbound`);
    const changed = await client.incomingPhoneNumbers(number.sid).update({ voiceUrl: 'https://example.com/v', friendlyName: 'Front desk' });
    assert.deepEqual([changed.voiceUrl, changed.friendlyName], ['https://example.com/v', 'Front desk']);
    await client.incomingPhoneNumbers(number.sid).update({ voiceUrl: number.voiceUrl, friendlyName: '' });
});

// --- inbound -------------------------------------------------------------------------------------------------------

test('somebody calls a number and hears its document', async () => {
    product.answers['/api/twilio/inbound'] = twiml('<Say>Goodbye</Say><Hangup/>');
    const { sid } = await sandbox.control('/inbound', { to: FROM, from: '+14152660100' });
    const asked = await product.visit((v) => v.path === '/api/twilio/inbound');
    assert.deepEqual([asked.form.CallStatus, asked.form.Direction, asked.form.To, asked.form.From], ['ringing', 'inbound', FROM, '+14152660100']);
    assert.ok(genuine(asked));
    const truth = await sandbox.truth(sid);
    assert.deepEqual([truth.status, truth.direction, truth.said], ['completed', 'inbound', ['Goodbye']]);
    product.answers['/api/twilio/inbound'] = twiml('<Reject reason="busy"/>');
    const rejected = await sandbox.truth((await sandbox.control('/inbound', { to: FROM, from: '+14152660100' })).sid);
    assert.deepEqual([rejected.status, rejected.answered_at], ['busy', null]);
});

// --- control -------------------------------------------------------------------------------------------------------

test('control wants its token and says what is wrong', async () => {
    const post = (path, body, token = CONTROL_TOKEN) => fetch(`${sandbox.url}/control${path}`, { method: 'POST', body,
        headers: { authorization: `Bearer ${token}` } });
    assert.equal((await post('/reset', '{}', 'wrong')).status, 401);
    assert.equal((await post('/script', '{"to":"*","outcome":"asleep"}')).status, 422);
    assert.equal((await post('/script', '{"to":"*","mood":"good"}')).status, 422);
    assert.equal((await post('/script', '{')).status, 400);
    assert.equal((await post('/speed', '{"factor":0}')).status, 422);
    assert.equal((await post('/nothing', '{}')).status, 404);
    assert.equal((await fetch(`${sandbox.url}/healthz`)).status, 200);
    for (const other of ['vapi/call', 'livekit/twirp'])
        assert.equal((await fetch(`${sandbox.url}/${other}`, { method: 'POST' })).status, 501);
});

test('the log tells both directions, without credentials, from a number on', async () => {
    const made = await call();
    await sandbox.truth(made.sid, (c) => c.callbacks.length === 4);
    const { log } = await sandbox.control('/log?since=0');
    assert.equal(log[0].kind, 'request');
    assert.equal(log[0].status, 201);
    assert.equal(log.filter((l) => l.kind === 'callback').length, 5);
    assert.ok(!JSON.stringify(log).includes(Buffer.from(`${ACCOUNT}:${TOKEN}`).toString('base64')));
    const later = (await sandbox.control(`/log?since=${log[2].seq}`)).log;
    assert.deepEqual(later.map((l) => l.seq), log.slice(3).map((l) => l.seq));
});

test('reset forgets calls, scripts, speed and log, and keeps numbers', async () => {
    await sandbox.control('/script', { to: '*', outcome: 'reject' });
    await sandbox.control('/reset', {});
    assert.deepEqual(await sandbox.calls(), []);
    assert.deepEqual((await sandbox.control('/log?since=0')).log, []);
    assert.equal((await call()).status, 'queued');
    await sandbox.control('/reset', {});
    assert.equal((await client.incomingPhoneNumbers.list()).length, 137);
});

// --- being killed ----------------------------------------------------------------------------------------------------

test('the truth survives kill -9: what rang rings on, what talked has ended, what was scripted holds', async () => {
    await sandbox.control('/script', { to: '+14152660102', outcome: 'busy', ring_secs: 300 });
    await sandbox.control('/script', { to: '+14152660103', faults: { create: '429' } });
    product.answers['/voice'] = twiml('<Say>Hello</Say><Pause length="3600"/>');
    await assert.rejects(call({ to: '+14152660103' }), { status: 429 });
    const over = await call({ url: undefined, twiml: twiml('<Hangup/>') });
    await sandbox.truth(over.sid, (c) => c.callbacks.length === 4);
    const talking = await call({ to: '+14152660101' });
    await sandbox.truth(talking.sid, (c) => c.said.length && c.callbacks.length === 3);
    const ringing = await call({ to: '+14152660102' });
    await sandbox.truth(ringing.sid, (c) => c.callbacks.length === 2);
    const before_it = (await sandbox.calls())[0];
    const { log } = await sandbox.control('/log?since=0');
    await sandbox.stop('SIGKILL');
    await sandbox.start();
    assert.deepEqual((await sandbox.calls())[0], before_it);
    assert.equal((await sandbox.truth(talking.sid, (c) => c.callbacks.length === 4)).status, 'completed');
    assert.equal((await sandbox.truth(ringing.sid, (c) => c.callbacks.length === 5)).status, 'busy');
    assert.deepEqual((await sandbox.truth(talking.sid)).said, ['Hello']);
    assert.equal((await call({ to: '+14152660103' })).status, 'queued');
    const fresh = (await sandbox.control(`/log?since=${log.at(-1).seq}`)).log;
    assert.ok(fresh.length > 0 && fresh.every((l) => l.seq > log.at(-1).seq));
});

test('SIGTERM ends it within a second, calls or not', async () => {
    product.answers['/voice'] = twiml('<Pause length="3600"/>');
    await call();
    const begun = Date.now();
    assert.deepEqual(await sandbox.stop('SIGTERM'), [0, null]);
    assert.ok(Date.now() - begun < 1000);
    await sandbox.start();
});
