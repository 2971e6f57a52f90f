import { throwIfAborted } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import type { LocalizedMethodFault } from './generated/types.js';
import type { Properties } from './property-paths.js';
import { readProperties } from './property-reader.js';
import type { ManagedObjectReference } from './references.js';
import { untilEither } from './signals.js';
import { watchProperties, type WatchedObject } from './updates.js';
import type { VimClient } from './vim-client.js';
import { TaskVanished, VimFault } from './vim-fault.js';

export interface TaskOptions {
  /** Told of every change; per cent, where the server says it. */
  readonly onProgress?: (percent: number | undefined) => void;
  /** Whether an abort also cancels the task at the server; it goes on otherwise. */
  readonly cancelOnAbort?: boolean;
}

const TASK_PATHS = ['info.state', 'info.progress', 'info.error', 'info.result'];
const CANCEL_TIMEOUT_MS = 10_000;

/**
 * Waits for the end of a task and gives its result: the new snapshot of `CreateSnapshot_Task`, nothing of many others.
 * Source: vSphere Web Services API reference, TaskInfo.
 * Throws the `VimFault` that the task ended with; `TaskVanished` when the server does not know it any more, and then
 * only a look at the object tells what it did; or as `VimClient.call` does.
 */
export async function waitForTask(
  client: VimClient,
  task: ManagedObjectReference,
  call: CallOptions,
  { onProgress, cancelOnAbort = false }: TaskOptions = {},
): Promise<unknown> {
  try {
    for await (const { props, gone } of watchProperties(client, [{ obj: task, paths: TASK_PATHS }], call)) {
      if (gone) throw vanished(task);
      const percent = props['info.progress'];
      onProgress?.(typeof percent === 'number' ? percent : undefined);
      if (props['info.state'] === 'error') throw faultOf(props);
      if (props['info.state'] === 'success')
        return props['info.result'] ?? (await resultOf(client, task, call));
    }
  } catch (fault) {
    if (call.signal.aborted && cancelOnAbort) await cancel(client, task);
    throwIfAborted(call.signal);
    throw isGone(fault, task) ? vanished(task) : fault;
  }
  throw vanished(task);
}

/**
 * Waits until properties of an object are as a caller wants them.
 * @param options.timeoutMs after which it gives up.
 * Gives whether they came to be so. Throws as `VimClient.call` does, `ManagedObjectNotFound` for an object that is gone.
 */
export async function waitUntil<Type extends string, const Path extends string>(
  client: VimClient,
  obj: ManagedObjectReference<Type>,
  paths: readonly Path[],
  predicate: (props: Properties<Type, Path>) => boolean,
  { timeoutMs, signal }: CallOptions & { readonly timeoutMs: number },
): Promise<boolean> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    return await untilEither(signal, late.signal, async (either) => {
      const found = await first(
        watchProperties(client, [{ obj, paths }], { signal: either }),
        ({ props, gone }) => {
          if (gone) throw new VimFault('ManagedObjectNotFound', { $type: 'ManagedObjectNotFound', obj });
          return predicate(props as Properties<Type, Path>);
        },
      );
      return found !== undefined;
    });
  } catch (fault) {
    throwIfAborted(signal);
    if (late.signal.aborted) return false;
    throw fault;
  } finally {
    clearTimeout(timer);
  }
}

async function first(
  objects: AsyncIterable<WatchedObject>,
  wanted: (object: WatchedObject) => boolean,
): Promise<WatchedObject | undefined> {
  for await (const object of objects) if (wanted(object)) return object;
  return undefined;
}

/** Some servers tell of the end of a task first and of its result with the next update. */
async function resultOf(
  client: VimClient,
  task: ManagedObjectReference,
  call: CallOptions,
): Promise<unknown> {
  const { props } = await readProperties(client, task, ['info.result'], call);
  return props['info.result'];
}

function faultOf(props: WatchedObject['props']): VimFault {
  const error = props['info.error'] as LocalizedMethodFault | undefined;
  return error
    ? VimFault.of(error)
    : new VimFault('SystemError', undefined, 'The task has failed; vSphere does not say why.');
}

async function cancel(client: VimClient, task: ManagedObjectReference): Promise<void> {
  // a task that cannot be cancelled, or has ended, goes its way
  await client
    .call('CancelTask', task, {}, { signal: AbortSignal.timeout(CANCEL_TIMEOUT_MS) })
    .catch(() => undefined);
}

/** Whether a call has failed because the task is unknown, and not because the task itself failed so. */
function isGone(fault: unknown, { value }: ManagedObjectReference): boolean {
  if (!(fault instanceof VimFault && fault.is('ManagedObjectNotFound'))) return false;
  return (fault.detail as { obj?: ManagedObjectReference } | undefined)?.obj?.value === value;
}

function vanished(task: ManagedObjectReference): TaskVanished {
  const detail = { $type: 'ManagedObjectNotFound', obj: task };
  return new TaskVanished('ManagedObjectNotFound', detail, 'vSphere does not know the task any more.');
}
