// Collects garbage in the process of the tests, so that what is still in use can be measured.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');

/** Only a new context sees the function that the flag adds. */
export const collectGarbage: () => void = runInNewContext('gc');
