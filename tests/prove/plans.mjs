// Every hot statement at full size, as the role that sends it and behind its enter(): which tables are read from end to end, and how long.
//
//     PGHOST=... PGDATABASE=... node plans.mjs small|full
//
// Plans come from auto_explain, so statements inside functions are seen too; each is planned twice, with and without its values known.
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

const size = process.argv[2] ?? 'small'
const leads = size === 'full' ? 1000000 : 100000
const attempts = leads / 10
const at = path => fileURLToPath(new URL(path, import.meta.url))
pg.types.setTypeParser(20, Number)

const texts = new Map() // name -> SQL
for (const file of readdirSync(at('../../sql/queries'))) {
    for (const part of readFileSync(at('../../sql/queries/' + file), 'utf8').split(/^-- name: /m).slice(1)) {
        texts.set(part.match(/^\w+/)[0], part.replace(/^\w+\n/, ''))
    }
}

const begun = Date.now()
execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', at('../sql/world/world.psql')], { stdio: ['ignore', 'ignore', 'inherit'] })
execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-v', `leads=${leads}`, '-v', `attempts=${attempts}`, '-f', at('load.psql')], { stdio: ['ignore', 'ignore', 'inherit'] })
console.log(`loaded ${leads} leads, as many on one list, ${attempts} calls with lines and events, ${attempts} do-not-call rows in ${((Date.now() - begun) / 1000).toFixed(0)} s`)
const owner = new pg.Client({ user: 'postgres' })
await owner.connect()
const one = async text => Object.values((await owner.query(text)).rows[0])[0]
const A = await one("SELECT w.id('a')"), user = await one("SELECT 'user:' || w.id('a', 1)"), campaign = await one("SELECT w.id('a', 20)"), list = await one("SELECT w.id('a', 21)")
const account = await one("SELECT w.id('a', 10)"), viewer = await one("SELECT w.id('a', 2)")
const call = (await owner.query("SELECT id, conversation_id, provider_sid, phone_e164, lead_id, permitted_at FROM outdial.attempts WHERE state = 'accepted' ORDER BY id LIMIT 1")).rows[0]
const unknown = await one("SELECT id FROM outdial.attempts WHERE state = 'unknown' LIMIT 1")
const permitted = await one("SELECT id FROM outdial.attempts WHERE state = 'permitted' LIMIT 1")
const lead = await one("SELECT lead_id FROM outdial.campaign_leads WHERE state = 'waiting' AND position = " + leads / 2)
const middle = await one(`SELECT id FROM outdial.leads WHERE external_id = 'x${leads / 2}'`)
const dnc = (await owner.query('SELECT id, phone_e164 FROM outdial.dnc OFFSET 777 LIMIT 1')).rows[0]
const importing = await one("SELECT w.id('a', 60)"), listed = await one("SELECT w.id('a', 61)"), endpoint = await one("SELECT w.id('a', 80)")
const delivery = await one("SELECT w.nth(8, 7)"), waiting = await one("SELECT id FROM outdial.webhook_deliveries WHERE state = 'waiting' ORDER BY id LIMIT 1")
const asked = await one("SELECT attempt_id FROM outdial.price_asks ORDER BY due_at LIMIT 1")
const phone = n => '+1213' + String(2000000 + n)
const thousand = fn => Array.from({ length: 1000 }, (_, n) => fn(n))

