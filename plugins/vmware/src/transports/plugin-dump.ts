import { isMigrationError } from '@ossea/errors';
import type { CallOptions, PluginContext } from '@ossea/plugin-sdk';
import { scrubStderr } from './scrub-stderr.js';
import { faultIn, quoteStderr } from './stderr-faults.js';

const TIMEOUT_MS = 30_000;

/** What a plugin of nbdkit says of itself. */
export type PluginDump = ReadonlyMap<string, string>;

/**
 * Asks nbdkit for a plugin (nbdkit(1), `--dump-plugin`): `key=value` lines. VDDK's plugin starts itself again and
 * may say everything twice, so the last word counts.
 * @returns the facts, or why there are none, for people. Throws `call.aborted`.
 */
export async function dumpPlugin(
  { run }: PluginContext,
  plugin: string,
  parameters: readonly string[],
  call: CallOptions,
): Promise<{ readonly facts: PluginDump } | { readonly because: string }> {
  try {
    const { stdout } = await run.exec(
      { command: 'nbdkit', args: [plugin, ...parameters, '--dump-plugin'], timeoutMs: TIMEOUT_MS },
      call,
    );
    const pairs = stdout.split('\n').flatMap((line) => {
      const at = line.indexOf('=');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : [];
    });
    return { facts: new Map(pairs) };
  } catch (error) {
    if (!isMigrationError(error) || error.code === 'call.aborted') throw error;
    if (error.code === 'process.missing')
      return { because: 'nbdkit is not installed on this appliance: install the package "nbdkit".' };
    const said = scrubStderr(error.cause instanceof Error ? error.cause.message : error.message);
    const fault = faultIn(said);
    const means = fault?.means ?? `nbdkit cannot load its plugin "${plugin}"`;
    return { because: `${means}. It said: ${quoteStderr(said, fault)}` };
  }
}

/** Whether a version, `1.42.3`, is at least another one, part by part. */
export function isAtLeast(version: string, wanted: readonly number[]): boolean {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  for (const [index, part] of wanted.entries()) {
    const difference = (parts[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
