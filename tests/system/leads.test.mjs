// Leads: one at a time, and many out of a file.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, randomInt, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { admin, agent, campaign, env, fresh, problem, request, rival, rows, tenant, until } from './play.mjs';

const path = `${tenant}/leads`, theirs = `/api/v1/tenants/${env.OUTDIAL_OTHER_TENANT_ID}/leads`;
let maria, bob, stranger;
before(async () => { [maria, bob, stranger] = [await admin(), await agent(), await rival()]; });

function wrong(answer, field, code) {
  problem(answer, 422, 'invalid', field);
  assert.equal(answer.body.errors.find((e) => e.field === field).code, code, answer.text);
}
const key = () => `play-${randomUUID()}`;
const upload = (text, { query = '', headers = {}, who = maria, at = path } = {}) =>
  request('POST', `${at}/import${query}`, { raw: text, token: who.token, headers: { 'content-type': 'text/csv', ...headers } });
const refusals = async (answer) => (await maria.get(answer.body.refused_url)).text.trim().split('\r\n').slice(1).map((line) => line.split(',').slice(0, 3).join(' '));

test('a lead is made, found by id and by external_id, changed and removed', async () => {
  const external_id = key(), phone = fresh(), written = `(${phone.slice(2, 5)}) ${phone.slice(5, 8)}-${phone.slice(8)}`;
  const made = await maria.post(path, { name: 'Café Ünal', phone: written, category: 'Cafés', external_id, custom: { city: 'Ankara', tables: 7 } });
  assert.equal(made.status, 201, made.text);
  assert.equal(made.headers.get('location'), `${path}/${made.body.id}`);
  assert.deepEqual({ ...made.body, id: 0, created_at: 0, updated_at: 0 }, { id: 0, external_id, name: 'Café Ünal', category: 'Cafés', phone: written, phone_e164: phone,
    original_phone: written, phones: [], custom: { city: 'Ankara', tables: 7 }, priority: 0, created_at: 0, updated_at: 0 });
  assert.deepEqual((await bob.get(`${path}/${made.body.id}`)).body, made.body);
  assert.deepEqual((await bob.get(`${path}/${external_id}`)).body, made.body);

  const changed = await maria.patch(`${path}/${external_id}`, { category: null, custom: { city: 'İzmir' } });
  assert.deepEqual([changed.status, changed.body.category, changed.body.custom, changed.body.name, changed.body.phone_e164], [200, null, { city: 'İzmir' }, 'Café Ünal', phone]);
  const moved = fresh();
  assert.equal((await maria.put(`${path}/${external_id}`, { phone: moved })).body.phone_e164, moved);
  const tag = (await maria.get(`${path}/${external_id}`)).headers.get('etag');
  assert.equal((await maria.patch(`${path}/${external_id}`, { name: 'B' }, { 'if-match': tag })).status, 200);
  problem(await maria.patch(`${path}/${external_id}`, { name: 'C' }, { 'if-match': tag }), 412, 'precondition_failed');

  assert.equal((await maria.delete(`${path}/${external_id}`)).status, 204);
  for (const id of [external_id, made.body.id]) problem(await maria.get(`${path}/${id}`), 404, 'not_found');
  assert.equal((await rows('SELECT deleted_at IS NOT NULL AS gone FROM leads WHERE id = $1', [made.body.id]))[0].gone, true, 'its history keeps a row to point to');
  assert.equal((await maria.post(path, { name: 'D', phone: fresh(), external_id })).status, 201, 'the external_id is free again');
});

test('a priority puts a lead first where a campaign goes by it, also one given later', async () => {
  const id = await campaign(maria, { leadOrder: 'priority' }), leads = [];
  for (const priority of [0, 7, undefined])
    leads.push((await maria.post(path, { name: `P${priority}`, phone: fresh(), priority })).body);
  assert.deepEqual(leads.map(({ priority }) => priority), [0, 7, 0]);
  assert.equal((await maria.post(`${tenant}/campaigns/${id}/leads`, { lead_ids: leads.map((lead) => lead.id) })).status, 200);
  const order = async () => (await rows(`SELECT l.name FROM campaign_leads x JOIN leads l ON l.tenant_id = x.tenant_id AND l.id = x.lead_id
                                          JOIN campaigns c ON c.tenant_id = x.tenant_id AND c.list_id = x.list_id WHERE c.id = $1 ORDER BY x.rank`, [id])).map(({ name }) => name);
  assert.deepEqual(await order(), ['P7', 'P0', 'Pundefined']);
  assert.equal((await maria.patch(`${path}/${leads[2].id}`, { priority: 100 })).body.priority, 100);
  assert.deepEqual(await order(), ['Pundefined', 'P7', 'P0']);
  assert.equal((await maria.get(`${tenant}/campaigns/${id}/leads`)).body.data.find((lead) => lead.id === leads[2].id).priority, 100);
  for (const [priority, code] of [[101, 'out_of_range'], [-101, 'out_of_range'], ['high', 'wrong_type']])
    wrong(await maria.patch(`${path}/${leads[0].id}`, { priority }), 'priority', code);
});

