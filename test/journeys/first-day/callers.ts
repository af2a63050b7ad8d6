// Mistakes of whoever calls, and of whoever lets him: what curl is given, and what comes of it.

import { createVerifier, type Verifier } from '@esauth/core';
import { startEmulator } from '@esauth/emulator';
import { esauth, requireRoles } from '@esauth/express';
import cors from 'cors';
import express, { type Express } from 'express';
import { rsaKey, signJwt } from '../../support/jwt.js';
import { ask, type Mistake, type Seen, type World, withVerifier } from './mistake.js';

const malformed = 'The Authorization header is malformed.';
const noScheme = 'This authentication scheme is not accepted here.';
const notAccepted = 'Elasticsearch does not accept this credential.';
const encoded =
  'An ApiKey credential is the member encoded of what Elasticsearch returned: the Base64 of id and api_key, with a colon between.';

/** @param headers of a request to an application that wants to know who is calling. */
const calling =
  (headers: (world: World) => Readonly<Record<string, string | readonly string[]>>) =>
  (world: World): Promise<Seen> =>
    withVerifier(world, (verifier) => ask(whoAmI(verifier), headers(world)));

const authorization = (value: (world: World) => string | readonly string[]) =>
  calling((world) => ({ authorization: value(world) }));

function whoAmI(verifier: Verifier): Express {
  const app = express();
  app.use(esauth(verifier));
  app.get('/me', (req, res) => void res.json(req.identity?.username));
  return app;
}

const bare = ({ token }: World) => token.replace('Bearer ', '');

