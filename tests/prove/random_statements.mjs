// Random statements as the role api: no permit without the gate, no row of another tenant, no change to one.
//
//     PGHOST=... PGDATABASE=... node random_statements.mjs small|full|COUNT [SEED]
//
// Tenant B's texts all carry the word "canary".  The generator knows every id of A and B, and comes in as a genuine user of A.
// It is not given what opens the four doors for B: B's password, key, refresh token, account sid, or B's attempt together with B's account.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import pg from 'pg'

const size = process.argv[2] ?? 'small'
const count = { small: 3000, full: 100000 }[size] ?? Number(size)
const seed = Number(process.argv[3] ?? process.env.SEED ?? Date.now() % 1e9)
pg.types.setTypeParser(20, Number)

let state = seed >>> 0
function random() { // mulberry32
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const below = n => Math.floor(random() * n)
const pick = list => list[below(list.length)]
const chance = p => random() < p
const quote = v => v === null || v === undefined ? 'NULL' : `'${String(v).replaceAll("'", "''")}'`

// --- the world ------------------------------------------------------------------------------------------------------

execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', fileURLToPath(new URL('../sql/world/world.psql', import.meta.url))], { stdio: ['ignore', 'ignore', 'inherit'] })
execFileSync('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', fileURLToPath(new URL('canary.psql', import.meta.url))], { stdio: ['ignore', 'ignore', 'inherit'] })
const owner = new pg.Client({ user: 'postgres' })
await owner.connect()
await owner.query('SET search_path = outdial, public, pg_temp')
const all = async (text, values) => (await owner.query(text, values)).rows
const one = async (text, values) => Object.values((await all(text, values))[0] ?? {})[0]

const A = await one("SELECT w.id('a')")
const B = await one("SELECT w.id('b')")
const ids = { a: [], b: [] }
const columns = new Map()
for (const { name, column, type } of await all(`
    SELECT c.relname AS name, a.attname AS column, format_type(a.atttypid, NULL) AS type FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = 'outdial'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, a.attnum`)) {
    if (!columns.has(name)) columns.set(name, [])
    columns.get(name).push({ column, type })
}
const tables = [...columns.keys()]
for (const table of tables) {
    const has = columns.get(table).map(c => c.column)
    if (has.includes('id') && has.includes('tenant_id')) {
        ids.a.push(...(await all(`SELECT id FROM outdial.${table} WHERE tenant_id = $1`, [A])).map(r => r.id))
        ids.b.push(...(await all(`SELECT id FROM outdial.${table} WHERE tenant_id = $1`, [B])).map(r => r.id))
    }
}
const phones = ['+12125559000', '+12125559001', '+12125559002', '+12125552999', '+12125552040', '+12125559999', '+12127771000', '+12127772000', '+442079460101', '+19005551234', '+9991234567', 'abc', '']
const accounts = { a: await one("SELECT w.id('a', 10)"), b: await one("SELECT w.id('b', 10)") }
const attempts = { a: await one("SELECT w.id('a', 71)"), b: await one("SELECT w.id('b', 71)") }
const persons = { a: await one("SELECT w.id('a', 1)"), b: await one("SELECT w.id('b', 1)") }
const functions = (await all(`
    SELECT p.oid, p.proname AS name, coalesce(p.proargnames[1:p.pronargs], '{}') AS names, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t) AS types, p.proretset AS set,
           has_function_privilege('api', p.oid, 'EXECUTE') AS granted
      FROM pg_proc p WHERE p.pronamespace = 'outdial'::regnamespace AND p.prokind = 'f'
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')`))
const granted = functions.filter(f => f.granted)
const dialSingle = functions.find(f => f.name === 'dial_single')