test('a phone that does not normalise is refused, or kept when that is wished', async () => {
  for (const [phone, code] of [['abc', 'not_a_number'], ['', 'empty'], ['+0123456789', 'unknown_calling_code'], ['+1212555123412345678', 'too_long']]) {
    const answer = await maria.post(path, { name: 'Bad', phone });
    assert.equal(answer.status, 422, answer.text);
    assert.equal(answer.body.errors[0].field, 'phone');
    assert.ok(answer.body.errors[0].code, code);
  }
  const kept = await maria.post(path, { name: 'Bad', phone: 'abc', allow_invalid: true });
  assert.deepEqual([kept.status, kept.body.phone_e164, kept.body.original_phone], [201, null, 'abc']);
  assert.equal((await maria.patch(`${path}/${kept.body.id}`, { name: 'Still bad' })).status, 200);
  wrong(await maria.patch(`${path}/${kept.body.id}`, { phone: 'abd' }), 'phone', 'not_a_number');
});

test('every wrong field is named', async () => {
  const make = (fields) => maria.post(path, { name: 'A', phone: '+12125550142', ...fields });
  wrong(await maria.post(path, { phone: '+12125550142' }), 'name', 'required');
  wrong(await maria.post(path, { name: 'A' }), 'phone', 'required');
  wrong(await make({ name: '  ' }), 'name', 'required');
  wrong(await make({ name: 'x'.repeat(301) }), 'name', 'too_long');
  wrong(await make({ name: 'a\u0001' }), 'name', 'control_character');
  wrong(await make({ phone: 2125550142 }), 'phone', 'wrong_type');
  wrong(await make({ category: 5 }), 'category', 'wrong_type');
  wrong(await make({ external_id: '' }), 'external_id', 'malformed');
  wrong(await make({ external_id: 'x'.repeat(201) }), 'external_id', 'too_long');
  wrong(await make({ custom: [] }), 'custom', 'wrong_type');
  wrong(await make({ phone_e164: '+12125550142' }), 'phone_e164', 'read_only');
  wrong(await make({ colour: 'red' }), 'colour', 'unknown_field');
  const external_id = key();
  assert.equal((await make({ external_id })).status, 201);
  problem(await make({ external_id }), 409, 'already_exists', 'external_id');
  problem(await bob.post(path, { name: 'A', phone: '+12125550142' }), 403, 'forbidden');
});

test('changes at the same moment: none is lost without a word', async () => {
  const path_of = `${path}/${(await maria.post(path, { name: 'Busy', phone: fresh(), custom: {} })).body.id}`;
  const answers = await Promise.all([{ name: 'One' }, { category: 'Two' }, { external_id: key() }, { custom: { four: '4' } }].map((change) => maria.patch(path_of, change).then((a) => [change, a])));
  const now = (await maria.get(path_of)).body;
  for (const [change, answer] of answers) {
    if (answer.status === 200) assert.deepEqual(now[Object.keys(change)[0]], Object.values(change)[0]);
    else problem(answer, 409, 'changed_meanwhile');
  }
  assert.ok(answers.some(([, answer]) => answer.status === 200));
});

test('search finds names in any case, external ids, and numbers however written', async () => {
  const word = randomUUID().slice(0, 8), phone = fresh('813'), external_id = key();
  const made = (await maria.post(path, { name: `Grand ${word.toUpperCase()} Hotel`, phone, external_id })).body;
  const found = async (search) => (await bob.get(`${path}?search=${encodeURIComponent(search)}`)).body.data.map((l) => l.id);
  for (const search of [word, `grand ${word}`, external_id.slice(5, 20), phone, phone.slice(2), `(${phone.slice(2, 5)}) ${phone.slice(5, 8)}-${phone.slice(8)}`])
    assert.ok((await found(search)).includes(made.id), search);
  for (const search of [`${word}%`, `_${word}`, 'no such thing']) assert.deepEqual(await found(search), [], search);
  assert.deepEqual((await bob.get(`${path}?phone=${phone.slice(2)}`)).body.data.map((l) => l.id), [made.id]);
  problem(await bob.get(`${path}?phone=12`), 422, 'invalid', 'phone');
  problem(await bob.get(`${path}?campaign_id=1`), 422, 'invalid', 'campaign_id');
  problem(await bob.get(`${path}?name=x`), 400, 'unknown_parameter');
  assert.deepEqual((await stranger.get(`${theirs}?search=${word}`)).body.data, []);
});

