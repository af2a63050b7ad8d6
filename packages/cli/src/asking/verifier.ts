// A verifier as an application has one, but that it remembers nothing: what it says is what Elasticsearch says now.

import { createVerifier, type Verifier } from '@esauth/core';
import type { Reach } from '../arguments/connection.js';
import { usageOf } from '../arguments/option-words.js';

/**
 * @param clientAuthentication the secret of a JWT realm
 * @throws {UsageError} `invalid_option`
 */
export function openVerifier({ timeoutMs, ...way }: Reach, clientAuthentication?: string): Verifier {
  try {
    return createVerifier({
      ...way,
      schemes: ['Bearer', 'ApiKey', 'Basic'],
      cache: false,
      apiKeyDetails: true,
      // As much as a node reads.
      maxHeaderLength: 15_872,
      upstream: { timeoutMs },
      ...(clientAuthentication !== undefined && { clientAuthentication }),
    });
  } catch (error) {
    throw usageOf(error);
  }
}
