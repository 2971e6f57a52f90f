import { MigrationError } from '@ossea/errors';
import type { CallOptions } from '@ossea/plugin-sdk';
import type { ObjectContent, PropertyFilterSpec, RetrieveResult, TraversalSpec } from './generated/types.js';
import { lacksSession, retrievedOf, type Retrieved } from './property-paths.js';
import { refKey, type ManagedObjectReference } from './references.js';
import { SessionReplaced, type Draft, type VimClient } from './vim-client.js';
import { VimFault } from './vim-fault.js';

/** How often a read begins anew because its session ended meanwhile. */
const MAX_STARTS = 3;
const PAGE_SIZE = 250;
/** Milliseconds for taking back what a read has left at the server. */
const CLEANUP_TIMEOUT_MS = 10_000;

export interface Wanted<Type extends string, Path extends string> {
  /** Objects of this type and of those that extend it. */
  readonly type: Type;
  /** Where to look, at any depth; the root folder unless told. */
  readonly container?: ManagedObjectReference;
  /** Property paths, `config.hardware.device`. */
  readonly paths: readonly Path[];
  /** Objects in one answer. */
  readonly pageSize?: number;
}

/**
 * All objects of a type below a container, page by page; each comes once. When the session ends meanwhile, the read
 * begins anew in the next one and goes on behind what was given already.
 * Source: vSphere Web Services API reference, PropertyCollector.RetrievePropertiesEx and ViewManager.CreateContainerView.
 * Throws as `VimClient.call` does.
 */
export async function* retrieveObjects<Type extends string, const Path extends string>(
  client: VimClient,
  wanted: Wanted<Type, Path>,
  call: CallOptions,
): AsyncGenerator<Retrieved<Type, Path>, void, undefined> {
  const given = new Set<string>();
  for (let starts = 1; ; starts += 1) {
    try {
      for await (const found of retrieveOnce(client, wanted, call)) {
        const key = refKey(found.obj);
        if (given.has(key)) continue;
        given.add(key);
        yield found;
      }
      return;
    } catch (error) {
      mayStartAgain(error, starts);
    }
  }
}

/**
 * Properties of one object.
 * Throws `VimFault` (`ManagedObjectNotFound` for an object that is gone, `InvalidProperty`), or as `VimClient.call` does.
 */
export async function readProperties<Type extends string, const Path extends string>(
  client: VimClient,
  obj: ManagedObjectReference<Type>,
  paths: readonly Path[],
  call: CallOptions,
): Promise<Retrieved<Type, Path>> {
  const specSet = [{ propSet: [{ type: obj.type, pathSet: paths }], objectSet: [{ obj, skip: false }] }];
  const [found] = await collect<Type, Path>(client, specSet, paths, call);
  if (found) return found;
  throw new VimFault(
    'ManagedObjectNotFound',
    { $type: 'ManagedObjectNotFound', obj },
    'The object does not exist.',
  );
}

/**
 * The same properties of several objects, of one type or of several that all have them. Those that are gone are left
 * out; nothing is asked for none. Throws as `VimClient.call` does.
 */
export async function readMany<Type extends string, const Path extends string>(
  client: VimClient,
  objs: readonly ManagedObjectReference<Type>[],
  paths: readonly Path[],
  call: CallOptions,
): Promise<Retrieved<Type, Path>[]> {
  const unique = [...new Map(objs.map((obj) => [refKey(obj), obj])).values()];
  if (unique.length === 0) return [];
  const types = [...new Set(unique.map(({ type }) => type))];
  const spec: Draft<PropertyFilterSpec> = {
    propSet: types.map((type) => ({ type, pathSet: paths })),
    objectSet: unique.map((obj) => ({ obj, skip: false })),
    reportMissingObjectsInResults: true,
  };
  return collect<Type, Path>(client, [spec], paths, call);
}

