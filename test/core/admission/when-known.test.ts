import { EventEmitter } from 'node:events';
import { type ResponseLike, whenKnown } from '@esauth/core';
import { expect, test } from 'vitest';
import { openableGate } from '../../support/gate.js';

class FakeResponse extends EventEmitter implements ResponseLike {
  closed = false;
  close(): void {
    this.closed = true;
    this.emit('close');
  }
}

/** A question that is answered when `open` is called, or ends when its signal fires. */
function held() {
  const { opened, open } = openableGate();
  const ask = (gone?: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      opened.then(() => resolve('answer'), reject);
      gone?.addEventListener('abort', () => reject(gone.reason));
    });
  return { ask, open };
}

test('what is known is passed on in the same turn', () => {
  const response = new FakeResponse();
  expect(whenKnown('known', response, (outcome) => `${outcome}, and used`)).toBe('known, and used');
  expect(response.listenerCount('close')).toBe(0);
});

test('what is asked is passed on when it is answered, and the response is watched no longer', async () => {
  const response = new FakeResponse();
  const { ask, open } = held();
  const result = whenKnown(ask, response, (outcome) => [outcome, response.listenerCount('close')]);
  expect(response.listenerCount('close')).toBe(1);
  open();
  expect(await result).toEqual(['answer', 0]);
});

test('a client that leaves ends the question, and nothing follows', async () => {
  const response = new FakeResponse();
  const heard: unknown[] = [];
  const note = (what: unknown) => heard.push(what);
  const result = whenKnown(held().ask, response, note, note);
  response.close();
  expect([await result, heard, response.listenerCount('close')]).toEqual([undefined, [], 0]);
});

test('nothing follows either when the answer comes just as the client leaves', async () => {
  const response = new FakeResponse();
  const heard: unknown[] = [];
  const { opened, open } = openableGate();
  const result = whenKnown(
    () => opened,
    response,
    () => heard.push('answer'),
  );
  open();
  response.close();
  expect([await result, heard]).toEqual([undefined, []]);
});

test.each<[string, Partial<ResponseLike>]>([
  ['over HTTP/1', { closed: true }],
  ['over HTTP/2', { stream: { closed: true } }],
])('for a client that has already left, nothing is asked: %s', async (_protocol, state) => {
  const asked: unknown[] = [];
  const response = Object.assign(new EventEmitter(), state);
  const ask = async (gone?: AbortSignal) => void asked.push(gone);
  expect([await whenKnown(ask, response, (outcome) => outcome), asked]).toEqual([undefined, []]);
});

test('what asking throws, and what follows after it, goes to whoever hears of failures, else to the promise', async () => {
  const broken = new Error('broken');
  const throwing = () => {
    throw broken;
  };
  for (const [ask, then] of [
    [() => Promise.reject(broken), () => {}],
    [async () => 'answer', throwing],
  ] as const) {
    const heard: unknown[] = [];
    await whenKnown(ask, new FakeResponse(), then, (error) => heard.push(error));
    expect(heard).toEqual([broken]);
    await expect(whenKnown(ask, new FakeResponse(), then)).rejects.toBe(broken);
  }
});