test('another tenant\'s lead is nothing, by either name', async () => {
  const external_id = key();
  const made = (await maria.post(path, { name: 'Ours', phone: fresh(), external_id })).body;
  for (const id of [made.id, external_id]) {
    problem(await stranger.get(`${theirs}/${id}`), 404, 'not_found');
    problem(await stranger.get(`${path}/${id}`), 404, 'not_found');
    problem(await stranger.get(`${theirs}/${id}/history`), 404, 'not_found');
    problem(await stranger.patch(`${theirs}/${id}`, { name: 'Mine' }), 404, 'not_found');
    problem(await stranger.delete(`${theirs}/${id}`), 404, 'not_found');
  }
  assert.equal((await maria.get(`${path}/${made.id}`)).body.name, 'Ours');
  assert.equal((await stranger.post(theirs, { name: 'Theirs', phone: fresh(), external_id })).status, 201, 'external ids are each tenant\'s own');
});

test('further numbers: in order, with labels, checked like the first, found by', async () => {
  const [a, b, c] = [fresh(), fresh(), fresh()], external_id = key(), word = randomUUID().slice(0, 8);
  const made = await maria.post(path, { name: word, phone: a, external_id, phones: [{ phone: b, label: 'work' }, { phone: c }] });
  assert.equal(made.status, 201, made.text);
  assert.deepEqual(made.body.phones, [{ phone: b, phone_e164: b, label: 'work' }, { phone: c, phone_e164: c, label: null }]);
  assert.deepEqual((await maria.get(`${path}/${external_id}`)).body, made.body);
  assert.deepEqual((await maria.get(`${path}?phone=${encodeURIComponent(c)}`)).body.data.map((l) => l.id), [made.body.id]);
  assert.deepEqual((await maria.patch(`${path}/${external_id}`, { name: `${word} 2` })).body.phones, made.body.phones, 'absent members stay');
  const turned = await maria.patch(`${path}/${external_id}`, { phones: [{ phone: c, label: 'mobile' }] });
  assert.deepEqual(turned.body.phones, [{ phone: c, phone_e164: c, label: 'mobile' }]);
  assert.deepEqual((await maria.get(`${path}/${external_id}`)).body.phones, turned.body.phones);
  const wrong = await maria.patch(`${path}/${external_id}`, { phones: [{ phone: b }, { phone: '12', label: '' }, { label: 'x' }, 7, { phone: b, colour: 'red' }] });
  problem(wrong, 422, 'invalid');
  assert.deepEqual(wrong.body.errors.map((e) => `${e.field} ${e.code}`).sort(),
    ['phones[1].label malformed', 'phones[1].phone too_short', 'phones[2].phone required', 'phones[3] wrong_type', 'phones[4].colour unknown_field']);
  problem(await maria.patch(`${path}/${external_id}`, { phones: Array(10).fill({ phone: b }) }), 422, 'invalid');
  problem(await maria.patch(`${path}/${external_id}`, { phones: {} }), 422, 'invalid');
  assert.deepEqual((await maria.patch(`${path}/${external_id}`, { phones: null })).body.phones, []);
});

test('a number keeps the country it was read with while other members change', async () => {
  const external_id = key(), rest = `312${randomInt(9110000, 9119999)}`;
  assert.equal((await upload(`name;phone;external_id\nA;0${rest};${external_id}\n`, { query: '?country=TR' })).body.imported, 1);
  const renamed = await maria.patch(`${path}/${external_id}`, { name: 'B' });
  assert.deepEqual([renamed.status, renamed.body.phone_e164, renamed.body.name], [200, `+90${rest}`, 'B'], renamed.text);
});

test('import: good rows are kept, each bad row is told with line, field and reason', async () => {
  const [a, b, c, d] = [fresh(), fresh(), fresh(), fresh()], word = randomUUID().slice(0, 8);
  const file = `\ufeffBusiness Name;Telefon;Kategori;Şehir\r\nCafé ${word};${a};cafes;Ankara\r\n"Two\nlines ${word}";${b};;\r\nBad ${word};12x;x;\r\n`
    + `Nobody ${word};;x;\r\nRounded ${word};8.13E+09;;\r\nExcel ${word};="${c}";;\r\n"open ${word};${d};;\r\nAfter ${word};${d};;\r\nWide ${word};${d};;;;too;many\r\n${'n'.repeat(301)};${d};;\r\n`;
  const answer = await upload(file);
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual([answer.body.state, answer.body.rows, answer.body.imported, answer.body.updated, answer.body.refused], ['done', 10, 4, 0, 6]);
  assert.deepEqual(await refusals(answer), ['5 phone not_a_number', '6 phone missing_phone', '7 phone scientific_notation', '9 row unclosed_quote', '11 row too_many_fields', '12 name too_long']);
  const leads = (await maria.get(`${path}?search=${word}`)).body.data;
  assert.deepEqual(leads.map((l) => [l.name, l.phone_e164]).sort(), [[`After ${word}`, d], [`Café ${word}`, a], [`Excel ${word}`, c], [`Two\nlines ${word}`, b]].sort());
  const cafe = leads.find((l) => l.phone_e164 === a);
  assert.deepEqual([cafe.category, cafe.custom], ['cafes', { Şehir: 'Ankara' }]);
  assert.deepEqual((await maria.get(`${tenant}/imports/${answer.body.import_id}`)).body, answer.body);
});

