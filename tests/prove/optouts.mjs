// Opt-outs racing dialers, as the database sees them: no permit after an acknowledgement, and none alive at it.
//
//     PGHOST=... PGDATABASE=... node optouts.mjs small|full
//
// Three dialers work through a list as fast as the gate lets them; meanwhile its numbers opt out, each acknowledged once dnc_settled
// says true.  A sender that reports nothing lets its permit run out, as a dialer that was killed does.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

const count = process.argv[2] === 'full' ? 10000 : 500
const dialers = 3, people = 24
const at = path => fileURLToPath(new URL(path, import.meta.url))
execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', at('../sql/world/world.psql')], { stdio: ['ignore', 'ignore', 'inherit'] })
const owner = new pg.Client({ user: 'postgres' })
await owner.connect()
const all = async (text, values) => (await owner.query(text, values)).rows
const one = async (text, values) => Object.values((await all(text, values))[0])[0]
await owner.query(`SET search_path = outdial, public, pg_temp;
    UPDATE tenants SET minimum_gap_minutes = 0;
    UPDATE provider_accounts SET calls_per_second = ${Math.max(100, count / 20)}, max_open_calls = 100000;
    UPDATE campaigns SET max_open_calls = 100000, calls_per_second = 1000, retries = '{"busy": {"times": 1000000, "after_minutes": 1}}';
    INSERT INTO leads (tenant_id, name, phone_e164, original_phone) SELECT w.id('a'), 'Lead', '+1212' || (2000000 + n), '-' FROM generate_series(1, ${count}) n;
    INSERT INTO campaign_leads (tenant_id, list_id, campaign_id, lead_id, position)
    SELECT w.id('a'), w.id('a', 21), w.id('a', 20), id, row_number() OVER (ORDER BY id) FROM leads WHERE tenant_id = w.id('a');
    ANALYZE;`)
const A = await one("SELECT w.id('a')"), user = await one("SELECT 'user:' || w.id('a', 1)"), campaign = await one("SELECT w.id('a', 20)")

let running = true
const acknowledged = new Map() // phone -> the database's time
const alive = []
const tally = { permits: 0, waits: 0, turns: 0 }
const pause = ms => new Promise(done => setTimeout(done, ms))

