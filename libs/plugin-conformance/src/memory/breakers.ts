import { MigrationError } from '@ossea/errors';
import type { Provision } from '@ossea/plugin-sdk';

/** A plugin that breaks one clause of the contract, so that the clause can be seen to bite. */
export interface Breaker<Plugin, World> {
  readonly clause: string;
  readonly how: string;
  apply(plugin: Plugin, world: World): Plugin;
}

type Call<Spec, Ref extends string> = Provision<Spec, Ref>;
type Mutation = {
  readonly clause: string;
  readonly how: string;
  mutate<Spec, Ref extends string>(real: Call<Spec, Ref>): Partial<Call<Spec, Ref>>;
};

const calm = (): AbortSignal => new AbortController().signal;
let serial = 0;

/** One mutation for each clause that every `Provision` is held to. */
export const PROVISION_MUTATIONS: readonly Mutation[] = [
  {
    clause: 'the same key makes the same thing',
    how: 'every create makes a twin',
    mutate: (real) => ({
      create: (spec, o) => real.create(spec, { ...o, key: `${o.key}-${(serial += 1)}` }),
    }),
  },
  {
    clause: 'another key makes another thing',
    how: 'the key is ignored',
    mutate: (real) => ({ create: (spec, o) => real.create(spec, { ...o, key: 'the-one-key' }) }),
  },
  {
    clause: 'what was created is found by its key, complete',
    how: 'nothing is ever complete',
    mutate: (real) => ({
      async find(key, o) {
        const found = await real.find(key, o);
        return found && { ...found, complete: false };
      },
    }),
  },
  {
    clause: 'a key nobody used finds nothing',
    how: 'find invents what it does not know',
    mutate: <Spec, Ref extends string>(real: Call<Spec, Ref>) => ({
      find: async (key: string, o: { signal: AbortSignal }) =>
        (await real.find(key, o)) ?? { ref: 'invented' as Ref, complete: true },
    }),
  },
  {
    clause: 'a later session finds it, and makes no twin',
    how: 'keys are remembered by the session only',
    mutate(real) {
      const mine = new Set<string>();
      return {
        create: (spec, o) => real.create(spec, { ...o, key: (mine.add(o.key), o.key) }),
        find: async (key, o) => (mine.has(key) ? real.find(key, o) : undefined),
      };
    },
  },
  {
    clause: 'removing removes',
    how: 'remove does nothing',
    mutate: () => ({ remove: async () => undefined }),
  },
  {
    clause: 'removing what is gone succeeds',
    how: 'the second remove fails',
    mutate(real) {
      const gone = new Set<string>();
      return {
        async remove(ref, o) {
          if (gone.has(ref)) throw new MigrationError('resource.not-found', 'It is gone.');
          await real.remove(ref, o);
          gone.add(ref);
        },
      };
    },
  },
  {
    clause: 'an aborted create rejects with call.aborted and makes nothing',
    how: 'create is deaf to abort',
    mutate: (real) => ({ create: (spec, o) => real.create(spec, { ...o, signal: calm() }) }),
  },
  {
    clause: 'an aborted find or remove rejects with call.aborted',
    how: 'remove is deaf to abort',
    mutate: (real) => ({ remove: (ref) => real.remove(ref, { signal: calm() }) }),
  },
];

/** The mutations of one provision of a session, as breakers. */
export function provisionBreakers<Plugin, World, Session>(
  what: string,
  several: boolean,
  onSession: (plugin: Plugin, change: (session: Session, world: World) => Session, world: World) => Plugin,
  replace: (
    session: Session,
    mutate: <Spec, Ref extends string, P extends Call<Spec, Ref>>(real: P) => P,
  ) => Session,
): Breaker<Plugin, World>[] {
  return PROVISION_MUTATIONS.filter(
    ({ clause }) => several || clause !== 'another key makes another thing',
  ).map(({ clause, how, mutate }) => ({
    clause: `${what}: ${clause}`,
    how,
    apply: (plugin, world) =>
      onSession(
        plugin,
        (session) =>
          replace(session, <Spec, Ref extends string, P extends Call<Spec, Ref>>(real: P): P => ({
            ...real,
            ...mutate<Spec, Ref>(real),
          })),
        world,
      ),
  }));
}