test('import: who is known is updated, by external_id, else by number; in a file the later row counts', async () => {
  const [a, b, c, d] = [fresh(), fresh(), fresh(), fresh()], [one, two] = [key(), key()];
  const known = (await maria.post(path, { name: 'Old', phone: a, category: 'kept', custom: { x: '1' } })).body;
  const keyed = (await maria.post(path, { name: 'Keyed', phone: b, external_id: one })).body;
  const answer = await upload(`name,phone,external_id,y\nNew,${a},,2\nMoved,${c},${one},\nFirst,${d},,\nSecond,${d},,3\nOther household,${c},${two},\n`);
  assert.deepEqual([answer.body.rows, answer.body.imported, answer.body.updated, answer.body.refused], [5, 2, 3, 0], answer.text);
  const now = (await maria.get(`${path}/${known.id}`)).body;
  assert.deepEqual([now.name, now.category, now.custom], ['New', 'kept', { x: '1', y: '2' }]);
  assert.deepEqual([(await maria.get(`${path}/${one}`)).body.phone_e164, (await maria.get(`${path}/${one}`)).body.id], [c, keyed.id]);
  assert.equal((await maria.get(`${path}/${two}`)).body.phone_e164, c, 'two leads may share a number');
  const same = (await maria.get(`${path}?phone=${encodeURIComponent(d)}`)).body.data;
  assert.deepEqual(same.map((l) => [l.name, l.custom]), [['Second', { y: '3' }]]);
  const again = await upload(`name,phone,external_id\nNew,${a},\nMoved,${c},${one}\n`);
  assert.deepEqual([again.body.imported, again.body.updated], [0, 2]);
});

test('import: files that cannot be read at all are refused with the cure', async () => {
  problem(await upload(''), 422, 'empty_file');
  problem(await upload('name,city\nA,B\n'), 422, 'no_phone_column');
  problem(await upload(`name,phone\nA,1\n`, { query: '?encoding=ebcdic' }), 422, 'invalid', 'encoding');
  problem(await upload(`name,phone\nA,1\n`, { query: '?policy=merge&delimiter=x&header=1' }), 422, 'invalid', 'policy');
  problem(await upload(`name,phone\nA,1\n`, { query: '?map=fax:name' }), 422, 'invalid', 'map');
  problem(await upload(`name,phone\nA,1\n`, { query: '?map=name:nobody' }), 422, 'invalid', 'map');
  problem(await upload('name,phone\n', { query: '?country=Turkey' }), 422, 'invalid', 'country');
  problem(await upload('{}', { headers: { 'content-type': 'application/json' } }), 415, 'unsupported_media_type');
  problem(await upload('name,phone\n', { who: bob }), 403, 'forbidden');
  problem(await upload('name,phone\n', { who: stranger }), 404, 'not_found');
});

test('import: the encoding is found out for the whole file, or given', async () => {
  const name = 'Çağrı Şişli İğdır', tr = (text) => Buffer.from([...text].map((c) => ({ Ğ: 0xd0, İ: 0xdd, Ş: 0xde, ğ: 0xf0, ı: 0xfd, ş: 0xfe })[c] ?? c.charCodeAt(0)));
  const swapped = (text) => Buffer.from(text, 'utf16le').swap16(), file = (word, phone) => `Ad Soyad;Telefon\r\n${word};${phone}\r\n`;
  const cases = [
    ['utf-8', (t) => Buffer.from(t), name], ['utf-8', (t) => Buffer.from(`\ufeff${t}`), name],
    ['utf-16le', (t) => Buffer.from(`\ufeff${t}`, 'utf16le'), name], ['utf-16be', (t) => swapped(`\ufeff${t}`), name],
    ['utf-16le', (t) => Buffer.from(t, 'utf16le'), name], ['utf-16be', swapped, name],
    ['windows-1254', tr, name], ['windows-1252', (t) => Buffer.from(t, 'latin1'), 'Café Ünal'],
  ];
  for (const [encoding, write, word] of cases) {
    const phone = fresh(), answer = await upload(write(file(word, phone)));
    assert.deepEqual([answer.status, answer.body.encoding, answer.body.imported, answer.body.refused], [200, encoding, 1, 0], answer.text);
    assert.equal((await maria.get(`${path}?phone=${encodeURIComponent(phone)}`)).body.data[0].name, word, encoding);
  }
  const phone = fresh(), forced = await upload(Buffer.from(file('\xde', phone), 'latin1'), { query: '?encoding=windows-1252' });
  assert.equal(forced.body.encoding, 'windows-1252');
  assert.equal((await maria.get(`${path}?phone=${encodeURIComponent(phone)}`)).body.data[0].name, 'Þ');
  const broken = await upload(Buffer.concat([Buffer.from(`name,phone\n${'é'.repeat(20)},${fresh()}\n`), Buffer.from([0xe9]), Buffer.from(`,${fresh()}\nplain,${fresh()}\n`)]));
  assert.deepEqual([broken.body.encoding, broken.body.imported, broken.body.refused], ['utf-8', 2, 1], broken.text);
  assert.deepEqual(await refusals(broken), ['3 row not_utf8'], 'one broken row costs itself only');
});

