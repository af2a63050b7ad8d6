// `req.identity` is no property of a request of Express's but an accessor of what all of them descend from. Nobody
// should notice.

import { esauth, requireIdentity } from '@esauth/express';
import express5, { type Express, type Request } from 'express';
import express4 from 'express4';
import { describe, expect, test } from 'vitest';
import { headers, worldOfJane } from './jane.js';

const nameIn = (holder: object) => Reflect.get(holder, 'identity')?.username;

describe.each([
  ['Express 5', () => express5()],
  ['Express 4', () => express4() as unknown as Express],
])('%s', (_name, create) => {
  let app: Express;
  const world = worldOfJane(() => app as never);
  let other: Express;
  const otherWorld = worldOfJane(() => other as never);
  const seen = async (look: (req: Request) => unknown) => {
    app.get('/', (req, res) => void res.json([look(req)]));
    return (await world.get('/', headers)).json;
  };

  test('is not written to a request, but stands there, and in what is made from it', async () => {
    app = create();
    app.use(esauth(world.verifier));
    const look = (req: Request) => [nameIn(req), nameIn(Object.create(req)), Object.hasOwn(req, 'identity')];
    expect(await seen(look)).toEqual([['jane', 'jane', false]]);
  });

  test('stands there in an application that is mounted, and after it', async () => {
    app = create();
    const mounted = create();
    const inside: unknown[] = [];
    mounted.use(esauth(world.verifier), (req, _res, next) => {
      inside.push(nameIn(req));
      next();
    });
    app.use(mounted);
    expect(await seen(nameIn)).toEqual(['jane']);
    expect(inside).toEqual(['jane']);
  });

  test('does not stand in another application, nor on a request before it was let in', async () => {
    app = create();
    app.use(esauth(world.verifier));
    expect(await seen(nameIn)).toEqual(['jane']);
    other = create();
    const before: unknown[] = [];
    other.use((req, _res, next) => {
      before.push(nameIn(req));
      next();
    });
    other.get('/open', (req, res) => void res.json([nameIn(req)]));
    other.get('/', esauth(otherWorld.verifier), (req, res) => void res.json([nameIn(req)]));
    expect((await otherWorld.get('/open', headers)).json).toEqual([null]);
    expect((await otherWorld.get('/', headers)).json).toEqual(['jane']);
    expect(before).toEqual([undefined, undefined]);
  });

  test('gives way to what somebody writes there, and takes the place of what he wrote before', async () => {
    app = create();
    app.use(esauth(world.verifier), (req, _res, next) => {
      Object.assign(req, { identity: { username: 'his' } });
      next();
    });
    app.get('/later', esauth(world.verifier), (req, res) => void res.json([nameIn(req)]));
    expect(await seen((req) => [nameIn(req), Object.keys(req).includes('identity')])).toEqual([
      ['his', true],
    ]);
    expect((await world.get('/later', headers)).json).toEqual(['jane']);
  });

  test('stands there beside the one that a second gate shows under another name', async () => {
    app = create();
    app.use(esauth(world.verifier), esauth(world.verifier, { property: 'caller' }), requireIdentity());
    const both = (req: Request) => [nameIn(req), Reflect.get(req, 'caller')?.username];
    expect(await seen(both)).toEqual([['jane', 'jane']]);
  });
});

describe('without Express', () => {
  const made: unknown[] = [];
  const world = worldOfJane(() => (req, res) => {
    esauth(world.verifier)(req, res, () => {
      made.push(Object.hasOwn(req, 'identity'), nameIn(req));
      res.end('[]');
    });
  });

  test('it is written to the request', async () => {
    await world.get('/', headers);
    expect(made).toEqual([true, 'jane']);
  });
});
