// A denial as a verifier makes it, for tests that need no verifier.

import type { Denial, RejectionCode } from '@esauth/core';
import { createDenials } from '../../packages/core/src/values/denial.js';
import { rejected } from '../../packages/core/src/values/verdict.js';

export function denied(code: RejectionCode): Denial {
  return createDenials(['Bearer', 'ApiKey'], { realm: 'elasticsearch' })(rejected(code));
}