test('import: columns by map, by look, and the preview that shows what would be', async () => {
  const [a, b, c, d, e] = [fresh(), fresh(), fresh(), fresh(), fresh()], word = randomUUID().slice(0, 8);
  const file = `Kim;Nerede;Sabit;Cep\n${word} A;Ankara;${a};${b}\n${word} B;;12x;\n${word} A;;${a};\n`, query = `?map=${encodeURIComponent('phone:Sabit,name:Kim,custom.city:Nerede')}`;
  const seen = await upload(file, { query: `/preview${query}` });
  assert.equal(seen.status, 200, seen.text);
  assert.deepEqual([seen.body.encoding, seen.body.delimiter, seen.body.header, seen.body.whole], ['utf-8', ';', true, true]);
  assert.deepEqual(seen.body.columns.map((x) => [x.heading, x.field]), [['Kim', 'name'], ['Nerede', 'custom.city'], ['Sabit', 'phone'], ['Cep', 'phone2']]);
  assert.deepEqual(seen.body.rows.map((x) => [x.line, x.verdict, x.code, x.phone_e164]), [[2, 'ok', null, a], [3, 'refused', 'not_a_number', null], [4, 'duplicate', null, null]]);
  assert.deepEqual((await maria.get(`${path}?search=${word}`)).body.data, [], 'a preview writes nothing');
  const done = await upload(file, { query: `${query}&file=${encodeURIComponent(`${word} üye.csv`)}` });
  const listed = (await maria.get(`${path}/imports?limit=1`)).body.data[0];
  assert.deepEqual(listed, (await maria.get(`${path}/imports/${listed.import_id}`)).body);
  assert.deepEqual([listed.import_id, listed.file], [done.body.import_id, `${word} üye.csv`]);
  assert.deepEqual([done.body.imported, done.body.updated, done.body.refused], [1, 1, 1], done.text);
  assert.deepEqual((await maria.get(`${path}?search=${word}`)).body.data.map((l) => [l.name, l.phone_e164, l.custom]), [[`${word} A`, a, { city: 'Ankara' }]]);
  const blind = await upload('Kim;Nerede\nA;B\n', { query: '/preview' });
  assert.deepEqual([blind.status, blind.body.rows.map((x) => x.code)], [200, ['missing_phone']], 'whoever looks can say which column it is');
  const bare = await upload(`${word} C|${c}|Cafe|x\n${word} D|${d}||\n`);
  assert.deepEqual([bare.body.rows, bare.body.imported], [2, 2], 'a file without a heading loses no row');
  assert.deepEqual((await maria.get(`${path}?phone=${encodeURIComponent(c)}`)).body.data.map((l) => [l.name, l.category, l.custom]), [[`${word} C`, 'Cafe', { 'column 4': 'x' }]]);
  const digits = e.slice(1), rounded = `${digits[0]}.${digits.slice(1)}E+10`;
  assert.equal((await upload(`name;phone\n${word} E;${rounded}\n`)).body.imported, 1, 'all digits are there');
  assert.equal((await maria.get(`${path}?phone=${encodeURIComponent(e)}`)).body.data.length, 1);
});

test('import: a policy says what becomes of those who are there already', async () => {
  const [a, b, c] = [fresh(), fresh(), fresh()], word = randomUUID().slice(0, 8), one = key();
  await maria.post(path, { name: `${word} old`, phone: a, external_id: one });
  const file = `name,phone,external_id\n${word} new,${c},${one}\n${word} first,${b},\n${word} second,${b},\n`;
  const skip = await upload(file, { query: '?policy=skip' });
  assert.deepEqual([skip.body.rows, skip.body.imported, skip.body.updated, skip.body.skipped, skip.body.refused], [3, 1, 0, 2, 0], skip.text);
  const strict = await upload(file, { query: '?policy=refuse' });
  assert.deepEqual([strict.body.rows, strict.body.imported, strict.body.updated, strict.body.refused], [3, 0, 0, 3], strict.text);
  assert.deepEqual(await refusals(strict), ['2 phone duplicate', '3 phone duplicate', '4 phone duplicate']);
  assert.deepEqual((await maria.get(`${path}?search=${word}`)).body.data.map((l) => [l.name, l.phone_e164]).sort(), [[`${word} first`, b], [`${word} old`, a]]);
  const update = await upload(file, { query: '?policy=update' });
  assert.deepEqual([update.body.rows, update.body.imported, update.body.updated], [3, 0, 3], update.text);
  assert.deepEqual((await maria.get(`${path}?search=${word}`)).body.data.map((l) => [l.name, l.phone_e164]).sort(), [[`${word} new`, c], [`${word} second`, b]]);
});

