import assert from 'node:assert/strict';
import { CONTRACT_VERSION, settingsJsonSchema, type SourceSession, type VmSummary } from '@ossea/plugin-sdk';
import {
  NotApplicable,
  assertJson,
  calm,
  collect,
  freshKey,
  rejectsWith,
  throwsOnlyOurs,
  withSession,
} from './clause.js';
import { expectedCapabilities } from './expected-capabilities.js';
import type { Check, SourceSubject } from './subjects.js';

const UNKNOWN = 'conformance-no-such-thing';
const NONSENSE = { nonsense: 'conformance' };

/** Clauses about the manifest, the settings, the session as such and its inventory. */
export const SOURCE_SESSION_CHECKS: readonly Check<SourceSubject>[] = [
  {
    clause: 'the manifest is JSON, names a source and is written for this contract',
    async run({ plugin }) {
      assertJson('the manifest', plugin.manifest);
      assert.match(plugin.manifest.id, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'the id is kebab-case');
      assert.equal(plugin.manifest.kind, 'source');
      assert.equal(plugin.manifest.contract, CONTRACT_VERSION);
      assert.ok(plugin.manifest.displayName.length > 0, 'the display name is empty');
    },
  },
  {
    clause: 'the settings accept the sample, reject nonsense and draw a form',
    async run({ plugin, settings }) {
      assert.equal(plugin.settings.safeParse(settings).success, true, 'the sample settings are refused');
      assert.equal(plugin.settings.safeParse(NONSENSE).success, false, 'nonsense is accepted');
      assert.equal(plugin.settings.safeParse(undefined).success, false, 'nothing at all is accepted');
      assertJson('the settings schema', settingsJsonSchema(plugin.settings));
    },
  },
  {
    clause: 'an aborted connect rejects with call.aborted',
    run: ({ plugin, settings, context }) =>
      rejectsWith('call.aborted', 'connect', () =>
        plugin.connect(settings, context, { signal: AbortSignal.abort() }),
      ),
  },
  {
    clause: 'a session offers no capability that the manifest hides',
    run: (subject) =>
      withSession(subject, async ({ can }) => {
        for (const [name, offered] of Object.entries(can)) {
          if (offered === undefined) continue;
          const advertised: readonly string[] = subject.plugin.manifest.capabilities;
          assert.ok(advertised.includes(name), `"${name}" is not in the manifest`);
        }
      }),
  },
  {
    clause: 'the session grants what this subject must grant',
    run: (subject) =>
      withSession(subject, async ({ can }) => {
        for (const name of expectedCapabilities(subject)) {
          assert.ok((can as Record<string, unknown>)[name], `"${name}" is not granted`);
        }
      }),
  },
  {
    clause: 'disposing a session twice is harmless',
    run: (subject) => withSession(subject, async (session) => session[Symbol.asyncDispose]()),
  },
  {
    clause: 'the list streams and includes the sample machine once',
    run: (subject) =>
      withSession(subject, async ({ inventory }) => {
        const listed = await collect(inventory.list({ signal: calm() }));
        const mine = listed.filter((vm) => vm.id === subject.sample.vm);
        assert.equal(mine.length, 1, 'the sample machine is listed once');
        const told = ({ id, name, power, path }: VmSummary) => ({ id, name, power, path });
        const described = await inventory.describe(subject.sample.vm, { signal: calm() });
        assert.deepEqual(told(mine[0]!), told(described), 'list and describe tell different things');
        assert.equal(new Set(listed.map((vm) => vm.id)).size, listed.length, 'an id is listed twice');
      }),
  },
  {
    clause: 'an unknown machine is resource.not-found',
    run: (subject) =>
      withSession(subject, ({ inventory }) =>
        rejectsWith('resource.not-found', 'describe', () => inventory.describe(UNKNOWN, { signal: calm() })),
      ),
  },
  {
    clause: 'every described value is JSON',
    run: (subject) =>
      withSession(subject, async ({ inventory }) => {
        assertJson('the list', await collect(inventory.list({ signal: calm() })));
        assertJson('the description', await inventory.describe(subject.sample.vm, { signal: calm() }));
      }),
  },
  {
    clause: 'a description names each disk once, with a size in whole sectors',
    run: (subject) =>
      withSession(subject, async ({ inventory }) => {
        const { disks, hostId } = await inventory.describe(subject.sample.vm, { signal: calm() });
        assert.ok(hostId.length > 0, 'the host has no identity');
        assert.equal(new Set(disks.map((disk) => disk.key)).size, disks.length, 'a disk key is used twice');
        for (const disk of disks) {
          assert.ok(disk.sizeBytes > 0 && disk.sizeBytes % 512 === 0, `${disk.key}: ${disk.sizeBytes} bytes`);
          assert.ok(disk.backing.length > 0, `${disk.key} has no backing identity`);
        }
        const keys = disks.map((disk) => disk.key);
        assert.ok(keys.includes(subject.sample.disk), 'the sample disk is not described');
      }),
  },
  {
    clause: 'every concern has a code, says what is the matter and what to do',
    run: (subject) =>
      withSession(subject, async ({ inventory }) => {
        const { concerns } = await inventory.describe(subject.sample.vm, { signal: calm() });
        for (const { code, message, remedy } of concerns) {
          assert.match(code, /^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)+$/, `"${code}" is no code`);
          assert.ok(message.length > 0 && remedy.length > 0, `${code} says nothing`);
        }
      }),
  },
  {
    clause: 'privileges: each is named once, and says what it is needed for',
    needs: 'privileges',
    run: (subject) =>
      withSession(subject, async ({ can: { privileges } }) => {
        if (!privileges) throw new NotApplicable('the session cannot tell its privileges');
        const told = await privileges.list({ signal: calm() });
        assertJson('the privileges', told);
        assert.ok(told.length > 0, 'no privilege is named');
        assert.equal(new Set(told.map(({ id }) => id)).size, told.length, 'a privilege is named twice');
        for (const { id, neededFor } of told) assert.ok(id && neededFor, `"${id}" is needed for nothing`);
        for (const { id, required, granted } of told)
          assert.ok(
            granted || !required,
            `the account lacks "${id}", and yet the sample is replicated with it`,
          );
      }),
  },
  {
    clause: 'a disk keeps its identity: described twice, beside a snapshot and in a later session',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const { vm } = subject.sample;
        const before = await identity(session, vm);
        const ref = await session.snapshots.create(
          { vm, quiesce: false },
          { key: freshKey(), signal: calm() },
        );
        undo(() => session.snapshots.remove(ref, { signal: calm() }));
        assert.deepEqual(await identity(session, vm), before, 'a snapshot changed the identity of a disk');
        await withSession(subject, async (later) => {
          assert.deepEqual(await identity(later, vm), before, 'another session sees other disks');
        });
      }),
  },
  {
    clause: 'every aborted call rejects with call.aborted',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        const { vm, disk } = subject.sample;
        const ref = await session.snapshots.create(
          { vm, quiesce: false },
          { key: freshKey(), signal: calm() },
        );
        undo(() => session.snapshots.remove(ref, { signal: calm() }));
        for (const [name, call] of calls(session, vm, disk, ref, 'no-token', AbortSignal.abort())) {
          await rejectsWith('call.aborted', name, call);
        }
      }),
  },
  {
    clause: 'nonsense makes only MigrationErrors come out',
    run: (subject) =>
      withSession(subject, async (session) => {
        for (const odd of [UNKNOWN, '', '../../etc/passwd', 'ü\0\n', '__proto__', '{"a":1}']) {
          for (const [name, call] of calls(session, odd, odd, odd, odd, calm())) {
            await throwsOnlyOurs(`${name} of ${JSON.stringify(odd)}`, call);
          }
          await throwsOnlyOurs('snapshots.remove', () => session.snapshots.remove(odd, { signal: calm() }));
          await rejectsWith('resource.not-found', 'snapshots.create for an unknown machine', () =>
            session.snapshots.create({ vm: odd, quiesce: false }, { key: freshKey(), signal: calm() }),
          );
        }
      }),
  },
];