// What must stay as it is: B's rows, the platform's, and what decides.
async function checksum() {
    const sums = {}
    for (const table of tables.filter(t => t !== 'calls')) {
        const has = columns.get(table).map(c => c.column)
        const where = table === 'tenants' ? `id = '${B}'` : has.includes('tenant_id') ? `tenant_id = '${B}' OR tenant_id IS NULL` : table === 'account_pace' ? `account_id = '${accounts.b}'`
            : table === 'campaign_pace' ? `campaign_id IN (SELECT id FROM outdial.campaigns WHERE tenant_id = '${B}')`
            : ['login_failures', 'denied_tokens', 'dialers'].includes(table) ? 'false' : 'true'
        sums[table] = await one(`SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '-') FROM outdial.${table} t WHERE ${where}`)
    }
    sums.rights = await one(`SELECT md5(string_agg(x, '|' ORDER BY x)) FROM (
        SELECT oid::regclass || coalesce(relacl::text, '') || relrowsecurity || relforcerowsecurity FROM pg_class WHERE relnamespace = 'outdial'::regnamespace
        UNION ALL SELECT oid::regprocedure || coalesce(proacl::text, '') || md5(prosrc) || proowner FROM pg_proc WHERE pronamespace = 'outdial'::regnamespace
        UNION ALL SELECT policyname || tablename || coalesce(qual, '') || coalesce(with_check, '') || roles::text FROM pg_policies WHERE schemaname = 'outdial'
        UNION ALL SELECT rolname || rolsuper || rolbypassrls FROM pg_roles) AS r(x)`)
    return sums
}

// --- the grammar ----------------------------------------------------------------------------------------------------