test('lists: made by hand or by an import, filtered by, given to a campaign whole', async () => {
  const name = `Spring ${randomUUID().slice(0, 8)}`, [a, b] = [fresh(), fresh()], lists = `${tenant}/lead-lists`;
  const loose = (await maria.post(path, { name: 'Loose', phone: fresh() })).body.id;
  const answer = await upload(`name,phone\nA,${a}\nB,${b}\nA,${a}\n`, { query: `?list=${encodeURIComponent(name)}` });
  assert.equal(answer.body.imported, 2, answer.text);
  const id = answer.body.list_id;
  assert.deepEqual([(await bob.get(`${lists}/${id}`)).body.name, (await bob.get(`${lists}/${id}`)).body.leads_count], [name, 2]);
  assert.ok((await bob.get(lists)).body.data.some((l) => l.id === id));
  const added = await maria.post(`${lists}/${id}/leads`, { lead_ids: [loose] });
  assert.deepEqual([added.status, added.body], [200, { added: 1, already_there: 0 }], added.text);
  for (const word of [id, name]) assert.deepEqual((await bob.get(`${path}?list=${encodeURIComponent(word)}`)).body.data.map((l) => l.name), ['B', 'A', 'Loose'].sort((x, y) => (x === 'Loose') - (y === 'Loose')), word);
  const run = await campaign(maria), given = await maria.post(`${tenant}/campaigns/${run}/leads`, { list: name });
  assert.deepEqual([given.status, given.body], [200, { added: 3, already_there: 0 }], given.text);
  assert.deepEqual((await maria.post(`${tenant}/campaigns/${run}/leads`, { list: id })).body, { added: 0, already_there: 3 });
  assert.equal((await maria.get(`${tenant}/campaigns/${run}/leads`)).body.data.length, 3);
  problem(await maria.post(`${tenant}/campaigns/${run}/leads`, { list: 'no such list' }), 422, 'invalid', 'list');
  problem(await maria.post(`${tenant}/campaigns/${run}/leads`, {}), 422, 'invalid', 'lead_ids');
  problem(await maria.post(lists, { name }), 409, 'already_exists', 'name');
  problem(await maria.post(lists, { name: ' ' }), 422, 'invalid', 'name');
  problem(await bob.post(lists, { name: 'x' }), 403, 'forbidden');
  problem(await stranger.get(`${theirs.replace('/leads', '/lead-lists')}/${id}`), 404, 'not_found');
  problem(await stranger.get(`${theirs}?list=${id}`), 422, 'invalid', 'list');
  assert.equal((await maria.patch(`${lists}/${id}`, { name: `${name} 2` })).body.name, `${name} 2`);
  assert.equal((await maria.delete(`${lists}/${id}`)).status, 204);
  problem(await bob.get(`${lists}/${id}`), 404, 'not_found');
  assert.equal((await bob.get(`${path}/${loose}`)).status, 200, 'its leads stay');
});

test('import: numbers without a country are the given country\'s', async () => {
  const line = 1000000 + Math.floor(Math.random() * 8999999), answer = await upload(`name,phone\nA,0312 ${String(line).slice(0, 3)} ${String(line).slice(3)}\n`, { query: '?country=TR' });
  assert.equal(answer.body.imported + answer.body.refused, 1);
  const known = await upload(`name,phone\nA,0312 911 40 94\n`, { query: '?country=TR' });
  assert.equal(known.body.refused, 0, known.text);
  assert.ok((await maria.get(`${path}?phone=${encodeURIComponent('+903129114094')}`)).body.data.length >= 1);
});

test('import: 20,000 rows, and answered at once when that is preferred', async (t) => {
  const mark = randomUUID().slice(0, 8);
  t.after(() => rows('DELETE FROM leads WHERE name LIKE $1', [`Bulk ${mark} %`]));
  const lines = ['name,phone,external_id'];
  for (let i = 0; i < 20000; i++) lines.push(`Bulk ${mark} ${i},+1${[415, 312, 206, 305][i % 4]}${200 + Math.floor(i / 4) % 700}${String(1000 + (i * 7) % 9000)},${mark}-${i}`);
  lines.push('bad,123,');
  const answer = await upload(lines.join('\n'), { headers: { prefer: 'respond-async' } });
  assert.equal(answer.status, 202, answer.text);
  assert.ok(answer.headers.get('location').endsWith(answer.body.import_id));
  const done = await until('the import is done', async () => {
    const now = (await maria.get(answer.headers.get('location'))).body;
    return now.state === 'done' && now;
  }, 60000);
  assert.deepEqual([done.rows, done.imported + done.updated, done.refused, done.bytes_done], [20001, 20000, 1, done.bytes]);
  assert.deepEqual(await refusals({ body: done }), ['20002 phone too_short']);
  assert.equal((await rows('SELECT count(*)::int AS n FROM leads WHERE external_id LIKE $1', [`${mark}-%`]))[0].n, 20000);
});

