/**
 * The golden exchanges: recorded, documented or derived answers of the real server, by their numbers in the
 * reference. Each says for which releases it holds and what it needs, and is tried at every target that
 * qualifies.
 */

import { describe, test } from 'vitest';
import { targets } from '../cluster.js';
import { apiKeyGoldens } from './api-keys.js';
import { credentialGoldens } from './credentials.js';
import { documentGoldens } from './documents.js';
import { applies } from './golden.js';
import { privilegeGoldens } from './privileges.js';
import { routingGoldens } from './routing.js';
import { serviceAccountGoldens } from './service-accounts.js';
import { tokenGoldens } from './tokens.js';
import { userGoldens } from './users.js';

const goldens = [
  ...credentialGoldens,
  ...tokenGoldens,
  ...apiKeyGoldens,
  ...serviceAccountGoldens,
  ...userGoldens,
  ...privilegeGoldens,
  ...routingGoldens,
  ...documentGoldens,
];

for (const target of targets) {
  describe(target.name, () => {
    for (const golden of goldens.filter((candidate) => applies(candidate, target))) {
      test(`${golden.id} ${golden.about}`, async () => {
        const cluster = await target.open(golden.emulator);
        try {
          await golden.play(cluster);
        } finally {
          await cluster.close();
        }
      });
    }
  });
}
