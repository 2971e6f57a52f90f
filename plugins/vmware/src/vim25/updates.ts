import type { CallOptions } from '@ossea/plugin-sdk';
import type { ObjectUpdate, UpdateSet } from './generated/types.js';
import { lacksSession, type MissingPath } from './property-paths.js';
import { leave, mayStartAgain } from './property-reader.js';
import { refKey, type ManagedObjectReference } from './references.js';
import { SessionReplaced, type VimClient } from './vim-client.js';
import { VimFault } from './vim-fault.js';

export interface WatchTarget {
  readonly obj: ManagedObjectReference;
  readonly paths: readonly string[];
}

/** An object after a change. */
export interface WatchedObject {
  readonly obj: ManagedObjectReference;
  /** All properties that are watched, as they are now, and not only those that have changed. */
  readonly props: Readonly<Record<string, unknown>>;
  readonly missing: readonly MissingPath[];
  /** Whether the object does not exist any more. */
  readonly gone: boolean;
}

/** Less than what firewalls and proxies on the way let a silent connection live. */
const MAX_WAIT_SECONDS = 60;

/**
 * Follows properties of objects: gives each object as it is now, and again after every change, until the caller stops.
 * It has a property collector of its own, and makes a new one when the session is replaced; the objects come again then.
 * Source: vSphere Web Services API reference, PropertyCollector.WaitForUpdatesEx.
 * Throws as `VimClient.call` does.
 */
export async function* watchProperties(
  client: VimClient,
  targets: readonly WatchTarget[],
  call: CallOptions,
  { maxWaitSeconds = MAX_WAIT_SECONDS }: { readonly maxWaitSeconds?: number } = {},
): AsyncGenerator<WatchedObject, void, undefined> {
  if (targets.length === 0) return;
  for (let starts = 1; ; starts += 1) {
    try {
      for await (const object of watchOnce(client, targets, call, maxWaitSeconds)) {
        starts = 0;
        yield object;
      }
    } catch (error) {
      mayStartAgain(error, starts);
    }
  }
}

/** With one collector, in one session. Throws `SessionReplaced` when either is gone. */
async function* watchOnce(
  client: VimClient,
  targets: readonly WatchTarget[],
  call: CallOptions,
  maxWaitSeconds: number,
): AsyncGenerator<WatchedObject, void, undefined> {
  const { session } = client;
  const bound = { signal: call.signal, session };
  const root = client.content.propertyCollector;
  const collector = await client.call('CreatePropertyCollector', root, {}, bound);
  try {
    for (const { obj, paths } of targets) {
      const spec = {
        propSet: [{ type: obj.type, pathSet: paths }],
        objectSet: [{ obj, skip: false }],
        reportMissingObjectsInResults: true,
      };
      await client.call('CreateFilter', collector, { spec, partialUpdates: false }, bound);
    }
    const known = new Map<string, WatchedObject>();
    let version = '';
    for (;;) {
      const args = { version, options: { maxWaitSeconds } };
      const updates = await client
        .call('WaitForUpdatesEx', collector, args, bound)
        .catch((fault: unknown) => {
          // the server has dropped what it knew of this collector's answers: it tells everything again
          if (fault instanceof VimFault && fault.is('InvalidCollectorVersion'))
            return { $type: 'UpdateSet', version: '' };
          throw isAbout(fault, collector) ? new SessionReplaced() : fault;
        });
      // nothing has changed within the time; one that was truncated goes on with the next call
      if (!updates) continue;
      ({ version } = updates);
      for (const object of merge(known, updates)) {
        if (lacksSession(object.missing)) {
          await client.renew(session, call);
          throw new SessionReplaced();
        }
        yield object;
      }
    }
  } finally {
    await leave(session, (options) => client.call('DestroyPropertyCollector', collector, {}, options));
  }
}

function isAbout(fault: unknown, { value }: ManagedObjectReference): boolean {
  if (!(fault instanceof VimFault && fault.is('ManagedObjectNotFound'))) return false;
  return (fault.detail as { obj?: ManagedObjectReference } | undefined)?.obj?.value === value;
}

/** The objects that an answer is about, each once, as they are after it. */
function merge(known: Map<string, WatchedObject>, { filterSet = [] }: UpdateSet): WatchedObject[] {
  const changed = new Map<string, WatchedObject>();
  for (const { objectSet = [], missingSet = [] } of filterSet) {
    for (const { obj } of missingSet) changed.set(refKey(obj), { obj, props: {}, missing: [], gone: true });
    for (const update of objectSet) {
      const key = refKey(update.obj);
      const object = changedBy(update, changed.get(key) ?? known.get(key));
      changed.set(key, object);
      known.set(key, object);
    }
  }
  return [...changed.values()];
}

function changedBy(update: ObjectUpdate, before: WatchedObject | undefined): WatchedObject {
  const { kind, obj, changeSet = [], missingSet = [] } = update;
  const props: Record<string, unknown> = kind === 'enter' ? {} : { ...before?.props };
  for (const { name, op, val } of changeSet) {
    if ((op === 'assign' || op === 'add') && val !== undefined) props[name] = val;
    else delete props[name];
  }
  const missing = missingSet.map(({ path, fault }) => ({ path, fault: VimFault.of(fault) }));
  return { obj, props, missing, gone: kind === 'leave' };
}
