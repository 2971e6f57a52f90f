import { asMigrationError } from '@ossea/errors';
import type { CallOptions, PluginContext } from '@ossea/plugin-sdk';

const PROBE_BYTES = 65_536;
const PROBE_TIMEOUT_MS = 30_000;

/**
 * Whether an NBD export answers for its first bytes. The filter of a snapshot that broke refuses everything, and
 * says so nowhere else.
 */
export async function canBeRead(
  context: PluginContext,
  socketPath: string,
  exportName: string,
  { signal }: CallOptions,
): Promise<boolean> {
  const node = { driver: 'nbd', server: { type: 'unix', path: socketPath }, export: exportName };
  const args = ['map', '--output=json', `--max-length=${PROBE_BYTES}`, `json:${JSON.stringify(node)}`];
  try {
    await context.run.exec({ command: 'qemu-img', args, timeoutMs: PROBE_TIMEOUT_MS }, { signal });
    return true;
  } catch (thrown) {
    const error = asMigrationError(thrown);
    if (error.code === 'process.failed') return false;
    throw error;
  }
}