// [who, statement, values, also called]
const hot = [
    ['hook', 'hook_accounts', ['twilio', 'ACa']],
    ['hook', 'hook_status', [A, call.id, [account], call.provider_sid, null, 'k1', 'ringing', null, null, null, null, '{}']],
    ['hook', 'hook_status', [A, call.id, [account], call.provider_sid, null, 'k2', 'completed', null, 12, null, null, '{}'], 'an end'],
    ['hook', 'hook_voice', [A, call.id, [account], call.provider_sid, 'human', 'k3', '{}']],
    ['hook', 'hook_gather', [A, call.id, [account], call.provider_sid, '1', null, 'k4', '{}']],
    ['hook', 'hook_gather', [A, call.id, [account], call.provider_sid, '2', null, 'k5', '{}'], 'an opt-out'],
    ['hook', 'login_find', ['owner@a.test']],
    ['hook', 'session_key', ['keyhash-a']],
    ['api', 'number_list', [A, 20, null, null, null, null, null]],
    ['api', 'tenant_get', [A]],
    ['api', 'call_dial_single', [A, 'single', null, phone(1), null, false, 1, null, null, null, null, null, null]],
    ['api', 'call_dial_single', [A, 'single', lead, phone(2), campaign, true, 1, null, null, user, 'POST /x', 'key', 'hash'], 'with campaign and key'],
    ['api', 'call_report', [A, permitted, 'accepted', 'CAreport', 201, null, null, null]],
    ['api', 'call_attempt_state', [A, call.id]],
    ['api', 'call_attempt_account', [A, call.id]],
    ['api', 'call_live_line', [A, call.conversation_id]],
    ['api', 'call_news', [A, call.id, call.provider_sid, 'completed', null, 3, null]],
    ['api', 'call_list', [A, 20, null, null, null, null, null, null, null]],
    ['api', 'call_list', [A, 20, call.conversation_id, null, null, null, null, null, null], 'a later page'],
    ['api', 'call_list', [A, 20, null, null, campaign, null, null, null, null], 'of a campaign'],
    ['api', 'call_list', [A, 20, null, null, null, null, call.lead_id, null, null], 'of a lead'],
    ['api', 'call_find', [A, call.conversation_id]],
    ['api', 'call_events', [A, call.conversation_id]],
    ['api', 'run_campaign', [A, campaign]],
    ['api', 'run_settings', [A, campaign, null]],
    ['api', 'run_log', [A, campaign, 50, null]],
    ['api', 'run_log', [A, campaign, 50, call.id], 'a later page'],
    ['api', 'run_settled', [A, campaign]],
    ['api', 'run_lead', [A, 'x', phone(3), 'x', null, '{}']],
    ['api', 'run_set_state', [A, campaign, 'paused', null]],
    ['api', 'campaign_list', [A, 20, null]],
    ['api', 'campaign_find', [A, campaign]],
    ['api', 'campaign_progress', [A, campaign]],
    ['api', 'campaign_leads', [A, campaign, 20, null, null]],
    ['api', 'campaign_leads', [A, campaign, 20, middle, 'waiting'], 'waiting, a later page'],
    ['api', 'campaign_add_leads', [A, campaign, [lead, middle]]],
    ['api', 'lead_list', [A, 20, null]],
    ['api', 'lead_list', [A, 20, middle], 'a later page'],
    ['api', 'lead_list_by_phone', [A, 20, null, '+12122000777']],
    ['api', 'lead_list_by_campaign', [A, 20, null, campaign]],
    ['api', 'lead_search', [A, 20, null, 'person 54321'], 'few'],
    ['api', 'lead_search', [A, 20, null, 'person'], 'everybody'],
    ['api', 'lead_search', [A, 20, null, '(212) 200-0777'], 'a number'],
    ['api', 'lead_search', [A, 20, null, 'no such name'], 'nobody'],
    ['api', 'lead_find', [A, middle]],
    ['api', 'lead_find_external', [A, 'x777']],
    ['api', 'lead_for_call', [A, middle, null]],
    ['api', 'lead_lock', [A, middle]],
    ['api', 'lead_delete', [A, lead]],
    ['api', 'lead_resolve', [A, thousand(n => n % 2 ? 'x' + n : middle)], '1000'],
    ['api', 'lead_list', [A, 1000, middle], 'a page of an export'],
    ['api', 'lead_most_phones', [A]],
    ['api', 'dnc_list', [A, 20, null, null]],
    ['api', 'dnc_list', [A, 20, null, dnc.phone_e164], 'of a number'],
    ['api', 'dnc_find', [A, dnc.id]],
    ['api', 'dnc_add', [A, null, phone(4), null, 'api']],
    ['api', 'dnc_settled', [A, call.phone_e164]],
    ['api', 'dnc_remove', [A, dnc.id]],
    ['api', 'audit_list', [A, 20, null, null, null]],
    ['api', 'idempotency_find', [A, 'user', 'POST /', 'k77']],
    ['api', 'idempotency_keep', [A, 'user', 'POST /', 'new', 'h', 200, null, '{}']],
    ['api', 'session_start', [A, user.slice(5), 1, 'new', 30, null, null]],
    ['api', 'user_list', [A, 20, null]],
    ['api', 'run_start', [A, await one("SELECT w.id('a', 22)"), 0, thousand(n => n), thousand(n => 'n' + n), thousand(n => n % 2 ? phone(n) : '+1212' + (2000000 + n)), thousand(n => 'o' + n), thousand(() => null), thousand(() => '{}'), 1000, 0], '1000'],
    ['api', 'import_batch', [A, importing, 'update', listed, thousand(() => randomUUID()), thousand(n => n % 2 ? 'x' + n : null), thousand(n => 'n' + n), thousand(n => n % 4 === 0 ? '+1212' + (2500000 + n) : phone(n)), thousand(n => 'o' + n), thousand(() => null), thousand(() => '{}'), thousand(() => null), thousand(n => n), thousand(n => 'r' + n), [], [], [], [], [], 0, 1, 0, 0], '1000'],
    ['api', 'import_find', [A, importing]],
    ['api', 'import_list', [A, 20, null]],
    ['api', 'import_refusals', [A, importing, 0, 100]],
    ['api', 'list_list', [A, 20, null]],
    ['api', 'list_add_leads', [A, listed, [lead, middle]]],
    ['api', 'lead_list_by_list', [A, 20, middle, listed], 'a later page'],
    ['api', 'webhook_list', [A, 20, null]],
    ['api', 'webhook_deliveries', [A, endpoint, 20, null, null]],
    ['api', 'webhook_deliveries', [A, endpoint, 20, delivery, 'delivered'], 'delivered, a later page'],
    ['api', 'webhook_delivery', [A, endpoint, delivery]],
    ['api', 'webhook_test', [A, endpoint]],
    ['api', 'webhook_redeliver', [A, endpoint, delivery]],
    ['api', 'numbers_store', [A, account, JSON.stringify([{ number: '+12127771000', type: 'LOCAL', provider_sid: 'PN' + '0'.repeat(32) }]), false, 1]],
    ['api', 'tenant_cost', [A, new Date(Date.now() - 60000), new Date(), 'day'], 'a minute'],
    ['dialer', 'dialer_campaigns', []],
    ['dialer', 'dialer_orphans', ['d', 1]],
    ['dialer', 'dialer_looks', [100]],
    ['dialer', 'dialer_account', [account]],
    ['dialer', 'dialer_prices', []],
    ['dialer', 'price_report', [A, asked, 'priced', 14000, 'USD', 1]],
    ['dialer', 'price_report', [A, asked, 'later', null, null, null], 'later'],
    ['dialer', 'number_orders', [20]],
    ['dialer', 'webhook_claim', [64]],
    ['dialer', 'webhook_settle', [A, waiting, 200, null, 10, 'ok', 100]],
    ['dialer', 'webhook_settle', [A, waiting, 500, null, 10, 'no', 100], 'in vain'],
    ['dialer', 'webhook_return', [thousand(() => waiting).slice(0, 256)]],
    ['dialer', 'webhook_tend', [10000]],
    ['dialer', 'call_accepted', [A, [permitted], ['CAaccepted'], ['201']]],
    ['dialer', 'dialer_owned', [account, [call.provider_sid, 'CAx']]],
    ['dialer', 'dialer_dial', [A, campaign, 1, 1, null], '1'],
    ['dialer', 'dialer_dial', [A, campaign, 1, 10, null], '10'],
    ['dialer', 'dialer_dial', [A, campaign, 1, 100, null], '100'],
    ['dialer', 'dialer_dial', [A, await one("SELECT w.id('a', 23)"), 1, 100, null], 'nobody due'],
    ['dialer', 'dialer_settle', [A, unknown, 'empty', null]],
    ['dialer', 'dialer_settle', [A, unknown, 'found', 'CAfound'], 'found'],
    ['dialer', 'dialer_cancelled', [A, call.id, call.provider_sid, 'canceled']],
]
const big = ['leads', 'campaign_leads', 'attempts', 'conversations', 'legs', 'call_events', 'dnc', 'audit', 'idempotency', 'webhook_events', 'webhook_deliveries',
             'price_asks', 'lead_list_members']

