// One thing that is looked at about a node, and how it stands.

import type { State } from '../terminal/report.js';

/** What is looked at, in this order. */
export type StepName =
  | 'name'
  | 'connection'
  | 'tls'
  | 'elasticsearch'
  | 'version'
  | 'security'
  | 'token service'
  | 'API keys'
  | 'licence'
  | 'credential'
  | 'time';

export interface Step {
  readonly step: StepName;
  readonly state: State;
  readonly text: string;
  /** What belongs to it, a line each. */
  readonly details?: readonly string[];
  /** What would make it right. */
  readonly cure?: string;
  /** The same for a script. */
  readonly facts?: Readonly<Record<string, unknown>>;
}