test('import: what was interrupted goes on behind its last batch when the same bytes come again', async () => {
  const [a, b] = [fresh(), fresh()], word = randomUUID().slice(0, 8);
  const file = `name,phone\nFirst ${word},${a}\nbad,12x\nSecond ${word},${b}\n`, place = file.indexOf('bad,');
  const id = (await rows(`INSERT INTO imports (tenant_id, sha256, bytes, bytes_done, rows, imported) VALUES ($1, $2, $3, $4, 1, 1) RETURNING id`,
    [env.OUTDIAL_TENANT_ID, createHash('sha256').update(file).digest('hex'), file.length, place]))[0].id;
  const answer = await upload(file);
  assert.deepEqual([answer.body.import_id, answer.body.rows, answer.body.imported, answer.body.refused], [id, 3, 2, 1], answer.text);
  assert.deepEqual(await refusals(answer), ['3 phone not_a_number'], 'lines are counted from the beginning of the file');
  assert.deepEqual((await maria.get(`${path}?search=${word}`)).body.data.map((l) => l.name), [`Second ${word}`]);
  assert.notEqual((await upload(file)).body.import_id, id, 'a finished one is not gone on with');
});

test('import: its worker is killed, another one goes on, and the same bytes join it; nothing is doubled or lost', async (t) => {
  const mark = randomUUID().slice(0, 8), lines = ['name;phone;external_id;city'];
  t.after(() => until('they are gone, whoever else is at them', () => rows('DELETE FROM leads WHERE external_id LIKE $1', [`${mark}-%`]).then(() => true, () => false)));
  for (let i = 0; i < 30000; i++) lines.push(`Kill ${mark} ${i};+1${[415, 312, 206][i % 3]}${200 + Math.floor(i / 3) % 700}${String(1000 + (i * 7) % 9000)};${mark}-${i};Ankara`);
  lines.push('bad;123;;');
  const file = lines.join('\n'), begun = await upload(file, { headers: { prefer: 'respond-async' } });
  assert.equal(begun.status, 202, begun.text);
  for (const name of readdirSync(`${env.OUTDIAL_STATE}/pids`).filter((n) => n.startsWith('outdial-api.'))) {
    try { process.kill(Number(readFileSync(`${env.OUTDIAL_STATE}/pids/${name}`, 'utf8')), 'SIGKILL'); } catch { /* it is being replaced */ }
  }
  const again = await until('the same bytes are taken', async () => { const a = await upload(file); return a.status === 200 && a; }, 60000);
  const done = await until('the import is done', async () => { const now = (await maria.get(begun.headers.get('location'))).body; return now?.state === 'done' && now; }, 60000);
  assert.equal(again.body.import_id, begun.body.import_id);
  assert.deepEqual([done.rows, done.imported + done.updated, done.refused, done.bytes_done], [30001, 30000, 1, done.bytes]);
  assert.deepEqual(await refusals({ body: done }), ['30002 phone too_short']);
  assert.deepEqual(await rows('SELECT count(*)::int AS n, count(DISTINCT external_id)::int AS different FROM leads WHERE external_id LIKE $1', [`${mark}-%`]), [{ n: 30000, different: 30000 }]);
  assert.ok(!existsSync(`${env.OUTDIAL_STATE}/imports/${done.import_id}.csv`), 'the kept file is gone with the need for it');
});

test('another tenant\'s import is nothing', async () => {
  const answer = await upload(`name,phone\nA,${fresh()}\n`);
  for (const base of [`${theirs}/imports`, theirs.replace('/leads', '/imports')]) {
    problem(await stranger.get(`${base}/${answer.body.import_id}`), 404, 'not_found');
    problem(await stranger.get(`${base}/${answer.body.import_id}/refused`), 404, 'not_found');
  }
});

