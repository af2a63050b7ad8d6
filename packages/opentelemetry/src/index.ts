// For applications: observing a verifier.

export type { Observation, ObserveOptions } from './observe.js';
export { observe } from './observe.js';