async function entered(client, text, values, as = user) {
    await client.query('BEGIN')
    await client.query('SELECT outdial.enter($1, $2, $3, NULL, $4)', as === 'dialer' ? [A, as, null, null] : [A, as, 1, 'owner'])
    const { rows } = await client.query({ name: text.slice(0, 40), text, values })
    await client.query('COMMIT')
    return rows
}
async function dialer(n) {
    const client = new pg.Client({ user: 'dialer' })
    await client.connect()
    const holder = Object.values((await client.query('SELECT outdial.hold()')).rows[0])[0]
    while (running) {
        const rows = await entered(client, 'SELECT attempt_id, phone, reason FROM outdial.dial_campaign($1, $2, $3, 20, NULL)', [A, campaign, holder], 'dialer')
        tally.turns++
        for (const { attempt_id: id, phone } of rows.filter(r => r.attempt_id)) {
            tally.permits++
            recent.push(phone)
            if (tally.permits % 10 === 0) continue // killed before it could report
            await entered(client, 'SELECT outdial.attempt_report($1, $2, $3, $4, 201, NULL, NULL, NULL)', [A, id, 'accepted', 'CA' + id], 'dialer')
        }
        if (rows.length === 1) await pause(2)
    }
    await client.end()
}
// What the provider would say: busy, so that leads come back, at once.
async function carrier() {
    const client = new pg.Client({ user: 'api' })
    await client.connect()
    while (running) {
        const open = await all("SELECT id, account_id, provider_sid FROM outdial.attempts WHERE state = 'accepted' LIMIT 200")
        for (const a of open) await client.query("SELECT outdial.hook_status($1, $2, $3, $4, NULL, $5, 'busy', NULL, NULL, NULL, NULL, NULL)", [A, a.id, [a.account_id], a.provider_sid, 'b' + a.id])
        await owner.query("UPDATE outdial.campaign_leads SET due_at = '-infinity' WHERE state = 'waiting' AND due_at > outdial.now()")
        await pause(5)
    }
    await client.end()
}
const numbers = Array.from({ length: count }, (_, n) => '+1212' + (2000001 + n))
for (let n = numbers.length - 1; n > 0; n--) { // in an order of their own
    const other = Math.floor(Math.random() * (n + 1));
    [numbers[n], numbers[other]] = [numbers[other], numbers[n]]
}
const recent = [], taken = new Set()
function next() { // half of them have just been permitted
    while (recent.length && Math.random() < 0.7) {
        const phone = recent.pop()
        if (!taken.has(phone)) return taken.add(phone), phone
    }
    while (numbers.length) {
        const phone = numbers.pop()
        if (!taken.has(phone)) return taken.add(phone), phone
    }
}
async function person() {
    const client = new pg.Client({ user: 'api' })
    await client.connect()
    for (let phone; (phone = next());) {
        await entered(client, 'SELECT is_new FROM outdial.dnc_add($1, NULL, $2, NULL, $3, NULL)', [A, phone, 'api'])
        for (let tries = 0; !(await entered(client, 'SELECT outdial.dnc_settled($1, $2) AS settled', [A, phone]))[0].settled; tries++) {
            tally.waits++
            if (tries > 400) throw new Error('an opt-out does not settle')
            await pause(10)
        }
        // the acknowledgement: this instant of the database's clock, and what is alive in it
        const seen = (await client.query('SELECT outdial.now() AS now')).rows[0].now
        const living = await all("SELECT id FROM outdial.attempts WHERE phone_e164 = $1 AND state = 'permitted' AND permit_until >= outdial.now()", [phone])
        acknowledged.set(phone, seen)
        if (living.length) alive.push(phone)
    }
    await client.end()
}
pg.types.setTypeParser(1184, text => text) // times stay exact
const begun = Date.now()
const workers = [...Array.from({ length: dialers }, (_, n) => dialer(n)), carrier()]
await pause(300)
await Promise.all(Array.from({ length: people }, person))
await pause(500) // dialers go on for a while after the last one
running = false
await Promise.all(workers)
const failures = []
await owner.query('CREATE TABLE w.acknowledged (phone text, at timestamptz)')
await owner.query('INSERT INTO w.acknowledged SELECT * FROM unnest($1::text[], $2::timestamptz[])', [[...acknowledged.keys()], [...acknowledged.values()]])
const late = await all('SELECT a.id FROM outdial.attempts a JOIN w.acknowledged k ON k.phone = a.phone_e164 WHERE a.permitted_at > k.at')
const between = await one('SELECT count(*)::integer FROM outdial.attempts a JOIN outdial.dnc d ON d.phone_e164 = a.phone_e164 WHERE a.permitted_at > d.created_at')
const raced = await one("SELECT count(*)::integer FROM outdial.attempts a JOIN outdial.dnc d ON d.phone_e164 = a.phone_e164 WHERE a.permit_until >= d.created_at AND a.permitted_at <= d.created_at")
if (acknowledged.size !== count) failures.push(`control: ${acknowledged.size} of ${count} opted out`)
if (late.length) failures.push(`${late.length} permits after an acknowledgement`)
if (alive.length) failures.push(`${alive.length} permits alive at an acknowledgement`)
if (between) failures.push(`${between} permits after their do-not-call row`)
if (raced === 0 || tally.permits < 100) failures.push(`control: nothing raced: ${JSON.stringify(tally)}`)
console.log(`${acknowledged.size} opt-outs on ${people} connections in ${((Date.now() - begun) / 1000).toFixed(1)} s against ${dialers} dialers: ${tally.permits} permits, ${raced} of them within two seconds before an opt-out of their number, ` +
    `${tally.waits} waits; ${late.length} permits after an acknowledgement, ${alive.length} alive at one`)
for (const failure of failures) console.log('FAILED: ' + failure)
await owner.end()
process.exit(failures.length ? 1 : 0)
