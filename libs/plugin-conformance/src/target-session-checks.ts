import assert from 'node:assert/strict';
import { CONTRACT_VERSION, settingsJsonSchema, type TargetSession } from '@ossea/plugin-sdk';
import {
  NotApplicable,
  assertJson,
  calm,
  freshKey,
  rejectsWith,
  throwsOnlyOurs,
  withSession,
} from './clause.js';
import { expectedCapabilities } from './expected-capabilities.js';
import type { Check, TargetSubject } from './subjects.js';
import { blueprint, volumeSpec } from './target-scene.js';

const UNKNOWN = 'conformance-no-such-thing';

/** Clauses about the manifest, the settings, the session as such and its catalog. */
export const TARGET_SESSION_CHECKS: readonly Check<TargetSubject>[] = [
  {
    clause: 'the manifest is JSON, names a target and is written for this contract',
    async run({ plugin }) {
      assertJson('the manifest', plugin.manifest);
      assert.match(plugin.manifest.id, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, 'the id is kebab-case');
      assert.equal(plugin.manifest.kind, 'target');
      assert.equal(plugin.manifest.contract, CONTRACT_VERSION);
      assert.ok(plugin.manifest.displayName.length > 0, 'the display name is empty');
    },
  },
  {
    clause: 'the settings accept the sample, reject nonsense and draw a form',
    async run({ plugin, settings }) {
      assert.equal(plugin.settings.safeParse(settings).success, true, 'the sample settings are refused');
      assert.equal(plugin.settings.safeParse({ nonsense: 1 }).success, false, 'nonsense is accepted');
      assert.equal(plugin.settings.safeParse(undefined).success, false, 'nothing at all is accepted');
      assertJson('the settings schema', settingsJsonSchema(plugin.settings));
    },
  },
  {
    clause: 'the placement schema accepts the sample, rejects nonsense and draws a form',
    async run({ plugin, placement }) {
      assert.equal(plugin.placement.safeParse(placement).success, true, 'the sample placement is refused');
      assert.equal(plugin.placement.safeParse('nonsense').success, false, 'a word is accepted');
      assertJson('the sample placement', placement);
      assertJson('the placement schema', settingsJsonSchema(plugin.placement));
    },
  },
  {
    clause: 'a guided set-up draws its forms and rejects nonsense',
    async run({ plugin }) {
      const { setUp } = plugin;
      if (!setUp) throw new NotApplicable('the plugin leads through no set-up');
      for (const [name, schema] of Object.entries({
        credentials: setUp.credentials,
        selection: setUp.selection,
      })) {
        assert.equal(schema.safeParse('nonsense').success, false, `${name}: a word is accepted`);
        assert.equal(schema.safeParse({ nonsense: 1 }).success, false, `${name}: nonsense is accepted`);
        assertJson(`the schema of the ${name}`, settingsJsonSchema(schema));
      }
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
        const advertised: readonly string[] = subject.plugin.manifest.capabilities;
        for (const [name, offered] of Object.entries(can)) {
          if (offered !== undefined) assert.ok(advertised.includes(name), `"${name}" is not in the manifest`);
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
    clause: 'the catalog and its choices are JSON, each with a value and a label',
    run: (subject) =>
      withSession(subject, async ({ catalog }) => {
        const found = await catalog.discover({ signal: calm() });
        assertJson('the catalog', found);
        for (const [field, listed] of Object.entries(found.fields)) {
          const choices = await catalog.choices(field, { signal: calm() });
          assertJson(`the choices of ${field}`, choices);
          assert.deepEqual(choices, listed, `discover and choices of ${field} differ`);
          for (const { value, label } of choices) {
            assert.ok(typeof value === 'string' && value.length > 0, `${field}: a choice without a value`);
            assert.ok(typeof label === 'string' && label.length > 0, `${field}: a choice without a label`);
          }
        }
      }),
  },
  {
    clause: 'the sample placement has no blocker',
    run: (subject) =>
      withSession(subject, async ({ catalog }) => {
        const findings = await catalog.validate(subject.placement, { signal: calm() });
        assertJson('the findings', findings);
        assert.deepEqual(
          findings.filter((finding) => finding.severity === 'blocker'),
          [],
        );
      }),
  },
  {
    clause: 'an impossible placement has a blocker, with a message and a remedy',
    run: (subject) =>
      withSession(subject, async (session) => {
        const placement = await impossible(session, subject);
        const findings = await session.catalog.validate(placement, { signal: calm() });
        assertJson('the findings', findings);
        assert.ok(
          findings.some((finding) => finding.severity === 'blocker'),
          'nothing would stop it',
        );
        for (const { code, message, remedy } of findings) {
          assert.ok(code.length > 0 && message.length > 0 && remedy.length > 0, 'a finding says nothing');
        }
      }),
  },
  {
    clause: 'limits are whole numbers above zero',
    run: (subject) =>
      withSession(subject, async (session) => {
        const limits = await session.limits({ signal: calm() });
        assertJson('the limits', limits);
        for (const limit of [limits.attachedVolumes, limits.snapshotsAtOnce]) {
          assert.ok(Number.isSafeInteger(limit) && limit > 0, `${limit} is no limit`);
        }
      }),
  },
  {
    clause: 'networks are JSON and named once',
    run: (subject) =>
      withSession(subject, async ({ networks }) => {
        const listed = await networks.list({ signal: calm() });
        assertJson('the networks', listed);
        assert.equal(new Set(listed.map((entry) => entry.ref)).size, listed.length, 'listed twice');
      }),
  },
  {
    clause: 'every aborted call rejects with call.aborted',
    run: (subject) =>
      withSession(subject, async (session) => {
        for (const [name, call] of calls(session, subject, UNKNOWN, AbortSignal.abort())) {
          await rejectsWith('call.aborted', name, call);
        }
      }),
  },
  {
    clause: 'nonsense makes only MigrationErrors come out',
    run: (subject) =>
      withSession(subject, async (session, undo) => {
        for (const odd of [UNKNOWN, '', '../../etc/passwd', 'ü\0\n', '__proto__']) {
          for (const [name, call] of calls(session, subject, odd, calm())) {
            await throwsOnlyOurs(`${name} of ${JSON.stringify(odd)}`, call);
          }
          await throwsOnlyOurs('volumes.remove', () => session.volumes.remove(odd, { signal: calm() }));
          await throwsOnlyOurs('machines.remove', () => session.machines.remove(odd, { signal: calm() }));
        }
        const spec = await blueprint(session, subject, undo);
        const key = freshKey();
        await rejectsWith('resource.not-found', 'a machine with an unknown volume', () =>
          session.machines.create(
            { ...spec, disks: [{ volume: UNKNOWN, boot: true }] },
            { key, signal: calm() },
          ),
        );
        const half = await session.machines.find(key, { signal: calm() });
        if (half) await session.machines.remove(half.ref, { signal: calm() });
        assert.notEqual(half?.complete, true, 'a machine without its volume counts as complete');
      }),
  },
  {
    clause: 'an unknown volume or machine is resource.not-found',
    run: (subject) =>
      withSession(subject, async ({ volumes, machines }) => {
        const signal = calm();
        await rejectsWith('resource.not-found', 'opening', () => volumes.open(UNKNOWN, { signal }));
        await rejectsWith('resource.not-found', 'state', () => machines.state(UNKNOWN, { signal }));
        await rejectsWith('resource.not-found', 'start', () => machines.start(UNKNOWN, { signal }));
      }),
  },
];

/** The subject's own, or the sample with every choice of the catalog replaced by one that does not exist. */
async function impossible(session: TargetSession, subject: TargetSubject): Promise<unknown> {
  if (subject.impossiblePlacement !== undefined) return subject.impossiblePlacement;
  const { fields } = await session.catalog.discover({ signal: calm() });
  const entries = Object.entries(subject.placement as Record<string, unknown>);
  const changed = entries.map(([name, value]) =>
    typeof value === 'string' && fields[name] ? [name, UNKNOWN] : [name, value],
  );
  const placement: unknown = Object.fromEntries(changed);
  const chosen = entries.some(([name], i) => changed[i]?.[1] !== entries[i]?.[1] && name !== '');
  if (!chosen || !subject.plugin.placement.safeParse(placement).success) {
    throw new NotApplicable('the subject names no impossible placement');
  }
  return placement;
}

/** Every call of a session but `create` of a volume or machine and `remove`, which have clauses of their own. */
function calls(
  session: TargetSession,
  subject: TargetSubject,
  ref: string,
  signal: AbortSignal,
): [string, () => Promise<unknown>][] {
  const { catalog, volumes, machines, networks, can } = session;
  const all: [string, () => Promise<unknown>][] = [
    ['catalog.choices', () => catalog.choices(ref, { signal })],
    ['catalog.discover', () => catalog.discover({ signal })],
    ['catalog.validate', () => catalog.validate(subject.placement, { signal })],
    ['limits', () => session.limits({ signal })],
    ['networks.list', () => networks.list({ signal })],
    [
      'volumes.open',
      async () => {
        const lease = await volumes.open(ref, { signal });
        await lease[Symbol.asyncDispose]();
      },
    ],
    ['machines.state', () => machines.state(ref, { signal })],
    ['machines.start', () => machines.start(ref, { signal })],
    ['machines.stop', () => machines.stop(ref, { signal })],
  ];
  for (const mode of ['whileAttached', 'whileDetached'] as const) {
    const snapshots = can.volumeSnapshots?.[mode];
    if (!snapshots) continue;
    const key = freshKey();
    const spec = { snapshot: ref, name: volumeSpec(subject).name };
    all.push(
      [`volumeSnapshots.${mode}.create`, () => snapshots.create({ volume: ref }, { key, signal })],
      [`volumeSnapshots.${mode}.revert`, () => snapshots.revert(ref, { signal })],
      [
        `volumeSnapshots.${mode}.volumeFromSnapshot.create`,
        () => snapshots.volumeFromSnapshot.create(spec, { key, signal }),
      ],
    );
  }
  const { consoleUrl } = can;
  if (consoleUrl) all.push(['consoleUrl', () => consoleUrl.url(ref, { signal })]);
  const { consoleScreenshot } = can;
  if (consoleScreenshot) all.push(['screenshot', () => consoleScreenshot.screenshot(ref, { signal })]);
  return all;
}
