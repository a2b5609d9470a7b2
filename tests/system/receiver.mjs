// A receiver of webhooks, as a customer would write it: it checks every signature with the official library, and remembers.
//
//   const shop = await receiver();
//   const made = await maria.post(`${tenant}/webhook-endpoints`, { url: shop.url });
//   shop.secret = made.body.secret;
//   shop.does = (message) => 500;              // a status, or a function of the request; 200 otherwise
//   await shop.heard('call.completed');        // the first message of that type, once it is here

import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { until } from './play.mjs';

export async function receiver({ port = 0 } = {}) {
  const here = {
    secret: undefined,
    does: () => 200,
    tries: [],                                  // every request: {id, type, body, headers, status, at}
    got: [],                                    // messages that were answered 2xx
    forged: 0,
    ids: () => here.got.map((message) => message.id),
    of: (type) => here.got.filter((message) => message.type === type),
    heard: (type, limit_ms) => until(`a message ${type}`, () => here.of(type)[0], limit_ms),
  };
  const serve = async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const message = { id: request.headers['webhook-id'], method: request.method, path: request.url, headers: request.headers, at: Date.now() };
    try {
      message.body = here.secret ? new Webhook(here.secret).verify(text, request.headers) : JSON.parse(text);
      message.type = message.body.type;
    } catch (error) {
      here.forged++;
      message.error = error;
    }
    here.tries.push(message);
    const what = message.error ? 401 : await here.does(message, response);
    if (what === undefined || response.writableEnded || response.destroyed) return;
    message.status = what;
    if (what >= 200 && what < 300) here.got.push(message);
    response.writeHead(what, what === 302 ? { location: '/elsewhere' } : {}).end(`answered ${what}`);
  };
  const listen = async (at) => {
    here.server = createServer((request, response) => serve(request, response).catch(() => response.destroy()));
    await new Promise((resolve, reject) => here.server.listen(at, '127.0.0.1', resolve).on('error', reject));
    here.port = here.server.address().port;
    here.url = `http://127.0.0.1:${here.port}/hooks`;
  };
  here.down = async () => {
    here.server.closeAllConnections();
    await new Promise((resolve) => here.server.close(resolve));
  };
  here.up = () => listen(here.port);
  await listen(port);
  return here;
}
