import { ReferenceEngine, type CopyEngine } from '@ossea/copy-engine';
import { MigrationError } from '@ossea/errors';
import { loadNativeEngine, nativeUnavailableReason } from '@ossea/nbd-native';
import type { VmaConfig } from '../config/config.schema.js';

export interface ChosenEngine {
  readonly engine: CopyEngine;
  /** Why it is not the fast one, where nobody has asked for the other. */
  readonly regret?: string;
}

/** The engine that is asked for; `auto` takes the native one where it loads. Throws `config.invalid` where it must and does not. */
export function chooseEngine(wanted: VmaConfig['copying']['engine']): ChosenEngine {
  if (wanted === 'reference') return { engine: new ReferenceEngine() };
  const native = loadNativeEngine();
  if (native) return { engine: native };
  const reason = nativeUnavailableReason() ?? 'The native copy engine cannot be loaded.';
  if (wanted === 'native') throw new MigrationError('config.invalid', `copying.engine: ${reason}`);
  return { engine: new ReferenceEngine(), regret: reason };
}
