import { Problem, SignedIn } from '@ossea/api-contract';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Appliance } from '../oma-shell/appliance.js';
import { Browser } from './people.js';

const PROGRAM = fileURLToPath(new URL('../../../apps/oma/dist/main.js', import.meta.url));
const NEXT = 'another password of the tests';

function recover(stateDir: string): Promise<{ readonly code: number | null; readonly said: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [PROGRAM, 'recover'], {
      env: { PATH: process.env['PATH'], OSSEA_STATE_DIR: stateDir },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, said }));
  });
}

it('is replaced with a code of the machine itself, while the appliance runs; the old one opens nothing any more', async () => {
  await using oma = await Appliance.start();
  const page = await Browser.signIn(oma);
  const guess = await oma.call('access/recover', { token: null, body: { code: 'AAAA', password: NEXT } });
  expect(Problem.parse(guess.body).code).toBe('access.unauthenticated');
  const { code, said } = await recover(oma.stateDir);
  expect(code).toBe(0);
  const [, text = ''] = /: ([0-9A-Z-]{20,})/.exec(said) ?? [];
  // one of two who come with it at once is let in
  const answers = await Promise.all(
    [1, 2].map(() => oma.call('access/recover', { token: null, body: { code: text, password: NEXT } })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 401]);
  const answer = answers.find(({ status }) => status === 200)!;
  expect(SignedIn.parse(answer.body)).toMatchObject({ name: 'admin', role: 'administrator' });
  expect((await page.call('jobs')).status).toBe(401);
  expect((await Browser.signIn(oma, 'admin', NEXT)).cookie).not.toBe('');
  // once
  const again = await oma.call('access/recover', { token: null, body: { code: text, password: NEXT } });
  expect(again.status).toBe(401);
});
