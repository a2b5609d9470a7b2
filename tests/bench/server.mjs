// The same three routes as a careful team would write them with Fastify, pg and Twilio's SDK: the server that Outdial is measured beside.
//
// Two processes; a pool of connections in each; one named, prepared statement and so one round trip per request; the carrier's
// signature checked by the SDK, the token by fast-jwt; documents by the SDK's builder, JSON by compiled schemas.  The statements
// call the same functions in the same database as Outdial's workers do.

import cluster from 'node:cluster';
import { parse } from 'node:querystring';
import { createVerifier } from 'fast-jwt';
import Fastify from 'fastify';
import pg from 'pg';
import twilio from 'twilio';

const { SOCKET, DATABASE_URL, PUBLIC_BASE_URL, TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, JWT_SECRET, JWT_ISSUER, JWT_AUDIENCE, BENCH_ACCOUNT,
  PROCESSES = '2', POOL = '16' } = process.env;

if (cluster.isPrimary) {
  for (let i = 0; i < Number(PROCESSES); i++) cluster.fork();
  process.on('SIGTERM', () => process.exit(0));
} else {
  await serve();
}

async function serve() {
  const pool = new pg.Pool({ connectionString: DATABASE_URL, max: Number(POOL), idleTimeoutMillis: 0, options: '-c jit=off -c TimeZone=UTC -c DateStyle=ISO' });
  const app = Fastify({ logger: false, trustProxy: true });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit: 65536 }, (request, body, done) => done(null, parse(body)));

  // ---- the carrier's webhooks

  const signed = async (request, reply) => {
    const { body } = request;
    if (body?.AccountSid !== TWILIO_ACCOUNT_SID
        || !twilio.validateRequest(TWILIO_AUTH_TOKEN, request.headers['x-twilio-signature'] ?? '', PUBLIC_BASE_URL + request.raw.url, body)) {
      await reply.code(403).send({ code: 'forbidden' });
    }
  };
  const statuses = { queued: 'planned', initiated: 'dialing', ringing: 'ringing', 'in-progress': 'in_progress', answered: 'in_progress', completed: 'completed',
    busy: 'busy', 'no-answer': 'no_answer', failed: 'failed', canceled: 'canceled' };
  const kept = ['CallStatus', 'AnsweredBy', 'MachineDetectionDuration', 'SequenceNumber', 'Timestamp', 'CallDuration', 'SipResponseCode', 'Direction',
    'DialCallStatus', 'DialCallDuration', 'Digits', 'ErrorCode', 'StirStatus', 'CallbackSource'];
  const payload = (body) => {
    const out = {};
    for (const name of kept) if (body[name] !== undefined) out[name] = body[name];
    return JSON.stringify(out);
  };
  const answeredBy = (word) => (!word ? null : word === 'human' ? 'human' : word.startsWith('machine') || word === 'fax' ? 'machine' : 'unknown');
  const accounts = `{${BENCH_ACCOUNT}}`;

  app.post('/api/outbound-caller/call-status', { preHandler: signed }, async (request, reply) => {
    const { body, query } = request;
    const { rows } = await pool.query({
      name: 'hook_status',
      text: 'SELECT outdial.hook_status($1, $2, $3::uuid[], $4, $5, $6, $7, $8, $9, $10, $11, $12::jsonb) AS verdict',
      values: [query.t, query.a, accounts, body.CallSid, body.ParentCallSid ?? null, `${body.CallSid}:${body.CallStatus}:${body.SequenceNumber ?? ''}`,
        statuses[body.CallStatus] ?? null, body.Timestamp ? new Date(body.Timestamp).toISOString() : null, body.CallDuration ?? null,
        answeredBy(body.AnsweredBy), body.To, payload(body)],
    });
    return reply.code(rows[0].verdict === 'foreign' ? 403 : 204).send();
  });

  const fill = (text, row) => text.replaceAll('{persona}', row.persona ?? '').replaceAll('{company}', row.company ?? '');
  const greeting = 'Hello! This is {persona} from {company}. We help businesses like yours grow with automated calling solutions. '
    + 'Press 1 to speak with an agent, or press 2 to be added to our do not call list.';
  const noInput = 'We did not receive any input. Goodbye.';
  app.post('/api/outbound-caller/voice', { preHandler: signed }, async (request, reply) => {
    const { body, query } = request;
    const who = answeredBy(body.AnsweredBy);
    const { rows: [row] } = await pool.query({
      name: 'hook_voice',
      text: 'SELECT mode, locale, persona, company, greeting, no_input, voicemail, tenant_id, attempt_id FROM outdial.hook_voice($1, $2, $3::uuid[], $4, $5, $6, $7::jsonb)',
      values: [query.t, query.a, accounts, body.CallSid, who, `voice:${body.CallSid}:${who ?? '-'}`, payload(body)],
    });
    if (row.mode !== 'person') return reply.code(row.mode === 'foreign' ? 403 : 500).send();
    const language = row.locale === 'tr' ? 'tr-TR' : 'en-US';
    const response = new twilio.twiml.VoiceResponse();
    const gather = response.gather({ numDigits: 1, method: 'POST', timeout: 10,
      action: `${PUBLIC_BASE_URL}/api/outbound-caller/gather?a=${row.attempt_id}&t=${row.tenant_id}#rc=3&rp=5xx,ct,rt` });
    gather.say({ language }, fill(row.greeting ?? greeting, row));
    response.say({ language }, fill(row.no_input ?? noInput, row));
    response.hangup();
    return reply.type('text/xml; charset=utf-8').send(response.toString());
  });

  // ---- the list of numbers

  const verify = createVerifier({ key: JWT_SECRET, algorithms: ['HS256'], allowedIss: JWT_ISSUER, allowedAud: JWT_AUDIENCE, clockTolerance: 60000 });
  const text = { type: 'string' }, perhaps = { type: 'string', nullable: true }, yes = { type: 'boolean' };
  const schema = { response: { 200: { type: 'object', properties: {
    data: { type: 'array', items: { type: 'object', properties: { id: text, number: text, type: text, provider: text, providerSid: perhaps, tenantId: text,
      campaignId: perhaps, livekitTrunkId: perhaps, isActive: yes, purchasedAt: perhaps,
      metadata: { type: 'object', properties: { capabilities: { type: 'object', properties: { voice: yes, sms: yes, mms: yes } }, importedFrom: text, originalTrunkSid: perhaps } } } } },
    next_cursor: perhaps } } } };
  app.get('/api/v1/tenants/:tenant/phone-numbers', { schema }, async (request, reply) => {
    let claims;
    try {
      claims = verify((request.headers.authorization ?? '').replace(/^Bearer /, ''));
    } catch {
      return reply.code(401).send();
    }
    if (claims.typ !== 'access' || claims.tid !== request.params.tenant) return reply.code(404).send();
    const limit = Math.min(Number(request.query.limit ?? 50), 1000);
    const { rows } = await pool.query({
      name: 'number_list',
      text: 'SELECT * FROM bench.number_list($1, $2, $3, $4, $5, $6)',
      values: [claims.tid, `user:${claims.sub}`, claims.epoch ?? 0, claims.jti, claims.role, limit + 1],
    });
    const shown = rows.slice(0, limit);
    return {
      data: shown.map((row) => ({ id: row.id, number: row.number, type: row.type, provider: row.provider, providerSid: row.provider_sid, tenantId: row.tenant_id,
        campaignId: row.campaign_id, livekitTrunkId: row.livekit_trunk_id, isActive: row.is_active, purchasedAt: row.purchased_at?.toISOString() ?? null,
        metadata: row.metadata })),
      next_cursor: rows.length > limit ? Buffer.from(shown.at(-1).id.replaceAll('-', ''), 'hex').toString('base64url') : null,
    };
  });

  await app.listen({ path: SOCKET });
}
