// Sign in with a user of Elasticsearch, stay signed in, sign out: an Express API and a page. The browser holds nothing
// but the name of a session; the tokens are here, and renew themselves.

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  createSecurityClient,
  createTokenSource,
  memoryTokenStore,
  ReauthenticationRequired,
  sessionRoutes,
} from '@esauth/client';
import { createVerifier, esauth, identityOf } from '@esauth/express';
import express from 'express';

const { ELASTICSEARCH_URL: nodes = 'http://127.0.0.1:9200', ELASTICSEARCH_CA: ca } = process.env;
// Whoever may ask for tokens (`manage_token`); with a cluster of your own not the superuser.
const auth = {
  username: process.env.ELASTICSEARCH_USERNAME ?? 'elastic',
  password: process.env.ELASTICSEARCH_PASSWORD ?? 'changeme',
};
const idleMs = Number(process.env.SESSION_IDLE_SECONDS ?? 30 * 60) * 1000;
const longestMs = Number(process.env.SESSION_LONGEST_SECONDS ?? 12 * 60 * 60) * 1000;

const tls = ca ? { ca: readFileSync(ca) } : undefined;
const verifier = createVerifier({ nodes, tls });
await verifier.check();
const client = createSecurityClient({ nodes, tls, auth, verifier });
const routes = sessionRoutes({ client, verifier, throttle: createThrottle() });

// ---- sessions, of this process

const cookieName = '__Host-session'; // only over https or to this machine, for this host, from no script
const cookie = { httpOnly: true, secure: true, sameSite: 'strict', path: '/' };
const sessions = new Map();
const leftovers = new Set(); // over here, and perhaps not in Elasticsearch yet

async function open(tokens) {
  const store = memoryTokenStore();
  const now = Date.now();
  await store.compareAndSet(undefined, {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    issuedAt: now,
    expiresAt: now + tokens.expires_in * 1000,
  });
  const id = randomBytes(32).toString('base64url');
  sessions.set(id, { id, source: createTokenSource({ client, store }), openedAt: now, usedAt: now });
  return id;
}

function sessionOf(req) {
  const [, id] = /(?:^|; )__Host-session=([\w-]{43})(?:;|$)/.exec(req.headers.cookie ?? '') ?? [];
  const session = sessions.get(id);
  return session === undefined || isOver(session) ? undefined : session;
}

function isOver({ usedAt, openedAt }) {
  const now = Date.now();
  return now - usedAt >= idleMs || now - openedAt >= longestMs;
}

/** Ends it here, and its tokens in Elasticsearch: if that fails, it is tried again. */
async function end(session) {
  sessions.delete(session.id);
  leftovers.add(session);
  await session.source.invalidate();
  leftovers.delete(session);
}

const sweeping = setInterval(
  () => {
    for (const session of [...leftovers, ...[...sessions.values()].filter(isOver)]) {
      end(session).catch((error) => console.error(`a session could not be ended: ${error.message}`));
    }
  },
  Math.min(idleMs, longestMs, 60_000) / 4,
);

/** A token that is good now, also if it was ended in Elasticsearch before its time. */
async function authorizationOf({ source }) {
  const authorization = await source.authorization();
  if ((await verifier.verify(authorization)).kind !== 'rejected') return authorization;
  source.renew(authorization);
  return source.authorization();
}

// ---- routes

const app = express();
app.disable('x-powered-by');
app.use((req, res, next) => {
  const policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
  res.set({ 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff' });
  // Other sites can have a browser send requests with its cookies. They cannot have it say that they come from here.
  const isOurs = req.headers['sec-fetch-site'] === 'same-origin';
  if (req.method === 'GET' || req.method === 'HEAD' || isOurs) return next();
  res.status(403).json({ code: 'cross_site' });
});
app.use(express.static(fileURLToPath(new URL('page', import.meta.url)), { redirect: false }));

app.post('/login', async (req, res) => {
  const answer = await routes.login({ body: req, source: req.ip });
  if (answer.status !== 200) return send(res, answer);
  const before = sessionOf(req);
  if (before !== undefined) await end(before).catch(() => {}); // it ends by itself at the latest
  // Always a new name: nobody can have given it to the browser before.
  res.cookie(cookieName, await open(JSON.parse(answer.body)), { ...cookie, maxAge: longestMs });
  res.set('Cache-Control', 'no-store').status(204).end();
});

app.post('/logout', async (req, res) => {
  const session = sessionOf(req);
  res.clearCookie(cookieName, cookie).set('Cache-Control', 'no-store');
  try {
    if (session !== undefined) await end(session);
    res.status(204).end();
  } catch {
    res
      .status(503)
      .json({ detail: 'You are signed out here, and soon in Elasticsearch, which does not answer.' });
  }
});

app.use(async (req, res, next) => {
  const session = sessionOf(req);
  if (session === undefined) return next();
  session.usedAt = Date.now();
  try {
    req.authorization = await authorizationOf(session);
  } catch (error) {
    if (!(error instanceof ReauthenticationRequired)) return res.status(503).set('Retry-After', '1').end();
    sessions.delete(session.id);
    session.source.close();
  }
  next();
});
app.use(esauth(verifier, { credential: (req) => req.authorization }));
app.get('/me', (req, res) => res.set('Cache-Control', 'no-store').json(identityOf(req)));

function send(res, { status, headers, body }) {
  res.status(status).set(headers).send(body);
}

/** Ten attempts a minute for each name, and for each address. Elasticsearch lets people guess as often as they like. */
function createThrottle() {
  const attempts = new Map();
  setInterval(() => attempts.clear(), 60_000).unref();
  return ({ username, source }) => {
    // An address that has had its share keeps nobody else out, and fills no memory with names.
    for (const key of [`from ${source}`, `user ${username}`]) {
      const count = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, count);
      if (count > 10) return 60_000;
    }
    return 0;
  };
}

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    clearInterval(sweeping);
    server.close();
    server.closeAllConnections();
    await Promise.allSettled([...leftovers, ...sessions.values()].map(end));
    await Promise.all([client.close(), verifier.close()]);
  });
}