async function collect<Type extends string, Path extends string>(
  client: VimClient,
  specSet: readonly Draft<PropertyFilterSpec>[],
  paths: readonly string[],
  call: CallOptions,
): Promise<Retrieved<Type, Path>[]> {
  for (let starts = 1; ; starts += 1) {
    try {
      const all: Retrieved<Type, Path>[] = [];
      for await (const page of pages(client, specSet, paths, PAGE_SIZE, {
        signal: call.signal,
        session: client.session,
      }))
        all.push(...page.map((content) => retrievedOf<Type, Path>(content)));
      return all;
    } catch (error) {
      mayStartAgain(error, starts);
    }
  }
}

async function* retrieveOnce<Type extends string, Path extends string>(
  client: VimClient,
  { type, container, paths, pageSize = PAGE_SIZE }: Wanted<Type, Path>,
  call: CallOptions,
): AsyncGenerator<Retrieved<Type, Path>, void, undefined> {
  const { session } = client;
  const { viewManager, rootFolder } = client.content;
  if (!viewManager) throw new MigrationError('peer.protocol', 'The endpoint has no view manager.');
  const view = await client.call(
    'CreateContainerView',
    viewManager,
    { container: container ?? rootFolder, type: [type], recursive: true },
    { signal: call.signal, session },
  );
  try {
    const toItsObjects: Draft<TraversalSpec> = {
      $type: 'TraversalSpec',
      name: 'view',
      type: 'ContainerView',
      path: 'view',
      skip: false,
    };
    const spec: Draft<PropertyFilterSpec> = {
      propSet: [{ type, pathSet: paths }],
      objectSet: [{ obj: view, skip: true, selectSet: [toItsObjects] }],
    };
    for await (const page of pages(client, [spec], paths, pageSize, { signal: call.signal, session }))
      for (const content of page) yield retrievedOf<Type, Path>(content);
  } finally {
    await leave(session, (options) => client.call('DestroyView', view, {}, options));
  }
}

/** The pages of one answer, all in one session. Throws `SessionReplaced` where that has ended. */
async function* pages(
  client: VimClient,
  specSet: readonly Draft<PropertyFilterSpec>[],
  paths: readonly string[],
  maxObjects: number,
  call: CallOptions & { readonly session: number },
): AsyncGenerator<readonly ObjectContent[], void, undefined> {
  const { propertyCollector } = client.content;
  const options = { maxObjects };
  let page = await client.call('RetrievePropertiesEx', propertyCollector, { specSet, options }, call);
  if (paths.length > 0 && saysNothing(page)) {
    // some servers answer so, and not with a fault, when the session has ended
    await client.keepAlive(call);
    if (client.session !== call.session) throw new SessionReplaced();
  }
  let token = page?.token;
  try {
    while (page) {
      for (const content of page.objects)
        if (lacksSession(retrievedOf(content).missing)) {
          await client.renew(call.session, call);
          throw new SessionReplaced();
        }
      yield page.objects;
      if (token === undefined) return;
      page = await client.call('ContinueRetrievePropertiesEx', propertyCollector, { token }, call);
      token = page.token;
    }
  } finally {
    const left = token;
    if (left !== undefined)
      await leave(call.session, (given) =>
        client.call('CancelRetrievePropertiesEx', propertyCollector, { token: left }, given),
      );
  }
}

function saysNothing(page: RetrieveResult | undefined): boolean {
  return (page?.objects ?? []).every(({ propSet, missingSet }) => !propSet?.length && !missingSet?.length);
}

/**
 * Takes something back that was made in a session, also for a caller who has aborted. That it fails matters to nobody,
 * as it does when that session is over: the server drops all of it with the session.
 */
export async function leave(
  session: number,
  call: (options: CallOptions & { readonly session: number }) => Promise<unknown>,
): Promise<void> {
  await call({ signal: AbortSignal.timeout(CLEANUP_TIMEOUT_MS), session }).catch(() => undefined);
}

/** Throws the error, unless it is that the session was replaced and that has not happened too often. */
export function mayStartAgain(error: unknown, starts: number): void {
  if (!(error instanceof SessionReplaced)) throw error;
  if (starts < MAX_STARTS) return;
  throw new MigrationError('peer.unreachable', 'The session at vSphere ends again and again.', {
    cause: error,
  });
}
