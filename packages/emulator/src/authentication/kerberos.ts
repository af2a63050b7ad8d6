/**
 * A Kerberos realm that knows its tickets from the start. Real tickets come from a key distribution centre;
 * here each is configured, with the user for whom it stands.
 */

import { type Digest, digest } from '../identities/secrets.js';
import type { Realm, User } from '../identities/user.js';

/** What a ticket leads to. */
export type TicketResult =
  | {
      readonly kind: 'accepted';
      readonly user: User;
      /** Base64, for a client that wants to know who it talks to. */
      readonly responseToken: string | undefined;
    }
  /** The handshake needs another round trip, with this token in Base64. */
  | { readonly kind: 'continue'; readonly token: string | undefined };

/** The realm. */
export interface Kerberos {
  readonly realm: Realm;
  readonly isConfigured: boolean;
  authenticate(ticket: Buffer): TicketResult | undefined;
}

/** How a ticket that nobody accepts is called in refusals. */
export const kerberosPrincipal = '<Kerberos Token>';

/** @param tickets what each ticket, in Base64, leads to */
export function createKerberos(tickets: ReadonlyMap<string, TicketResult>): Kerberos {
  const byDigest = new Map<Digest, TicketResult>();
  for (const [ticket, result] of tickets)
    byDigest.set(digest('ticket', Buffer.from(ticket, 'base64')), result);
  return {
    realm: { name: 'kerb1', type: 'kerberos' },
    isConfigured: tickets.size > 0,
    authenticate: (ticket) => byDigest.get(digest('ticket', ticket)),
  };
}
