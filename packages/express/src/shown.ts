// Where Express's users look for an identity: `req.identity`. Express gives every request a hidden class of its own
// (`setPrototypeOf` in its router), so that V8 copies it whole for a property that is written there: 16 000 instructions
// a request. An accessor on what all requests descend from costs a look at the prototype.

import { shownIdentity } from '@esauth/core';

interface Shown {
  readonly ofAll: object;
  readonly property: string;
}

/** One, but where a process has several Expresses, or several names. */
const shown: Shown[] = [];

/** Whether `property` of a request is an accessor of ours. */
export function isShown(request: object, property: string): boolean {
  for (const each of shown) {
    if (each.property === property && descendsFrom.call(each.ofAll, request))
      return isFree(request, property);
  }
  const ofAll = ofAllRequests(request);
  if (ofAll === undefined || property in ofAll || !Object.isExtensible(ofAll)) return false;
  Object.defineProperty(ofAll, property, accessor(property));
  shown.push({ ofAll, property });
  return isFree(request, property);
}

const descendsFrom = Object.prototype.isPrototypeOf;

/** Whether nobody has put something else there, in front of the accessor. */
function isFree(request: object, property: string): boolean {
  return !Object.hasOwn(request, property);
}

/**
 * What the requests of all applications descend from: each application's `request` has it as its prototype and `app` as
 * a property, or that of the application that it is mounted on (`createApplication` in `lib/express.js`, and `mount` in
 * `lib/application.js`, of 4.22 and 5.3). `undefined` where there is no Express.
 */
function ofAllRequests(request: object): object | undefined {
  let ofApplication: object | null = Object.getPrototypeOf(request);
  let found: object | undefined;
  while (ofApplication !== null && Object.hasOwn(ofApplication, 'app')) {
    ofApplication = Object.getPrototypeOf(ofApplication);
    found = ofApplication ?? undefined;
  }
  return found;
}

function accessor(property: string): PropertyDescriptor {
  return {
    configurable: true,
    get(this: object) {
      return shownIdentity(this, property);
    },
    // Whoever writes has it as if there were no accessor.
    set(this: object, value: unknown) {
      Object.defineProperty(this, property, { value, writable: true, enumerable: true, configurable: true });
    },
  };
}