function* nodes(plan) {
    yield plan
    for (const child of plan.Plans ?? []) yield* nodes(child)
}
async function session(role, mode) {
    const client = new pg.Client({ user: role === 'dialer' ? 'dialer' : 'api' })
    await client.connect()
    await client.query(`SET client_min_messages = notice; SET plan_cache_mode = ${mode}`)
    return client
}
async function once(client, role, name, values) {
    await client.query('BEGIN')
    if (role === 'api') await client.query('SELECT outdial.enter($1, $2, 1, NULL, $3)', [A, user, 'owner'])
    if (role === 'dialer') await client.query("SELECT outdial.enter($1, 'dialer', NULL, NULL, NULL)", [A])
    const start = process.hrtime.bigint()
    const result = await client.query({ name, text: texts.get(name), values })
    const ms = Number(process.hrtime.bigint() - start) / 1e6
    await client.query('ROLLBACK')
    return { ms, result }
}

const failures = []
const offenders = new Map()
for (const [, name] of hot) if (!texts.has(name)) failures.push(`there is no statement ${name}`)

// plans
await owner.query("ALTER DATABASE " + process.env.PGDATABASE + " SET session_preload_libraries = 'auto_explain'")
for (const [k, v] of Object.entries({ log_min_duration: 0, log_nested_statements: 'on', log_analyze: 'on', log_timing: 'off', log_format: 'json', log_level: 'notice' }))
    await owner.query(`ALTER DATABASE ${process.env.PGDATABASE} SET auto_explain.${k} = '${v}'`)
