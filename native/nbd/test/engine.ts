import {
  DEFAULT_LIMITS,
  type CopyEngine,
  type CopyLimits,
  type CopyRequest,
  type NbdAddress,
} from '@ossea/copy-engine';
import { loadNativeEngine, nativeUnavailableReason } from '@ossea/nbd-native';

/** The engine under test; these specs are about nothing else, so without it they fail and say why. */
export function nativeEngine(): CopyEngine {
  const engine = loadNativeEngine();
  if (!engine) throw new Error(nativeUnavailableReason());
  return engine;
}

export interface Ends {
  readonly source: { readonly address: NbdAddress };
  readonly target: { readonly address: NbdAddress };
}

export function copyRequest(
  ends: Ends,
  sizeBytes: number,
  journalPath: string,
  more: Partial<Omit<CopyRequest, 'limits'>> & { limits?: Partial<CopyLimits> } = {},
): CopyRequest {
  return {
    source: ends.source.address,
    target: ends.target.address,
    sizeBytes,
    work: { kind: 'full', targetIsZero: false },
    journalPath,
    journalIdentity: 'the same copy',
    ...more,
    limits: { ...DEFAULT_LIMITS, checkpointBytes: 4 << 20, ...more.limits },
  };
}

export const never: AbortSignal = new AbortController().signal;
