import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseConfig } from '../../../apps/vma/src/config/load-config.js';
import { enrolCommand } from '../../../apps/vma/src/enrolment/enrol-command.js';
import { until } from '../../stack/probe.js';
import { CODE, VmaSite } from './vma-site.js';

/* Somebody sits at the terminal of a VMA and enrols it. */

let site: VmaSite;
let input: PassThrough & { isTTY?: boolean };
let shown: string;
let ended: Promise<unknown>;
beforeEach(async () => {
  site = await VmaSite.start();
  input = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough().setEncoding('utf8');
  shown = '';
  output.on('data', (text: string) => (shown += text));
  const config = parseConfig(await site.config());
  ended = enrolCommand(config, input, () => undefined, output).then(
    () => 'approved',
    (error: unknown) => error,
  );
});
afterEach(() => site[Symbol.asyncDispose]());

const answer = async (question: string, text: string) => {
  await until(`it asks for ${question}`, () => shown.trimEnd().endsWith(':') && shown.includes(question));
  shown = '';
  input.write(`${text}\n`);
};
const fillIn = async () => {
  await answer('Pairing code', CODE.toLowerCase().replaceAll('-', ' '));
  await answer('Host key', site.hostKeyFingerprint);
  await answer('Name', 'cellar');
  await until('it waits', () => shown.includes('Waiting'));
};

it('asks again for what has no such form, shows what is to be compared, and waits for the approval', async () => {
  await answer('Pairing code', 'hunter2');
  await until('it says so', () => shown.includes('right form'));
  await fillIn();
  expect(shown).toMatch(/SHA256:\S{43}\n\s+([a-z]{4} ){5}[a-z]{4}\n/);
  expect(site.asked[0]).toMatchObject({ type: 'enrol', code: CODE, name: 'cellar' });
  site.decide('approved');
  expect(await ended).toBe('approved');
  expect(shown).toContain('This VMA is enrolled.');
});

it('ends when the terminal is closed in the middle', async () => {
  await answer('Pairing code', CODE);
  input.end();
  expect(await ended).toMatchObject({ code: 'call.aborted' });
  expect(site.asked).toEqual([]);
});

it('says when it was turned away', async () => {
  await fillIn();
  site.decide('rejected');
  expect(await ended).toMatchObject({ code: 'enrolment.rejected' });
  expect(shown).toContain('Rejected');
});