const uuid = () => chance(0.05) ? null : chance(0.45) ? pick(ids.a) : chance(0.8) ? pick(ids.b) : `00000000-0000-7000-8000-${String(below(1e12)).padStart(12, '0')}`
const tenant = () => chance(0.6) ? A : chance(0.85) ? B : chance(0.5) ? null : uuid()
const phone = () => chance(0.3) ? pick(phones) : `+1212${5550000 + below(3000)}`
const words = {
    role: ['viewer', 'agent', 'manager', 'admin', 'owner', 'king'], status: ['completed', 'busy', 'ringing', 'in_progress', 'failed', 'active', 'suspended', 'nonsense'],
    state: ['running', 'paused', 'stopped', 'done', 'draft', 'permitted', 'ended'], outcome: ['accepted', 'refused', 'later', 'not_sent', 'caller_id', 'account', 'unknown', 'x'],
    kind: ['single', 'campaign', 'agent_first', 'inbound', 'x'], source: ['keypress', 'api', 'command', 'import', 'sms'], provider: ['twilio', 'vapi', 'livekit'], locale: ['en', 'tr'],
    digits: ['1', '2', '9', null], found: ['found', 'empty', 'several', 'unreachable'], type: ['LOCAL', 'MOBILE'], part: ['greeting', 'no_input'], country: ['US', 'TR', 'ZZ'],
}
let fresh = 0
function text(name) {
    const bare = name.replace(/^p_/, '')
    if (/phone|number|caller|fallback|agent$|^to$|_to$/.test(bare)) return phone()
    if (bare === 'principal') return pick(['user:' + persons.a, 'user:' + persons.b, 'dialer', 'command', 'key:' + pick(ids.a), 'user:' + persons.a + ':x|command', '', null])
    if (/email/.test(bare)) return pick(['owner@a.test', 'nobody@x.test', `u${++fresh}@a.test`])
    if (/sid|hash|token|key/.test(bare)) return pick(['CAa', 'PNa', 'ACa', 'keyhash-a', 'r' + ++fresh, null])
    for (const [word, values] of Object.entries(words)) if (bare.includes(word)) return pick(values)
    return pick(['x', 'Some text', '', null, "it's", '☎', 'a'.repeat(400), '*', '1'])
}
function value(type, name) {
    if (/\[\]$/.test(type)) {
        if (chance(0.1)) return 'NULL'
        return `ARRAY[${Array.from({ length: below(3) }, () => value(type.slice(0, -2), name)).join(',')}]::${type}`
    }
    switch (type) {
    case 'uuid': return quote(/tenant/.test(name) ? tenant() : /user/.test(name) && chance(0.5) ? pick(Object.values(persons)) : /account/.test(name) && chance(0.7) ? pick(Object.values(accounts)) : uuid()) + '::uuid'
    case 'text': return quote(text(name)) + '::text'
    case 'boolean': return pick(['true', 'false', 'NULL'])
    case 'integer': return pick(['0', '1', '1440', '-1', '2147483647', 'NULL', String(below(2000))]) + '::integer'
    case 'bigint': return pick(['0', '1', '500', '-1', 'NULL', String(below(1e6))]) + '::bigint'
    case 'double precision': return pick(['0', '1', '0.5', "'NaN'", '1e300', '1000']) + '::double precision'
    case 'jsonb': return quote(pick(['{}', '[]', 'null', '{"a":1}', '[{"sid":"PNz","number":"+12125550777","type":"LOCAL"}]'])) + '::jsonb'
    case 'timestamp with time zone': return pick(['NULL::timestamptz', 'outdial.now()', "'-infinity'::timestamptz", "'2000-01-01'::timestamptz", "'2100-01-01'::timestamptz"])
    case 'interval': return "'1 hour'::interval"
    case 'bytea': return "'\\x00'::bytea"
    default: return `NULL::${type.startsWith('outdial.') || !tables.includes(type) ? type : 'outdial.' + type}`
    }
}
function call() {
    const f = chance(0.15) ? dialSingle : chance(0.8) ? pick(granted) : pick(functions)
    if (f.name === 'hold' && chance(0.9)) return 'SELECT 1'
    let args = f.types.map((type, i) => value(type, f.names[i] ?? 'x'))
    if (f.name === 'dial_single' && chance(0.8)) {
        args = [quote(A) + '::uuid', "'single'::text", 'NULL::uuid', quote(phone()) + '::text', chance(0.8) ? 'NULL::uuid' : value('uuid', 'campaign'), pick(['true', 'false']), '1::bigint', 'NULL::uuid',
            chance(0.8) ? 'NULL::text' : quote(phone()) + '::text', 'NULL::text', 'NULL::text', 'NULL::text', 'NULL::text']
    }
    if (f.name === 'enter') return enter()
    if (/^hook_/.test(f.name)) {
        // a genuine webhook names attempt, tenant and account of one tenant; B's own are B's secret
        const at = f.names.indexOf('p_accounts')
        args = args.map((arg, i) => f.names[i] === 'p_attempt' ? quote(pick([attempts.a, attempts.b, pick(ids.a), null])) + '::uuid' : arg)
        if (at >= 0) args[at] = pick([`ARRAY['${accounts.a}']::uuid[]`, "'{}'::uuid[]", 'NULL::uuid[]', args.some(a => a.includes(attempts.b)) || f.name === 'hook_inbound' ? 'NULL::uuid[]' : `ARRAY['${accounts.b}']::uuid[]`])
        // a stray word for B's account would be kept there, rightly
        if (at >= 0 && args[at].includes(accounts.b) && !args.some(a => a.includes(attempts.a))) args[at] = 'NULL::uuid[]'
        if (at >= 0 && args[at].includes(accounts.b)) args = args.map((arg, i) => f.names[i] === 'p_tenant' ? quote(B) + '::uuid' : arg)
    }
    const text = `outdial.${f.name}(${args.join(', ')})`
    return f.set || chance(0.5) ? `SELECT * FROM ${text} LIMIT 200` : `SELECT ${text}`
}
function enter() {
    // genuine as A; B's user only with an epoch that is not B's
    const who = pick(['a', 'a', 'a', 'a', 'b', 'dialer', 'command', 'junk'])
    const epoch = who === 'b' ? pick(['0', 'NULL', '7']) : pick(['1', '1', '1', 'NULL', '0'])
    const principal = who === 'a' ? 'user:' + persons.a : who === 'b' ? 'user:' + persons.b : who === 'junk' ? text('principal') : who
    const at = principal && principal.includes(persons.b) ? (epoch === '1' ? 'NULL' : epoch) : epoch
    return `SELECT outdial.enter(${quote(who === 'a' && chance(0.7) ? A : tenant())}::uuid, ${quote(principal)}, ${at}, NULL, ${quote(pick(words.role))})`
}
function condition(table) {
    const has = columns.get(table)
    if (chance(0.3)) return 'true'
    if (has.some(c => c.column === 'tenant_id') && chance(0.5)) return `tenant_id = ${quote(tenant())}`
    if (has.some(c => c.column === 'id') && chance(0.7)) return `id = ${quote(uuid())}`
    const c = pick(has)
    return pick([`${c.column} IS NOT NULL`, `${c.column}::text LIKE '%canary%'`, `${c.column}::text > ''`, `NOT ${c.column} IS NULL OR true`])
}
function read() {
    const table = pick(tables)
    const other = pick(tables)
    return pick([
        () => `SELECT * FROM outdial.${table} WHERE ${condition(table)} LIMIT 200`,
        () => `SELECT t::text, to_jsonb(t) FROM outdial.${table} t WHERE ${condition(table)} LIMIT 200`,
        () => `SELECT ${pick(columns.get(table)).column} FROM outdial.${table} ORDER BY 1 LIMIT 200`,
        () => `SELECT string_agg(t::text, '') FROM outdial.${table} t`,
        () => `SELECT * FROM outdial.${table} a, outdial.${other} b LIMIT 50`,
        () => `SELECT *, (SELECT string_agg(o::text, '') FROM outdial.${other} o) FROM outdial.${table} LIMIT 20`,
        () => `TABLE outdial.${table}`,
        () => `SELECT * FROM outdial.${table} WHERE ${condition(table)} FOR ${pick(['UPDATE', 'SHARE', 'KEY SHARE'])}`,
        () => `WITH x AS (SELECT * FROM outdial.${table}) SELECT * FROM x LIMIT 100`,
        () => `SELECT * FROM pg_stats WHERE schemaname = 'outdial' AND tablename = '${table}'`,
        () => `EXPLAIN ANALYZE SELECT * FROM outdial.${table}`,
        () => `SELECT 1 / (CASE WHEN t::text LIKE '%canary%' THEN 0 ELSE 1 END) FROM outdial.${table} t`,
        () => `SELECT (t::text)::integer FROM outdial.${table} t WHERE t::text LIKE '%anary%'`,
        () => `SELECT query_to_xml('SELECT * FROM outdial.${table}', true, false, '')`,
        () => `SELECT table_to_xml('outdial.${table}', true, false, '')`,
    ])()
}
function write() {
    const table = pick(tables)
    const has = columns.get(table)
    const some = has.filter(() => chance(0.6))
    if (some.length === 0) some.push(pick(has))
    return pick([
        () => `INSERT INTO outdial.${table} (${some.map(c => c.column).join(', ')}) VALUES (${some.map(c => value(c.type, c.column)).join(', ')}) ON CONFLICT DO NOTHING RETURNING *`,
        () => `INSERT INTO outdial.${table} SELECT * FROM outdial.${table} RETURNING *`,
        () => `INSERT INTO outdial.attempts (id, tenant_id, conversation_id, account_id, phone_e164, caller_id, state, permitted_at, permit_until, holder, rules)
               VALUES (outdial.uuid7(), ${quote(tenant())}, ${quote(uuid())}, ${quote(accounts.a)}, '${phone()}', '+12127771000', 'permitted', outdial.now(), outdial.now() + interval '2 s', 1, '{}') RETURNING *`,
        () => { const c = pick(has); return `UPDATE outdial.${table} SET ${c.column} = ${value(c.type, c.column)} WHERE ${condition(table)} RETURNING *` },
        () => { const c = pick(has); return `UPDATE outdial.${table} SET ${c.column} = ${c.column} RETURNING *` },
        () => `UPDATE outdial.${table} SET tenant_id = ${quote(tenant())} WHERE ${condition(table)}`,
        () => `DELETE FROM outdial.${table} WHERE ${condition(table)} RETURNING *`,
        () => `MERGE INTO outdial.${table} t USING outdial.${table} s ON t = s WHEN MATCHED THEN DELETE`,
        () => `TRUNCATE outdial.${table} CASCADE`,
    ])()
}
function escape() {
    const table = pick(tables)
    const role = pick(['owner', 'gate', 'dialer', 'events', 'postgres', 'api', 'none'])
    return pick([
        () => `SET ROLE ${role}`, () => 'RESET ROLE', () => `SET SESSION AUTHORIZATION ${role === 'none' ? 'DEFAULT' : role}`, () => `SET LOCAL ROLE ${role}`,
        () => `SET outdial.tenant = ${quote(pick([A, B, '', 'x']))}`, () => `SELECT set_config('outdial.tenant', ${quote(pick([A, B, '']))}, ${pick(['true', 'false'])})`,
        () => `SELECT set_config('outdial.seal', ${quote(pick(['', 'x', 'a'.repeat(64)]))}, ${pick(['true', 'false'])})`,
        () => `SELECT set_config('outdial.principal', ${quote(text('principal'))}, ${pick(['true', 'false'])})`,
        () => `SELECT outdial.enter(${quote(A)}::uuid, 'user:${persons.a}:x|command', 1, NULL, 'owner'), set_config('outdial.tenant', '${A}|user:${persons.a}:x', true), set_config('outdial.principal', 'command', true)`,
        () => `SELECT * FROM outdial.dnc_add(NULL, NULL, '${phone()}', NULL, 'api', NULL)`,
        () => `SET row_security = ${pick(['on', 'off'])}`, () => `SET search_path = ${pick(['pg_temp, outdial', 'public', 'outdial'])}`,
        () => `SET standard_conforming_strings = ${pick(['on', 'off'])}`, () => `SET session_replication_role = replica`, () => `SET LOCAL timezone = '${pick(['UTC', 'Pacific/Kiritimati', 'America/New_York'])}'`,
        () => `CREATE TEMP TABLE now (x integer)`, () => `CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''2000-01-01''::timestamptz'`, () => `CREATE TABLE outdial.mine (x text)`,
        () => `CREATE FUNCTION outdial.leak(t text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS 'BEGIN RAISE NOTICE ''%'', t; RETURN true; END'`,
        () => `ALTER TABLE outdial.${table} DISABLE ROW LEVEL SECURITY`, () => `DROP POLICY own_tenant ON outdial.${table}`, () => `CREATE POLICY mine ON outdial.${table} USING (true)`,
        () => `GRANT ALL ON outdial.${table} TO api`, () => `GRANT gate TO api`, () => `ALTER ROLE api BYPASSRLS`, () => `ALTER FUNCTION outdial.tenant() SECURITY INVOKER`, () => `ALTER FUNCTION outdial.tenant() RESET ALL`,
        () => `LOCK TABLE outdial.${table} IN ACCESS EXCLUSIVE MODE NOWAIT`, () => `COPY outdial.${table} TO STDOUT`, () => `COPY outdial.${table} TO PROGRAM 'cat'`,
        () => `DO $do$ BEGIN ${write()}; END $do$`.replace(/ RETURNING \*/, ''), () => `DO $do$ DECLARE t text; BEGIN FOR t IN SELECT x::text FROM outdial.${table} x LOOP RAISE EXCEPTION '%', t; END LOOP; END $do$`,
        () => `PREPARE p${++fresh} AS ${read()}`, () => `DECLARE c${++fresh} CURSOR WITH HOLD FOR SELECT * FROM outdial.${table}`, () => `SELECT pg_read_file('postgresql.conf')`,
        () => `UPDATE outdial.simulation_clock SET ahead = '10 hours'`, () => `SELECT * FROM outdial.seal_key`, () => `COMMENT ON TABLE outdial.${table} IS 'x'`, () => `NOTIFY x`, () => 'DISCARD ALL', () => 'RESET ALL',
    ])()
}
const statement = () => { const r = random(); return r < 0.25 ? read() : r < 0.5 ? write() : r < 0.85 ? call() : escape() }

