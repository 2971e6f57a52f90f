import type { z } from 'zod';
import type { PluginContext } from './plugin.js';
import type { CallOptions, Finding } from './values.js';

/**
 * A set-up in three steps for a target whose settings nobody knows by heart: enter the credentials once, choose from
 * what was found, and have the choice tried for real before it is saved. Nobody types an identifier.
 */
export interface GuidedSetUp<Config = unknown, Credentials = unknown, Selection = unknown> {
  /** What step one asks: address and credentials. Draws the form and marks the secrets. */
  readonly credentials: z.ZodType<Credentials>;
  /** What step two chooses: one identifier of a found item per field. */
  readonly selection: z.ZodType<Selection>;
  /**
   * One look at everything there is to choose from. What may not be listed is named with its remedy, and the rest is
   * still given. Throws only where nothing at all can be found: `auth.rejected`, `peer.unreachable`, `peer.untrusted`.
   */
  discover(credentials: Credentials, context: PluginContext, options: CallOptions): Promise<Discovery>;
  /**
   * Tries a selection, in part by doing what a migration will do (a scratch volume); leaves nothing of it behind.
   * @returns every check with what came out, passed ones too. A check that could not be made is `skipped`, with why.
   */
  validate(
    given: { readonly credentials: Credentials; readonly selection: Selection },
    context: PluginContext,
    options: CallOptions,
  ): Promise<readonly SetUpFinding[]>;
  /** The settings of a connection: the credentials with the selection. */
  settingsOf(credentials: Credentials, selection: Selection): Config;
}

export interface Discovery {
  /** The appliance itself, as the target sees it. */
  readonly appliance: FoundAppliance;
  /** Facts about the endpoint and the account, for people: version, account, role, limits. */
  readonly facts: readonly { readonly title: string; readonly value: string }[];
  /** What can be chosen, and what was looked for and could not be listed. */
  readonly resources: readonly DiscoveredResources[];
}

export interface FoundAppliance {
  readonly id?: string;
  readonly name?: string;
  /** How it was found, or why it was not, in one sentence. */
  readonly how: string;
  readonly remedy?: string;
}

/** One kind of resource. */
export interface DiscoveredResources {
  /** kebab-case and plural: `service-offerings`. */
  readonly kind: string;
  readonly title: string;
  /** The field of the selection that takes one of them; without it they are for reading. */
  readonly field?: string;
  readonly items: readonly DiscoveredItem[];
  /** Why this kind could not be listed; `items` holds what was found until then. */
  readonly problem?: { readonly code: string; readonly message: string; readonly remedy: string };
}

export interface DiscoveredItem {
  readonly value: string;
  readonly label: string;
  /** Facts by which a person chooses. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
  /** Why it cannot be chosen, for the account or for this purpose. It is shown, and not hidden. */
  readonly unsuitable?: string;
  /** Whether it is what most would take. At most one of a kind. */
  readonly recommended?: boolean;
}

/** What a check of the set-up found. */
export interface SetUpFinding {
  /** kebab-case, for programs: `disk-offering-takes-any-size`. */
  readonly check: string;
  readonly title: string;
  readonly outcome: 'pass' | 'warning' | 'fail' | 'skipped';
  /** What was seen, with the names that matter. */
  readonly message: string;
  /** What to do about it; there is one for every outcome but `pass`. */
  readonly remedy?: string;
  /** A code of the error table, where a fault was behind it. */
  readonly code?: Finding['code'];
}
