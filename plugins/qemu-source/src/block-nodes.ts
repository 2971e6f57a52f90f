import { MigrationError, asMigrationError } from '@ossea/errors';
import { QmpClient, isQmpRefusal } from '@ossea/qemu';
import type { CallOptions } from '@ossea/plugin-sdk';
import type { KnownBitmap } from './bitmaps.js';

const GONE_TIMEOUT_MS = 60_000;
const POLL_MS = 20;

/** What QEMU, or a storage daemon, says of a block node. */
export interface BlockNode {
  /** Whether its image can keep bitmaps while nobody has it open. */
  readonly keepsBitmaps: boolean;
  readonly bitmaps: readonly KnownBitmap[];
}

interface NamedNode {
  readonly 'node-name': string;
  readonly drv: string;
  readonly image?: { readonly 'format-specific'?: { readonly data?: { readonly compat?: string } } };
  readonly 'dirty-bitmaps'?: readonly {
    readonly name?: string;
    readonly count: number;
    readonly granularity: number;
    readonly recording: boolean;
    readonly inconsistent?: boolean;
  }[];
}

/** All block nodes, by their names. */
export async function blockNodes(qmp: QmpClient): Promise<ReadonlyMap<string, BlockNode>> {
  const nodes = await qmp.execute<readonly NamedNode[]>('query-named-block-nodes', { flat: true });
  return new Map(
    nodes.map((node) => [
      node['node-name'],
      {
        // the first version of the format has no place for them
        keepsBitmaps: node.drv === 'qcow2' && node.image?.['format-specific']?.data?.compat !== '0.10',
        bitmaps: (node['dirty-bitmaps'] ?? []).flatMap((bitmap) => {
          const { name, count, granularity, recording, inconsistent = false } = bitmap;
          if (name === undefined) return [];
          const complete = recording && !inconsistent;
          return [{ name, complete, granularityBytes: granularity, dirtyBytes: count }];
        }),
      },
    ]),
  );
}

/** A node that must be there. Throws `snapshot.failed`. */
export function nodeOf(nodes: ReadonlyMap<string, BlockNode>, name: string): BlockNode {
  const node = nodes.get(name);
  if (node) return node;
  throw new MigrationError(
    'snapshot.failed',
    `The running machine has no block node "${name}": it was started otherwise than its definition says now. Stop it and start it again.`,
  );
}

/** Whether QEMU did it; that the thing is not there is no failure. */
export async function forgiving(command: Promise<unknown>): Promise<boolean> {
  try {
    await command;
    return true;
  } catch (thrown) {
    if (isQmpRefusal(thrown, /not found|not running|Failed to find|Cannot find/i)) return false;
    throw asMigrationError(thrown);
  }
}

export async function removeBitmap(qmp: QmpClient, node: string, name: string): Promise<void> {
  await forgiving(qmp.execute('block-dirty-bitmap-remove', { node, name }));
}

/** The ids of the NBD exports that are there, those on their way out included. */
export async function exportIds(qmp: QmpClient): Promise<ReadonlySet<string>> {
  const exports = await qmp.execute<readonly { readonly id: string }[]>('query-block-exports');
  return new Set(exports.map(({ id }) => id));
}

/** Takes an export away, whoever reads from it, and comes back when nothing holds its node any more. */
export async function removeExport(qmp: QmpClient, id: string): Promise<void> {
  if (!(await exportIds(qmp)).has(id)) return;
  try {
    await qmp.execute('block-export-del', { id, mode: 'hard' });
  } catch (thrown) {
    if (!isQmpRefusal(thrown, /not found|already shutting down/i)) throw thrown;
  }
  const deadline = performance.now() + GONE_TIMEOUT_MS;
  while ((await exportIds(qmp)).has(id)) {
    if (performance.now() > deadline)
      throw new MigrationError('process.not-ready', `QEMU does not end the export "${id}".`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** A monitor for one piece of work. */
export async function withMonitor<T>(
  path: string,
  { signal }: CallOptions,
  work: (qmp: QmpClient) => Promise<T>,
): Promise<T> {
  await using qmp = await QmpClient.connect(path, { signal });
  return await work(qmp);
}
