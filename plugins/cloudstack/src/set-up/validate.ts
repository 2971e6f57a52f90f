import type { CallOptions, Logger, SetUpFinding } from '@ossea/plugin-sdk';
import type { CloudstackClient } from '../client/index.js';
import type { Credentials, Selection } from '../settings.js';
import { APPLIANCE_CHECKS } from './checks/appliance-checks.js';
import { CAPACITY_CHECKS, dataDisksOf } from './checks/capacity-checks.js';
import { skipped, type Check } from './checks/check.js';
import { CHOICE_CHECKS } from './checks/choice-checks.js';
import { ENDPOINT_CHECKS } from './checks/endpoint-checks.js';
import { gatherFacts } from './facts.js';
import { tryScratchVolume } from './scratch-volume.js';

export interface Given {
  readonly client: CloudstackClient;
  readonly credentials: Credentials;
  readonly selection: Selection;
  readonly log: Logger;
  /** Milliseconds before a trial volume that did not detach is asked for again. */
  readonly detachAgainMs?: number;
}

/** Every check that needs facts only, in the order in which people read them. */
export const CHECKS: readonly Check[] = [
  ...ENDPOINT_CHECKS,
  ...APPLIANCE_CHECKS,
  ...CHOICE_CHECKS,
  ...CAPACITY_CHECKS,
];

const TRIAL = { check: 'trial-with-a-volume', title: 'A volume can be attached, written and detached' };
/** Without these the trial fails for what is said already, or touches a machine that is not the appliance. */
const BEFORE_THE_TRIAL: ReadonlySet<string> = new Set([
  'zone-is-available',
  'appliance-is-this-machine',
  'appliance-is-in-the-zone',
  'appliance-belongs-to-the-account',
  'appliance-has-no-vm-snapshots',
  'disk-offering-takes-any-size',
  'appliance-has-free-slots',
]);

/**
 * Checks a selection by what CloudStack tells of it, and then by doing with a small volume what a replication does.
 * @returns what each check has found, passed ones too. Throws as `gatherFacts` does.
 */
export async function validate(given: Given, options: CallOptions): Promise<readonly SetUpFinding[]> {
  const { client, credentials, selection } = given;
  const facts = await gatherFacts(client, credentials, selection, options);
  const findings = CHECKS.map(({ check, title, of }) => ({ check, title, ...of(facts) }));
  const inTheWay = findings.filter(({ check, outcome }) => outcome === 'fail' && BEFORE_THE_TRIAL.has(check));
  const trial =
    inTheWay.length > 0
      ? skipped(
          `It was not tried, because something before it fails: ${inTheWay.map(({ title }) => `"${title}"`).join(', ')}.`,
          'Put that right first.',
        )
      : await tryScratchVolume({ ...given, dataDisks: dataDisksOf(facts) }, options);
  return [...findings, { ...TRIAL, ...trial }];
}