export const callerMistakes: readonly Mistake[] = [
  {
    done: 'no header',
    code: 'credentials_missing',
    status: 401,
    cure: 'The request has no Authorization header.',
    make: calling(() => ({})),
  },
  {
    done: 'a key in X-Api-Key',
    code: 'credentials_missing',
    status: 401,
    cure: 'The request has no Authorization header.',
    make: calling(({ key }) => ({ 'x-api-key': key.encoded })),
  },
  {
    done: 'a token without its scheme',
    code: 'scheme_unsupported',
    status: 401,
    cure: noScheme,
    make: authorization(bare),
  },
  {
    done: 'Token for Bearer',
    code: 'scheme_unsupported',
    status: 401,
    cure: noScheme,
    make: authorization((world) => `Token ${bare(world)}`),
  },
  {
    done: 'the name of the header in its value',
    code: 'scheme_unsupported',
    status: 401,
    cure: noScheme,
    make: authorization(({ token }) => `Authorization: ${token}`),
  },
  {
    done: 'Bearer twice',
    code: 'credentials_malformed',
    status: 400,
    cure: malformed,
    make: authorization(({ token }) => `Bearer ${token}`),
  },
  {
    done: 'Bearer: with a colon',
    code: 'credentials_malformed',
    status: 400,
    cure: malformed,
    make: authorization((world) => `Bearer: ${bare(world)}`),
  },
  {
    done: 'quotes around the value',
    code: 'credentials_malformed',
    status: 400,
    cure: malformed,
    make: authorization((world) => `Bearer "${bare(world)}"`),
  },
  {
    done: 'a variable of the shell that is not set',
    code: 'credentials_malformed',
    status: 400,
    cure: malformed,
    make: authorization(() => 'Bearer '),
  },
  {
    done: 'two headers',
    code: 'credentials_malformed',
    status: 400,
    cure: malformed,
    make: authorization(({ token, key }) => [token, `ApiKey ${key.encoded}`]),
  },
  {
    done: 'a token that was read from a file with its line break',
    code: 'credentials_malformed',
    status: 400,
    cure: malformed,
    make: (world) =>
      withVerifier(world, (verifier) => {
        const app = express();
        app.use(esauth(verifier, { credential: () => `${world.token}\n` }));
        return ask(app);
      }),
  },
  {
    done: 'the answer that made a key, pasted',
    code: 'credentials_malformed',
    status: 400,
    cure: malformed,
    make: authorization(({ key }) => `ApiKey ${JSON.stringify(key)}`),
  },
  {
    done: 'an API key as id:api_key',
    code: 'credentials_malformed',
    status: 400,
    cure: encoded,
    make: authorization(({ key }) => `ApiKey ${key.id}:${key.api_key}`),
  },
  {
    done: 'the secret of an API key alone',
    code: 'credentials_invalid',
    status: 401,
    cure: notAccepted,
    make: authorization(({ key }) => `ApiKey ${key.api_key}`),
  },
  {
    done: 'an API key as a Bearer token',
    code: 'ESAUTH_KEY_AS_BEARER',
    status: 401,
    cure: 'keys go as Authorization: ApiKey ‹encoded›',
    make: authorization(({ key }) => `Bearer ${key.encoded}`),
  },
  {
    done: 'a user name and password where Basic is not enabled',
    code: 'ESAUTH_BASIC_OFF',
    status: 401,
    cure: "set schemes: ['Bearer', 'ApiKey', 'Basic']",
    make: authorization(() => `Basic ${Buffer.from('elastic:changeme').toString('base64')}`),
  },
  {
    done: 'a JWT of a realm that wants a shared secret, which is not configured',
    code: 'ESAUTH_NO_CLIENT_AUTHENTICATION',
    status: 401,
    cure: 'set the option clientAuthentication to its secret',
    make: async () => {
      const key = rsaKey();
      const claims = { iss: 'https://issuer.example', aud: 'api', sub: 'alice' };
      const elasticsearch = await startEmulator({
        jwtRealms: [
          {
            allowedIssuer: claims.iss,
            allowedAudiences: [claims.aud],
            pkcJwkset: { keys: [key.jwk] },
            claims: { principal: 'sub' },
            clientAuthentication: { sharedSecret: 'of the clients' },
          },
        ],
      });
      const jwt = await signJwt(key.privateKey, claims, elasticsearch.clock.now());
      const verifier = createVerifier({ nodes: elasticsearch.url });
      const refused = await ask(whoAmI(verifier), { authorization: `Bearer ${jwt}` });
      await verifier.close();
      // It is the cure: with a space in it, as docs/packages/emulator.md has it.
      const shown = createVerifier({ nodes: elasticsearch.url, clientAuthentication: 'of the clients' });
      const taken = await ask(whoAmI(shown), { authorization: `Bearer ${jwt}` });
      await Promise.all([shown.close(), elasticsearch.close()]);
      if (taken.status !== 200) throw new Error(`it is no cure: ${taken.status}`);
      return refused;
    },
  },
  {
    done: 'requireRoles for an API key',
    code: 'ESAUTH_NO_ROLES',
    status: 403,
    cure: 'ask for privileges, with requirePrivileges',
    make: (world) =>
      withVerifier(world, (verifier) => {
        const app = express();
        app.use(esauth(verifier), requireRoles('superuser'));
        return ask(app, { authorization: `ApiKey ${world.key.encoded}` });
      }),
  },
  {
    done: 'CORS middleware after esauth, which refuses the pre-flight',
    code: 'credentials_missing',
    status: 401,
    cure: 'The request has no Authorization header.',
    make: (world) =>
      withVerifier(world, async (verifier) => {
        const preflight = { origin: 'https://app.example', 'access-control-request-method': 'GET' };
        const [late, early] = [express(), express()];
        late.use(esauth(verifier), cors());
        early.use(cors(), esauth(verifier));
        const cured = await ask(early, preflight, { method: 'OPTIONS' });
        if (cured.status !== 204) throw new Error(`it is no cure: ${cured.status}`);
        return ask(late, preflight, { method: 'OPTIONS' });
      }),
  },
  {
    done: 'X-Forwarded-For of a proxy that the application does not trust',
    code: 'ESAUTH_TRUST_PROXY',
    status: 200,
    cure: "set Express's trust proxy, Koa's proxy or Fastify's trustProxy",
    make: calling(({ token }) => ({ authorization: token, 'x-forwarded-for': '203.0.113.7' })),
  },
];