async function identity(session: SourceSession, vm: string): Promise<unknown> {
  const { hostId, disks } = await session.inventory.describe(vm, { signal: calm() });
  return {
    hostId,
    disks: disks.map(({ key, backing, sizeBytes, boot }) => ({ key, backing, sizeBytes, boot })),
  };
}

/** Every call of a session but `create` and `remove`, which have clauses of their own. */
function calls(
  session: SourceSession,
  vm: string,
  disk: string,
  snapshot: string,
  token: string,
  signal: AbortSignal,
): [string, () => Promise<unknown>][] {
  const { changedBlocks, power, consoleScreenshot, privileges } = session.can;
  const all: [string, () => Promise<unknown>][] = [
    ['inventory.describe', () => session.inventory.describe(vm, { signal })],
    ['inventory.list', () => collect(session.inventory.list({ signal }))],
    [
      'disks.open',
      async () => {
        const lease = await session.disks.open(disk, snapshot, { signal });
        await lease[Symbol.asyncDispose]();
      },
    ],
  ];
  if (changedBlocks) {
    all.push(
      ['changedBlocks.enable', () => changedBlocks.enable(vm, { signal })],
      ['changedBlocks.disable', () => changedBlocks.disable(vm, { signal })],
      ['changedBlocks.token', () => changedBlocks.token(disk, snapshot, { signal })],
      [
        'changedBlocks.changes',
        () => collect(changedBlocks.changes(disk, { since: token, until: snapshot }, { signal })),
      ],
    );
  }
  if (power) {
    all.push(
      ['power.state', () => power.state(vm, { signal })],
      ['power.start', () => power.start(vm, { signal })],
      ['power.stop', () => power.stop(vm, { signal, force: true, timeoutMs: 1_000 })],
    );
  }
  if (privileges) all.push(['privileges.list', () => privileges.list({ signal })]);
  if (consoleScreenshot) all.push(['screenshot', () => consoleScreenshot.screenshot(vm, { signal })]);
  return all;
}
