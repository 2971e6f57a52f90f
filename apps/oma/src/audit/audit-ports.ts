/*
 * What the audit's room needs of its neighbours. composition.ts provides each token; nothing here knows who does.
 */
import type { AuditAnchor } from '@ossea/api-contract';

export interface AuditSettings {
  /** Holds the key that signs anchors. */
  readonly stateDir: string;
  /** Gets the file with the anchors. */
  readonly anchorDir: string;
  readonly applianceId: string;
}
export const AUDIT_SETTINGS = Symbol('AuditSettings');

/** Others that keep anchors for us, each in a place that nobody here can write: the VMAs. */
export interface AnchorKeepers {
  /** Ids of those that can be reached now. */
  here(): Promise<readonly string[]>;
  keep(id: string, anchor: AuditAnchor, signal: AbortSignal): Promise<void>;
}
export const ANCHOR_KEEPERS = Symbol('AnchorKeepers');
