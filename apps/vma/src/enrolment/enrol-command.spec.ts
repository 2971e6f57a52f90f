import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseConfig } from '../config/load-config.js';
import { enrolCommand } from './enrol-command.js';

let stateDir: string;
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 've-'));
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

// nobody listens there: what is refused is refused before anything is dialled
const config = () => parseConfig({ stateDir, oma: { host: '127.0.0.1', port: 1 } });
const run = (input: Readable) => enrolCommand(config(), input, () => undefined);
const good = {
  code: 'ABCD-2345-EFGH',
  hostKeyFingerprint: `SHA256:${'A'.repeat(43)}`,
  name: 'site',
};

it.each([
  ['no JSON', 'ABCD-2345-EFGH', []],
  ['another document', '[]', ['input']],
  ['a code that is none', JSON.stringify({ ...good, code: 'hunter2' }), ['code']],
  ['no fingerprint', JSON.stringify({ ...good, hostKeyFingerprint: 'hunter2' }), ['hostKeyFingerprint']],
  ['no name', JSON.stringify({ ...good, name: ' ' }), ['name']],
  ['something else besides', JSON.stringify({ ...good, password: 'hunter2' }), ['password']],
  ['megabytes', 'x'.repeat(10_000), []],
])('refuses %s, naming fields only', async (_what, text, names) => {
  const refused = run(Readable.from([Buffer.from(text)]));
  await expect(refused).rejects.toMatchObject({ code: 'request.invalid' });
  const { message } = (await refused.catch((error: unknown) => error)) as Error;
  for (const name of names) expect(message).toContain(name);
  for (const secret of ['ABCD', 'hunter2']) expect(message).not.toContain(secret);
});

it('begins with the line that completes the document, though the input stays open', async () => {
  const input = new PassThrough();
  const [first, ...rest] = JSON.stringify(good).split(',');
  const running = run(input);
  input.write(`${first},\n`);
  input.write(`${rest.join(',')}\n`);
  await expect(running).rejects.toMatchObject({ code: 'peer.unreachable' });
});
