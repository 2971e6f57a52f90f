import { DEFAULT_LIMITS, } from '@ossea/copy-engine';
import { loadNativeEngine, nativeUnavailableReason } from '@ossea/nbd-native';
/** The engine under test; these specs are about nothing else, so without it they fail and say why. */
export function nativeEngine() {
    const engine = loadNativeEngine();
    if (!engine)
        throw new Error(nativeUnavailableReason());
    return engine;
}
export function copyRequest(ends, sizeBytes, journalPath, more = {}) {
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
export const never = new AbortController().signal;
//# sourceMappingURL=engine.js.map