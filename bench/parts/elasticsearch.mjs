// What answers in Elasticsearch's place where its own cost is not to be measured: the least server that says who
// somebody is. The answers have the members and about the length that a real one's have.

import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';

const product = { 'x-elastic-product': 'Elasticsearch', 'content-type': 'application/json' };

/** @param {number} user @param {string} [apiKeyId] of an API key; without it by a token */
export function identityBody(user, apiKeyId) {
  const isKey = apiKeyId !== undefined;
  const realm = isKey ? { name: '_es_api_key', type: '_es_api_key' } : { name: 'native1', type: 'native' };
  return JSON.stringify({
    username: `service-user-${user}`,
    roles: ['viewer', 'ingest_admin', 'monitoring_user'],
    full_name: `Service User ${user}`,
    email: `service${user}@example.test`,
    metadata: { team: 'search', tier: 2 },
    enabled: true,
    authentication_realm: realm,
    lookup_realm: realm,
    authentication_type: isKey ? 'api_key' : 'token',
    ...(isKey && { api_key: { id: apiKeyId, name: 'bench' } }),
  });
}

export const refusalBody =
  '{"error":{"root_cause":[{"type":"security_exception","reason":"unable to authenticate"}],' +
  '"type":"security_exception","reason":"unable to authenticate with provided credentials"},"status":401}';

const privilegesBody =
  '{"username":"service-user-0","has_all_requested":true,"cluster":{"monitor":true},' +
  '"index":{"docs":{"read":true,"write":true}},"application":{}}';

/** A credential that nobody has. @param {number} number */
export const unknownCredential = (number) => `Bearer refused${String(number).padStart(41, 'x')}`;

/**
 * @param {{ users?: number, delayMs?: number, tls?: { key: string, cert: string } }} [options] as many identities as
 *   `users` in turn
 */
export async function startElasticsearch({ users = 100, delayMs = 0, tls } = {}) {
  const bodies = Array.from({ length: users }, (_, user) => Buffer.from(identityBody(user)));
  const counts = { served: 0, atOnce: 0, mostAtOnce: 0 };
  const finish = (request, response) => {
    counts.atOnce -= 1;
    const { authorization = '' } = request.headers;
    const [status, body] = answerTo(request, authorization);
    response.writeHead(status, { ...product, 'content-length': body.length }).end(body);
  };
  const answerTo = ({ url }, authorization) => {
    if (authorization.startsWith('Bearer refused')) return [401, refusalBody];
    if (url.endsWith('_has_privileges')) return [200, privilegesBody];
    const user = counts.served % users;
    if (!authorization.startsWith('ApiKey ')) return [200, bodies[user]];
    const [id] = Buffer.from(authorization.slice('ApiKey '.length), 'base64').toString().split(':');
    return [200, identityBody(user, id)];
  };
  const listener = (request, response) => {
    request.resume();
    counts.served += 1;
    counts.atOnce += 1;
    counts.mostAtOnce = Math.max(counts.mostAtOnce, counts.atOnce);
    if (delayMs > 0) setTimeout(finish, delayMs, request, response);
    else finish(request, response);
  };
  const server = tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${server.address().port}`,
    counts,
    close,
  };
}

/**
 * The same without sockets: a dispatcher of undici's that answers in the next turn, to both of its handlers' forms.
 *
 * @param {number} users as many identities in turn; 0: each another
 */
export function instantElasticsearch(users) {
  const bodies = Array.from({ length: users }, (_, user) => Buffer.from(identityBody(user)));
  const headers = { ...product };
  const rawHeaders = Object.entries(product).flatMap((pair) => pair.map((text) => Buffer.from(text)));
  const controller = { abort() {}, pause() {}, resume() {}, aborted: false, paused: false };
  let served = 0;
  return {
    dispatch(_options, handler) {
      const user = served;
      served += 1;
      const body = users === 0 ? Buffer.from(identityBody(user)) : bodies[user % users];
      setImmediate(() => {
        if (typeof handler.onRequestStart === 'function') {
          handler.onRequestStart(controller, {});
          handler.onResponseStart(controller, 200, headers, 'OK');
          handler.onResponseData(controller, body);
          handler.onResponseEnd(controller, {});
        } else {
          handler.onConnect(() => {}, {});
          handler.onHeaders(200, rawHeaders, () => {}, 'OK');
          handler.onData(body);
          handler.onComplete([]);
        }
      });
      return true;
    },
    close: async () => {},
    destroy: async () => {},
  };
}
