/**
 * The golden exchanges: recorded, documented or derived answers of the real server, by their numbers in the
 * reference. Each says for which releases it holds and what it needs, and is tried at every target that
 * qualifies.
 */

import { describe, test } from 'vitest';
import { targets } from './cluster.js';
import { apiKeyGoldens } from './goldens/api-keys.js';
import { credentialGoldens } from './goldens/credentials.js';
import { documentGoldens } from './goldens/documents.js';
import { applies } from './goldens/golden.js';
import { privilegeGoldens } from './goldens/privileges.js';
import { routingGoldens } from './goldens/routing.js';
import { serviceAccountGoldens } from './goldens/service-accounts.js';
import { tokenGoldens } from './goldens/tokens.js';
import { userGoldens } from './goldens/users.js';

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
