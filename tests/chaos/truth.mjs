// The carrier's ground truth against our rows.  Every finding is a sentence; none means that nothing was wrong.

import { carrier, rows } from '../system/play.mjs';

const ours = { completed: 'completed', busy: 'busy', 'no-answer': 'no_answer', failed: 'failed', canceled: 'canceled' };
const outcomeOf = (call, attempt) => call.status === 'completed' ? (attempt.answered_by === 'machine' ? 'machine' : 'answered') : ours[call.status];
const SETTLED_S = 120;

export async function compare(campaign) {
  const wrong = [];
  const say = (what, phone, sentence) => wrong.push({ what, text: `${what}: ${phone ? `...${phone.slice(-7)}` : ''} ${sentence}` });

  const leads = await rows(`SELECT cl.state, cl.reason, cl.last_outcome, cl.not_placed, l.phone_e164 AS phone, cl.lead_id FROM campaign_leads cl
                              JOIN leads l ON l.tenant_id = cl.tenant_id AND l.id = cl.lead_id
                             WHERE cl.list_id = (SELECT list_id FROM campaigns WHERE id = $1)`, [campaign]);
  const attempts = await rows(`SELECT a.*, l.status AS leg_status, l.duration AS leg_duration, c.closed_at, c.outcome,
                                      extract(epoch FROM coalesce(a.settled_at, now()) - a.unknown_since) AS unknown_s
                                 FROM attempts a JOIN conversations c ON c.id = a.conversation_id
                                 LEFT JOIN legs l ON l.attempt_id = a.id AND l.parent_sid IS NULL
                                WHERE a.campaign_id = $1 ORDER BY a.permitted_at`, [campaign]);
  const optedOut = new Map((await rows('SELECT phone_e164, source FROM dnc')).map((row) => [row.phone_e164, row.source]));
  const mine = new Set(leads.map((lead) => lead.phone));
  const calls = await carrier.calls((call) => mine.has(call.to) && !call.parent_sid && call.direction !== 'inbound');

  const group = (list, key) => list.reduce((map, item) => map.set(key(item), [...(map.get(key(item)) ?? []), item]), new Map());
  const callsTo = group(calls, (call) => call.to);
  const attemptsTo = group(attempts, (attempt) => attempt.phone_e164);
  const bySid = new Map(attempts.filter((a) => a.provider_sid).map((a) => [a.provider_sid, a]));

  for (const [phone, placed] of callsTo)
    if (placed.length > 1) say('dialed twice', phone, `${placed.length} calls: ${placed.map((c) => `${c.sid} ${c.created_at} ${c.status}`).join(', ')}`);

  for (const call of calls) {
    const attempt = bySid.get(call.sid);
    if (!attempt) {
      say('unknown call', call.to, `the carrier placed ${call.sid} (${call.status}), which no attempt has; attempts: ${(attemptsTo.get(call.to) ?? []).map((a) => a.state)}`);
      continue;
    }
    if (attempt.phone_e164 !== call.to) say('wrong call', call.to, `${call.sid} belongs to an attempt for another number`);
    if (!ours[call.status]) say('stuck', call.to, `at the carrier the call is still ${call.status}`);
    else if (attempt.leg_status !== ours[call.status]) say('status', call.to, `carrier ${call.status}, here ${attempt.leg_status} (attempt ${attempt.state})`);
    if (call.status === 'completed' && attempt.leg_duration !== call.duration) say('duration', call.to, `carrier ${call.duration} s, here ${attempt.leg_duration} s`);
    if (attempt.ended_at && call.ended_at && attempt.ended_at - new Date(call.ended_at) > SETTLED_S * 1000)
      say('late end', call.to, `ended here ${Math.round((attempt.ended_at - new Date(call.ended_at)) / 1000)} s after the carrier's end`);
    const heardOptOut = call.said.some((sentence) => /have been added to our do not call/.test(sentence));
    if (heardOptOut && !optedOut.has(call.to)) say('opt-out lost', call.to, 'the person heard the confirmation and is not on the list');
  }

  for (const attempt of attempts) {
    const known = calls.find((call) => call.sid === attempt.provider_sid);
    if (attempt.provider_sid && !known) say('invented call', attempt.phone_e164, `${attempt.provider_sid} is not the carrier's`);
    if (!attempt.ended_at || ['permitted', 'unknown', 'accepted'].includes(attempt.state)) say('stuck', attempt.phone_e164, `attempt ${attempt.id} is ${attempt.state}, ended ${attempt.ended_at}`);
    if (!attempt.closed_at) say('stuck', attempt.phone_e164, `conversation of ${attempt.id} is open`);
    if (attempt.unknown_s > SETTLED_S) say('unknown too long', attempt.phone_e164, `attempt ${attempt.id} (${attempt.state}) was unknown for ${Math.round(attempt.unknown_s)} s`);
    if (attempt.state === 'perhaps_placed') say('perhaps placed', attempt.phone_e164, 'the carrier could be asked all the time');
  }

  for (const lead of leads) {
    const placed = callsTo.get(lead.phone) ?? [];
    const tried = attemptsTo.get(lead.phone) ?? [];
    if (['waiting', 'calling'].includes(lead.state)) say('lost lead', lead.phone, `is still ${lead.state} (${lead.reason}); attempts: ${tried.map((a) => a.state)}`);
    else if (lead.state === 'done') {
      const attempt = placed.length && bySid.get(placed[0].sid);
      if (!placed.length) say('lost lead', lead.phone, 'is done, but was never called');
      else if (attempt && ours[placed[0].status] && lead.last_outcome !== outcomeOf(placed[0], attempt)) say('outcome', lead.phone, `lead ${lead.last_outcome}, carrier ${placed[0].status}`);
    } else if (placed.length) say('lost lead', lead.phone, `is ${lead.state} (${lead.reason}), but was called`);
    else if (lead.state === 'failed' && !lead.reason) say('lost lead', lead.phone, 'failed without a reason');
    else if (lead.state === 'skipped' && !(lead.reason === 'do_not_call' && optedOut.has(lead.phone))) say('lost lead', lead.phone, `was skipped: ${lead.reason}`);
    else if (lead.state === 'withdrawn') say('lost lead', lead.phone, 'was withdrawn');
    if (tried.filter((a) => !['refused', 'not_placed'].includes(a.state)).length > 1) say('attempts', lead.phone, `several that were placed: ${tried.map((a) => a.state)}`);
  }
  for (const [phone, source] of optedOut) {
    const pressed = (callsTo.get(phone) ?? []).some((call) => String(call.digits ?? '').includes('2'));
    if (source === 'keypress' && mine.has(phone) && !pressed) say('invented opt-out', phone, 'nobody pressed 2');
  }

  const count = (list, key) => [...group(list, key)].sort().map(([name, some]) => `${name} ${some.length}`).join(', ');
  const pressed = calls.filter((call) => String(call.digits ?? '').includes('2'));
  const settling = attempts.map((a) => Number(a.unknown_s)).filter((s) => s > 0).sort((a, b) => a - b);
  return {
    wrong,
    lines: [
      ['leads', `${leads.length}: ${count(leads, (lead) => lead.state)}`],
      ['leads that failed, by reason', count(leads.filter((lead) => lead.state === 'failed'), (lead) => String(lead.reason).slice(0, 60)) || 'none'],
      ['calls at the carrier', `${calls.length}: ${count(calls, (call) => call.status)}`],
      ['attempts by state', `${attempts.length}: ${count(attempts, (attempt) => attempt.state)}`],
      ['numbers with several attempts', [...attemptsTo.values()].filter((some) => some.length > 1).length],
      ['attempts that were unknown', `${settling.length}; settled after ${settling.length ? `${settling[settling.length >> 1].toFixed(1)} s (median), ${settling.at(-1).toFixed(1)} s (longest)` : '-'}`],
      ['pressed 2 / heard the confirmation / listed', `${pressed.length} / ${pressed.filter((call) => call.said.some((s) => /have been added to our do not call/.test(s))).length} / ${pressed.filter((call) => optedOut.has(call.to)).length}`],
    ],
  };
}
