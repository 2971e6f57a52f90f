import assert from 'node:assert/strict';
import type { Provision } from '@ossea/plugin-sdk';
import { NotApplicable, assertJson, calm, freshKey, rejectsWith, undoing } from './clause.js';
import type { Check } from './subjects.js';

/** How the kit reaches one kind of thing that a plugin brings into being. */
export interface ProvisionCase<Subject, Session extends AsyncDisposable, Spec, Ref extends string> {
  readonly what: string;
  readonly needs?: string;
  /** Whether two of them may exist side by side. */
  readonly several: boolean;
  connect(subject: Subject): Promise<Session>;
  provision(session: Session): Provision<Spec, Ref> | undefined;
  /** Makes what the spec refers to, and the spec. */
  prepare(subject: Subject, session: Session, undo: (action: () => Promise<unknown>) => void): Promise<Spec>;
}

interface Prepared<Session, Spec, Ref extends string> {
  readonly session: Session;
  readonly provision: Provision<Spec, Ref>;
  readonly spec: Spec;
  /** Another session, as after a restart of the appliance. */
  again<T>(use: (provision: Provision<Spec, Ref>) => Promise<T>): Promise<T>;
  /** `create`, and `remove` at the end of the clause. */
  make(key: string): Promise<Ref>;
}

/** The clauses every `Provision` is held to: written once, applied to snapshots, volumes, machines and networks alike. */
export function provisionChecks<Subject, Session extends AsyncDisposable, Spec, Ref extends string>(
  using: ProvisionCase<Subject, Session, Spec, Ref>,
): Check<Subject>[] {
  const check = (
    clause: string,
    body: (prepared: Prepared<Session, Spec, Ref>) => Promise<void>,
  ): Check<Subject> => ({
    clause: `${using.what}: ${clause}`,
    ...(using.needs === undefined ? {} : { needs: using.needs }),
    run: (subject) => prepared(using, subject, body),
  });
  return [
    check('the same key makes the same thing', async ({ provision, spec, make }) => {
      const key = freshKey();
      const ref = await make(key);
      assert.equal(await provision.create(spec, { key, signal: calm() }), ref, 'a twin was made');
    }),
    ...(using.several
      ? [
          check('another key makes another thing', async ({ make }) => {
            assert.notEqual(await make(freshKey()), await make(freshKey()), 'two keys share one thing');
          }),
        ]
      : []),
    check('what was created is found by its key, complete', async ({ provision, make }) => {
      const key = freshKey();
      const ref = await make(key);
      const found = await provision.find(key, { signal: calm() });
      assert.deepEqual(found, { ref, complete: true });
      assert.ok(typeof ref === 'string' && ref.length > 0, 'a reference is a string');
      assertJson('what find says', found);
    }),
    check('a key nobody used finds nothing', async ({ provision }) => {
      assert.equal(await provision.find(freshKey(), { signal: calm() }), undefined);
    }),
    check('a later session finds it, and makes no twin', async ({ spec, make, again }) => {
      const key = freshKey();
      const ref = await make(key);
      await again(async (provision) => {
        assert.deepEqual(await provision.find(key, { signal: calm() }), { ref, complete: true });
        assert.equal(await provision.create(spec, { key, signal: calm() }), ref, 'a twin was made');
      });
    }),
    check('removing removes', async ({ provision, make }) => {
      const key = freshKey();
      await provision.remove(await make(key), { signal: calm() });
      assert.equal(await provision.find(key, { signal: calm() }), undefined, 'it is still found');
    }),
    check('removing what is gone succeeds', async ({ provision, make }) => {
      const ref = await make(freshKey());
      await provision.remove(ref, { signal: calm() });
      await provision.remove(ref, { signal: calm() });
    }),
    check('an aborted create rejects with call.aborted and makes nothing', async ({ provision, spec }) => {
      const key = freshKey();
      await rejectsWith('call.aborted', 'create', () =>
        provision.create(spec, { key, signal: AbortSignal.abort() }),
      );
      const found = await provision.find(key, { signal: calm() });
      if (found) await provision.remove(found.ref, { signal: calm() });
      assert.equal(found, undefined, 'an aborted create left something behind');
    }),
    check('an aborted find or remove rejects with call.aborted', async ({ provision, make }) => {
      const key = freshKey();
      const ref = await make(key);
      const signal = AbortSignal.abort();
      await rejectsWith('call.aborted', 'find', () => provision.find(key, { signal }));
      await rejectsWith('call.aborted', 'remove', () => provision.remove(ref, { signal }));
      assert.ok(await provision.find(key, { signal: calm() }), 'an aborted remove removed');
    }),
  ];
}

async function prepared<Subject, Session extends AsyncDisposable, Spec, Ref extends string>(
  using: ProvisionCase<Subject, Session, Spec, Ref>,
  subject: Subject,
  body: (prepared: Prepared<Session, Spec, Ref>) => Promise<void>,
): Promise<void> {
  const session = await using.connect(subject);
  const provisionOf = (from: Session): Provision<Spec, Ref> => {
    const provision = using.provision(from);
    if (!provision) throw new NotApplicable(`this session does not offer ${using.what}`);
    return provision;
  };
  try {
    await undoing(async (undo) => {
      const provision = provisionOf(session);
      const spec = await using.prepare(subject, session, undo);
      await body({
        session,
        provision,
        spec,
        make: async (key) => {
          const ref = await provision.create(spec, { key, signal: calm() });
          undo(() => provision.remove(ref, { signal: calm() }));
          return ref;
        },
        again: async (use) => {
          const later = await using.connect(subject);
          try {
            return await use(provisionOf(later));
          } finally {
            await later[Symbol.asyncDispose]();
          }
        },
      });
    });
  } finally {
    await session[Symbol.asyncDispose]();
  }
}
