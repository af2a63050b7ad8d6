/** Golden exchanges about paths, methods, media types and health. */

import { expect } from 'vitest';
import { expectAnswer } from '../cluster.js';
import { type Golden, healthy } from './golden.js';

/** The exchanges of this chapter. */
export const routingGoldens: readonly Golden[] = [
  {
    id: 'G51',
    about: 'cluster health',
    async play(cluster) {
      expectAnswer(await cluster.ask('GET /_cluster/health'), { status: 200, body: healthy(cluster) });
    },
  },
  {
    id: 'G52',
    about: 'a 9.x client at an 8.x server',
    since: [8, 0],
    until: [9, 0],
    async play(cluster) {
      const accept = 'application/vnd.elasticsearch+json; compatible-with=9';
      const response = await cluster.ask('GET /_security/_authenticate', {
        headers: { ...cluster.admin, accept },
      });
      const reason = expect.stringMatching(
        /^Invalid media-type value on headers \[(Accept, Content-Type|Content-Type, Accept)\]$/,
      );
      expectAnswer(response, {
        status: 400,
        body: {
          error: {
            root_cause: [{ type: 'media_type_header_exception', reason }],
            type: 'media_type_header_exception',
            reason,
            caused_by: {
              type: 'status_exception',
              reason: `Accept version must be either version 8 or 7, but found 9. Accept=${accept}`,
            },
          },
          status: 400,
        },
      });
    },
  },
  {
    id: 'G53',
    about: 'a body that is not JSON',
    async play(cluster) {
      const response = await cluster.ask('POST /_security/oauth2/token', {
        headers: { ...cluster.admin, 'content-type': 'text/plain' },
        body: '{"grant_type":"client_credentials"}',
      });
      const error = 'Content-Type header [text/plain] is not supported';
      expectAnswer(response, { status: 406, body: { error, status: 406 } });
    },
  },
  {
    id: 'G54',
    about: 'a wrong method',
    async play(cluster) {
      const response = await cluster.ask('POST /_security/_authenticate');
      const error =
        'Incorrect HTTP method for uri [/_security/_authenticate] and method [POST], allowed: [GET]';
      expectAnswer(response, { status: 405, body: { error, status: 405 } });
      expect(response.header('allow')).toEqual(['GET']);
    },
  },
  {
    id: 'G55',
    about: 'an unknown path',
    async play(cluster) {
      expectAnswer(await cluster.ask('POST /_security/user/_has_no_privileges/at/all'), {
        status: 400,
        body: {
          error: 'no handler found for uri [/_security/user/_has_no_privileges/at/all] and method [POST]',
        },
      });
    },
  },
];
