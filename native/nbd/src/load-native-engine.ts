import type { CopyEngine } from '@ossea/copy-engine';
import { requireAddon, type NativeAddon } from './native-addon.js';
import { NativeEngine } from './native-engine.js';

/**
 * The native copy engine; `undefined` when its addon was not built or cannot be loaded here: then
 * `nativeUnavailableReason` says why, and the reference engine does the same work more slowly.
 */
export function loadNativeEngine(): CopyEngine | undefined {
  const found = tryAddon();
  return typeof found === 'string' ? undefined : new NativeEngine(found);
}

/** Why `loadNativeEngine` has nothing to give; `undefined` when it has. */
export function nativeUnavailableReason(): string | undefined {
  const found = tryAddon();
  return typeof found === 'string' ? found : undefined;
}

function tryAddon(): NativeAddon | string {
  try {
    return requireAddon();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') {
      return 'The native copy engine was not built: install libnbd-dev, libxxhash-dev, cmake and g++, then run "npm run build:native".';
    }
    const message = error instanceof Error ? error.message : String(error);
    return `The native copy engine cannot be loaded: ${message}`;
  }
}