test('export: everything comes back as it was, and nothing in it runs in a spreadsheet', async () => {
  const phone = fresh(), external_id = key(), name = `=HYPERLINK("http://x","${randomUUID().slice(0, 8)}")`;
  await maria.post(path, { name, phone, external_id, category: '@cat, "quoted"\nline', custom: { note: '+1 (212)', plain: 'x' }, phones: [{ phone: fresh(), label: '=1+1' }, { phone: fresh() }] });
  const csv = await bob.get(`${path}/export`);
  assert.equal(csv.status, 200);
  assert.match(csv.headers.get('content-type'), /^text\/csv/);
  assert.match(csv.headers.get('content-disposition'), /leads\.csv/);
  for (const cell of csv.text.match(/(^|,|\n)"?[=+\-@\t][^,"\n]*/g) ?? [])
    assert.match(cell.replace(/^[,\n]?"?/, ''), /^\+[1-9][0-9]+\r?$/, 'only numbers in E.164 begin like a formula');
  const before = (await maria.get(`${path}/${external_id}`)).body;
  await maria.patch(`${path}/${external_id}`, { name: 'changed', category: 'changed', custom: {}, phones: [] });
  const back = await upload(csv.text);
  assert.equal(back.status, 200, back.text);
  const { updated_at: _, original_phone: __, phone: ___, ...now } = (await maria.get(`${path}/${external_id}`)).body;
  const { updated_at: _4, original_phone: _5, phone: _6, ...then } = before;
  assert.deepEqual(now, then);
  assert.equal(back.body.imported, 0, 'nobody is doubled');
});

test('export: only what the list would show, with a mark for those who want one', async () => {
  const word = randomUUID().slice(0, 8), list = `Export ${word}`, phones = [fresh(), fresh()];
  const done = await upload(`name;phone\n${word} 1;${phones[0]}\n${word} 2;${phones[1]}\nbad;12\n`, { query: `?list=${encodeURIComponent(list)}` });
  const lines = (text) => text.trim().split('\r\n').slice(1).map((line) => line.split(',')[3]).sort();
  const [byList, byPhone, marked] = [await bob.get(`${path}/export?list=${encodeURIComponent(list)}`),
    await bob.get(`${path}/export?phone=${encodeURIComponent(phones[1])}`), await bob.get(`${path}/export?search=${word}&bom=1`)];
  assert.deepEqual(lines(byList.text), [...phones].sort());
  assert.deepEqual(lines(byPhone.text), [phones[1]]);
  const bytes = async (address) => new Uint8Array(await (await fetch(env.OUTDIAL_URL + address, { headers: { authorization: `Bearer ${maria.token}` } })).arrayBuffer()).slice(0, 3);
  assert.deepEqual([...await bytes(`${path}/export?list=${encodeURIComponent(list)}&bom=1`)], [0xef, 0xbb, 0xbf]);
  assert.deepEqual([...await bytes(`${done.body.refused_url}?bom=1`)], [0xef, 0xbb, 0xbf]);
  assert.deepEqual(lines(marked.text), [...phones].sort());
  problem(await bob.get(`${path}/export?bom=2`), 422, 'invalid');
});

test('export: what fails on the way is not taken for the whole', async (t) => {
  t.after(() => rows('GRANT SELECT ON lead_shown TO api'));
  await rows('REVOKE SELECT ON lead_shown FROM api');
  await assert.rejects(async () => {
    const answer = await fetch(`${env.OUTDIAL_URL}${path}/export`, { headers: { authorization: `Bearer ${bob.token}` } });
    assert.ok(answer.ok, 'the columns were known');
    await answer.text();
  }, /terminated|fetch failed/);
});

test('calls of a lead are found by its external_id', async () => {
  const external_id = key(), made = await maria.post(path, { name: 'Called', phone: fresh(), external_id });
  const [one, other] = [await bob.get(`${tenant}/calls?lead_id=${made.body.id}`), await bob.get(`${tenant}/calls?lead_id=${encodeURIComponent(external_id)}`)];
  assert.deepEqual([one.status, other.status, other.body], [200, 200, one.body]);
  problem(await bob.get(`${tenant}/calls?lead_id=nobody-${external_id}`), 422, 'invalid');
});

test('leads come in pages without gaps', async () => {
  const id = await campaign(maria), made = [];
  for (let i = 0; i < 5; i++) made.push((await maria.post(path, { name: `Page ${i}`, phone: fresh() })).body.id);
  await maria.post(`${tenant}/campaigns/${id}/leads`, { lead_ids: made });
  for (const list of [`${path}?campaign_id=${id}`, `${tenant}/campaigns/${id}/leads?limit=2`, `${path}?limit=2`]) {
    const seen = [];
    for (let cursor = ''; seen.length < 5;) {
      const page = (await bob.get(`${list}${list.includes('limit') ? '' : '&limit=2'}${cursor}`)).body;
      seen.push(...page.data.map((l) => l.id));
      if (!page.next_cursor) break;
      cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
    }
    assert.deepEqual(seen.slice(0, 5), [...made].reverse(), list);
  }
});

test('the operator imports, lists and exports from the shell', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'outdial-play-')), file = join(folder, 'leads.csv'), phone = fresh(), word = randomUUID().slice(0, 8);
  t.after(() => rmSync(folder, { recursive: true }));
  const outdial = (...words) => spawnSync(`${env.OUTDIAL_BIN}/outdial`, ['--state', env.OUTDIAL_STATE, 'leads', ...words], { encoding: 'utf8', maxBuffer: 1 << 28 });
  writeFileSync(file, `name,phone\nShell ${word},${phone}\nBad,12x\n`);
  const done = outdial('import', file);
  assert.deepEqual([done.status, done.stdout], [0, '2 rows: 1 imported, 0 updated, 1 refused.\n  line 3, phone: This is not a phone number.\n'], done.stderr);
  assert.match(outdial('list', '--search', word).stdout, new RegExp(`\\${phone} .*Shell ${word}\n$`));
  assert.ok(outdial('export').stdout.includes(`Shell ${word},${phone}`));
  assert.equal(outdial('import', join(folder, 'no such file')).status, 1);
  assert.equal(outdial('import').status, 2);
  assert.equal(outdial('list', '--limit', '0').status, 2);
});