// --- the run --------------------------------------------------------------------------------------------------------

const before = await checksum()
const attemptsBefore = new Set((await all('SELECT id FROM outdial.attempts')).map(r => r.id))
let api
const leaks = []
let notices = ''
async function connect() {
    api = new pg.Client({ user: 'api', statement_timeout: 5000 })
    api.on('notice', n => { notices += n.message })
    api.on('error', () => {})
    await api.connect()
}
await connect()
const tally = { statements: 0, good: 0, refused: 0, rows: 0, entered: 0, dialed: 0, permits: 0, transactions: 0 }
const byGate = new Set()
const states = new Map()

function inspect(text, result) {
    for (const one of Array.isArray(result) ? result : [result]) {
        if (!one?.rows?.length) continue
        tally.rows += one.rows.length
        if (JSON.stringify(one.rows).includes('canary')) leaks.push(text)
        if (/dial_single/.test(text)) for (const row of one.rows) {
            tally.dialed++
            const id = row.attempt_id ?? /^\(([0-9a-f-]{36})/.exec(String(row.dial_single ?? ''))?.[1]
            if (id) { tally.permits++; byGate.add(id) }
        }
    }
}
async function send(text) {
    try {
        inspect(text, await api.query(text))
        return true
    } catch (error) {
        if (`${error.message}${error.detail ?? ''}${error.where ?? ''}`.replaceAll("'%canary%'", '').replaceAll(text, '').includes('canary') && !text.includes('canary')) leaks.push(text + ' -- ' + error.message)
        states.set(error.code, (states.get(error.code) ?? 0) + 1)
        if (!error.code || error.code === '57P01') await connect()
        return false
    }
}
const begun = Date.now()
while (tally.statements < count) {
    if (tally.transactions++ % 20 === 0) await owner.query('SELECT w.restore()')
    if (chance(0.1)) { // by itself
        tally.statements++
        await send(statement()) ? tally.good++ : tally.refused++
        continue
    }
    await send(chance(0.05) ? `BEGIN ISOLATION LEVEL ${pick(['REPEATABLE READ', 'SERIALIZABLE'])}` : 'BEGIN')
    if (chance(0.7)) {
        await send('SAVEPOINT s')
        if (await send(`SELECT outdial.enter('${A}', 'user:${persons.a}', 1, NULL, 'owner')`)) tally.entered++
        else await send('ROLLBACK TO s')
    }
    for (let n = 1 + below(12); n > 0 && tally.statements < count; n--) {
        tally.statements++
        await send('SAVEPOINT s')
        if (await send(statement())) tally.good++
        else { tally.refused++; await send('ROLLBACK TO s') }
    }
    await send(chance(0.8) ? 'COMMIT' : 'ROLLBACK')
    if (chance(0.05)) await send('RESET ALL')
}
const seconds = (Date.now() - begun) / 1000
await api.end()

// --- the judgement --------------------------------------------------------------------------------------------------

const failures = []
const after = await checksum()
for (const table of Object.keys(before)) if (before[table] !== after[table]) failures.push(`B's or the platform's rows in ${table} changed: ${before[table]} -> ${after[table]}`)
for (const leak of leaks.slice(0, 20)) failures.push(`a row of B was shown by: ${leak}`)
if (notices.includes('canary')) failures.push('a row of B was shown in a notice')
const made = (await all('SELECT id FROM outdial.attempts')).map(r => r.id).filter(id => !attemptsBefore.has(id))
for (const id of made.filter(id => !byGate.has(id))) failures.push(`attempt ${id} did not come from the gate's answer`)
const rules = `
    SELECT a.id, CASE
      WHEN a.tenant_id <> '${A}' THEN 'another tenant'
      WHEN EXISTS (SELECT FROM outdial.dnc d WHERE d.phone_e164 = a.phone_e164 AND (d.tenant_id IS NULL OR d.tenant_id = a.tenant_id)
                   AND (d.campaign_id IS NULL OR d.campaign_id = a.campaign_id) AND d.created_at < a.permitted_at) THEN 'do_not_call'
      WHEN NOT EXISTS (SELECT FROM w.callers n WHERE n.number = a.caller_id) THEN 'caller_id'
      WHEN outdial.phone_kind(a.phone_e164) NOT IN ('ordinary', 'toll_free', 'uan') THEN 'destination'
      WHEN EXISTS (SELECT FROM unnest(outdial.phone_zones(a.phone_e164)) z WHERE extract(hour FROM a.permitted_at AT TIME ZONE z) NOT BETWEEN 8 AND 20) OR cardinality(outdial.phone_zones(a.phone_e164)) = 0 THEN 'outside_hours'
      WHEN EXISTS (SELECT FROM outdial.attempts o WHERE o.tenant_id = a.tenant_id AND o.phone_e164 = a.phone_e164 AND o.id <> a.id AND o.state NOT IN ('refused', 'not_placed')
                   AND o.permitted_at <= a.permitted_at AND o.permitted_at > a.permitted_at - interval '60 minutes') THEN 'minimum_gap'
      WHEN a.permit_until - a.permitted_at <> interval '2 seconds' THEN 'permit'
    END AS broken FROM outdial.attempts a WHERE a.id = ANY ($1)`
for (const row of (await all(rules, [made])).filter(r => r.broken)) failures.push(`attempt ${row.id} breaks ${row.broken}`)
if (await one('SELECT count(*) FROM (SELECT FROM outdial.conversations WHERE closed_at IS NULL GROUP BY tenant_id, phone_e164 HAVING count(*) > 1) x') !== 0) failures.push('two open conversations on one number')
// controls: all of this could have failed
if (!JSON.stringify(await all('SELECT * FROM outdial.users')).includes('canary')) failures.push('control: no canary to be found')
if (tally.permits === 0 || made.length === 0 || tally.rows < count / 10 || tally.entered < count / 50) failures.push(`control: too little happened: ${JSON.stringify(tally)}`)

console.log(`seed ${seed}: ${tally.statements} statements in ${seconds.toFixed(1)} s, ${tally.good} done, ${tally.refused} refused, ${tally.rows} rows of A or nobody's, ` +
    `${tally.dialed} asked for a call, ${tally.permits} permitted, ${made.length} kept; ${leaks.length} rows of B`)
console.log('refusals: ' + [...states].sort((a, b) => b[1] - a[1]).slice(0, 14).map(([k, v]) => `${k} ${v}`).join(', '))
for (const failure of failures) console.log('FAILED: ' + failure)
await owner.end()
process.exit(failures.length ? 1 : 0)
