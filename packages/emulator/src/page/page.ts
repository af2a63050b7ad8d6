/**
 * A page to look at an emulator and to move its time, end its credentials, and break and mend it: what is
 * under `/_esauth/`. It is outside of what is emulated: no fault strikes it, and the log of requests does
 * not have it. The files that a browser gets are in the package's folder `page/`.
 */

import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { perform } from './actions.js';
import { actionProblem, foreignProblem, type Visit, visitProblem } from './guard.js';
import { type PageParts, view } from './view.js';

/** The page of an emulator. */
export interface Page {
  /** @returns whether the request is for the page; it is then answered */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const base = '/_esauth';
const maxActionBytes = 4096;

const files: ReadonlyMap<string, { readonly file: string; readonly type: string }> = new Map([
  ['/', { file: 'index.html', type: 'text/html; charset=utf-8' }],
  ['/page.css', { file: 'page.css', type: 'text/css; charset=utf-8' }],
  ['/page.js', { file: 'page.js', type: 'text/javascript; charset=utf-8' }],
  ['/icon.svg', { file: 'icon.svg', type: 'image/svg+xml' }],
]);

// Nothing but the page's own files, no inline script or style, no frame around it, and no text that could
// become markup: the script never needs to.
const protections = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Makes the page. Its token is always random, also where ids and secrets are seeded. */
export function createPage(parts: PageParts): Page {
  const token = randomBytes(24).toString('base64url');

  function get(path: string, visit: Visit): Reply {
    if (path === '') return { ...text(308, ''), headers: { Location: `${base}/` } };
    if (path === '/state') {
      const problem = foreignProblem(visit);
      return problem === undefined ? json(200, view(parts)) : text(403, problem);
    }
    const found = files.get(path);
    if (found === undefined) return text(404, 'There is nothing here.');
    const body = readFileSync(join(__dirname, '../../page', found.file), 'utf8');
    return { status: 200, type: found.type, body: body.replace('{{token}}', token) };
  }

  async function reply(request: IncomingMessage, path: string): Promise<Reply> {
    const { headers, socket, method } = request;
    const visit = { remoteAddress: socket.remoteAddress, encrypted: 'encrypted' in socket, headers };
    const problem = visitProblem(visit);
    if (problem !== undefined) return text(403, problem);
    if (path !== '/act') {
      return method === 'GET' || method === 'HEAD' ? get(path, visit) : wrongMethod('GET, HEAD');
    }
    if (method !== 'POST') return wrongMethod('POST');
    const notOurs = actionProblem(visit, token);
    if (notOurs !== undefined) return json(403, { problem: notOurs });
    const body = await readText(request);
    if (body === undefined) return json(413, { problem: 'That is too long.' });
    const outcome = perform(parts, body);
    return json('done' in outcome ? 200 : 400, outcome);
  }

  return {
    answer(request, response) {
      const { url = '' } = request;
      // Nearly every request is for somebody else.
      if (!url.startsWith(base)) return false;
      const path = url.slice(base.length).replace(/\?.*$/s, '');
      if (path !== '' && !path.startsWith('/')) return false;
      reply(request, path).then(
        ({ status, type, body, headers }) => {
          const length = { 'Content-Length': Buffer.byteLength(body) };
          response
            .writeHead(status, { ...protections, 'Content-Type': type, ...length, ...headers })
            .end(body);
        },
        (error: Error) => {
          // A visitor who left while sending is no news; a file that is gone is.
          if (request.errored === null) process.emitWarning(error);
          response.writeHead(500).end();
        },
      );
      return true;
    },
  };
}

function text(status: number, body: string): Reply {
  return { status, type: 'text/plain; charset=utf-8', body };
}

function json(status: number, body: object): Reply {
  return { status, type: 'application/json', body: JSON.stringify(body) };
}

function wrongMethod(allowed: string): Reply {
  return { ...text(405, `Only ${allowed} is answered here.`), headers: { Allow: allowed } };
}

/** The body, or `undefined` if it is longer than any action. */
async function readText(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= maxActionBytes) chunks.push(chunk);
  }
  return size <= maxActionBytes ? Buffer.concat(chunks).toString() : undefined;
}