let seen = 0
const rowsRead = new Map()
for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    for (const role of ['hook', 'api', 'dialer']) {
        const client = await session(role, mode)
        let current = ''
        client.on('notice', ({ message }) => {
            if (!message.includes('plan:')) return
            const { 'Query Text': text, Plan: plan } = JSON.parse(message.slice(message.indexOf('{')))
            seen++
            for (const node of nodes(plan)) {
                const touched = ((node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) * (node['Actual Loops'] ?? 0)
                if (big.includes(node['Relation Name'])) rowsRead.set(current, Math.max(rowsRead.get(current) ?? 0, touched))
                if (node['Node Type'] === 'Seq Scan' && big.includes(node['Relation Name']) && node['Actual Loops'] > 0) {
                    offenders.set(`${current}: ${node['Relation Name']}, ${touched} rows, ${mode}`, text.trim().replace(/\s+/g, ' ').slice(0, 200))
                }
            }
        })
        for (const [who, name, values, also] of hot.filter(h => h[0] === role && texts.has(h[1]))) {
            current = name + (also ? ` (${also})` : '')
            try {
                await once(client, who, name, values)
            } catch (error) {
                failures.push(`${current}: ${error.message}`)
                await client.query('ROLLBACK')
            }
        }
        await client.end()
    }
}
if (seen < hot.length * 2) failures.push(`control: only ${seen} plans were seen`)
await owner.query(`ALTER DATABASE ${process.env.PGDATABASE} RESET session_preload_libraries`)

// times
const table = []
for (const role of ['hook', 'api', 'dialer']) {
    const client = await session(role, 'auto')
    for (const [who, name, values, also] of hot.filter(h => h[0] === role && texts.has(h[1]))) {
        const times = []
        let rows = 0
        try {
            for (let n = 0; n < 9; n++) {
                const { ms, result } = await once(client, who, name, values)
                times.push(ms)
                rows = result.rowCount
                if (n >= 2 && ms > 1000) break
            }
        } catch (error) {
            await client.query('ROLLBACK')
            continue
        }
        times.sort((a, b) => a - b)
        const label = name + (also ? ` (${also})` : '')
        table.push({ label, median: times[times.length >> 1], worst: times[times.length - 1], rows, read: rowsRead.get(label) ?? 0 })
    }
    await client.end()
}
table.sort((a, b) => b.median - a.median)
console.log('ms median    worst     rows  rows read of big tables')
for (const t of table) console.log(`${t.median.toFixed(2).padStart(9)} ${t.worst.toFixed(2).padStart(8)} ${String(t.rows).padStart(8)} ${String(t.read).padStart(9)}  ${t.label}`)
for (const [where, text] of offenders) failures.push(`sequential scan in ${where}\n        ${text}`)
for (const failure of failures) console.log('FAILED: ' + failure)
await owner.end()
process.exit(failures.length ? 1 : 0)
