import assert from 'node:assert/strict';
import { isMigrationError } from '@ossea/errors';
import type { ImageData, PowerControl } from '@ossea/plugin-sdk';
import { NotApplicable, assertJson, calm, rejectsWith, withSession } from './clause.js';
import type { Check, SourceSubject } from './subjects.js';

const POLITE_MS = 3_000;

function powered(
  clause: string,
  body: (power: PowerControl, vm: string, subject: SourceSubject) => Promise<void>,
): Check<SourceSubject> {
  return {
    clause: `power: ${clause}`,
    needs: 'power',
    run: (subject) =>
      withSession(subject, async ({ can: { power } }, undo) => {
        if (!power) throw new NotApplicable('the session does not control power');
        const { vm } = subject.sample;
        const before = await power.state(vm, { signal: calm() });
        const timeoutMs = subject.powerTimeoutMs ?? 60_000;
        // the sample is left as it was found
        undo(() =>
          before === 'running'
            ? power.start(vm, { signal: calm() })
            : power.stop(vm, { signal: calm(), force: true, timeoutMs }),
        );
        if (before !== 'running') await power.start(vm, { signal: calm() });
        await body(power, vm, subject);
      }),
  };
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Fails unless it is a PNG picture in base64. */
export function assertPicture(image: ImageData): void {
  assertJson('the picture', image);
  assert.equal(image.mediaType, 'image/png');
  const bytes = Buffer.from(image.base64, 'base64');
  assert.ok(bytes.subarray(0, PNG.length).equals(PNG), 'the picture is no PNG');
}

/** Clauses about stopping and starting a source machine, and about its picture. */
export const SOURCE_POWER_CHECKS: readonly Check<SourceSubject>[] = [
  powered(
    'a forced stop is confirmed, a start runs, and both may be repeated',
    async (power, vm, subject) => {
      const timeoutMs = subject.powerTimeoutMs ?? 60_000;
      const state = (): Promise<string> => power.state(vm, { signal: calm() });
      assert.equal(await state(), 'running');
      await power.start(vm, { signal: calm() });
      for (let round = 0; round < 2; round += 1) {
        await power.stop(vm, { signal: calm(), force: true, timeoutMs });
        assert.equal(await state(), 'stopped', 'stop came back before the machine was off');
      }
      await power.start(vm, { signal: calm() });
      assert.equal(await state(), 'running', 'start came back before the machine ran');
    },
  ),
  powered('asking politely ends with a stopped machine or with machine.not-stopped', async (power, vm) => {
    const stopped = await power.stop(vm, { signal: calm(), force: false, timeoutMs: POLITE_MS }).then(
      () => true,
      (error: unknown) => {
        assert.ok(isMigrationError(error), 'something else than a MigrationError came out');
        assert.equal(error.code, 'machine.not-stopped');
        return false;
      },
    );
    const state = await power.state(vm, { signal: calm() });
    assert.equal(state === 'stopped', stopped, `stop said ${stopped}, the machine is ${state}`);
  }),
  powered('what the inventory says of the power is true', async (power, vm, subject) => {
    await withSession(subject, async ({ inventory }) => {
      assert.equal((await inventory.describe(vm, { signal: calm() })).power, 'running');
      const timeoutMs = subject.powerTimeoutMs ?? 60_000;
      await power.stop(vm, { signal: calm(), force: true, timeoutMs });
      assert.equal((await inventory.describe(vm, { signal: calm() })).power, 'stopped');
    });
  }),
  powered('an unknown machine is resource.not-found', async (power) => {
    const unknown = 'conformance-no-such-machine';
    await rejectsWith('resource.not-found', 'state', () => power.state(unknown, { signal: calm() }));
    await rejectsWith('resource.not-found', 'start', () => power.start(unknown, { signal: calm() }));
    await rejectsWith('resource.not-found', 'stop', () =>
      power.stop(unknown, { signal: calm(), force: true, timeoutMs: POLITE_MS }),
    );
  }),
  {
    clause: 'console: a screenshot is a picture',
    needs: 'consoleScreenshot',
    run: (subject) =>
      withSession(subject, async ({ can: { consoleScreenshot } }) => {
        if (!consoleScreenshot) throw new NotApplicable('the session takes no screenshots');
        assertPicture(await consoleScreenshot.screenshot(subject.sample.vm, { signal: calm() }));
      }),
  },
];
