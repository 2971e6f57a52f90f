import { inspect } from 'node:util';
import { expect, it } from 'vitest';
import { MigrationError } from './migration-error.js';
import { SecretScrubber } from './secret-scrubber.js';

const CANARY = 'c4n@ry/7f3a';
const scrubber = new SecretScrubber([CANARY, 'abc']);
const everything = (value: unknown) => inspect(value, { depth: 20, showHidden: true });

it('takes a secret out of a text, also as an address or a login would carry it, and leaves short ones', () => {
  const text = `${CANARY} ${encodeURIComponent(CANARY)} ${Buffer.from(CANARY).toString('base64')} abc`;
  expect(scrubber.text(text)).toBe('[redacted] [redacted] [redacted] abc');
});

it('takes it out of the context of a log line, wherever it hides', () => {
  const round: Record<string, unknown> = { [CANARY]: 1, list: [{ deep: CANARY }], password: 'other', n: 3 };
  round['itself'] = round;
  round['error'] = new Error(`no entry for ${CANARY}`, { cause: CANARY });
  round['odd'] = [10n, () => CANARY, Symbol(CANARY), undefined, null];
  const clean = scrubber.context(round);
  expect(everything(clean)).not.toContain(CANARY);
  expect(clean).toMatchObject({
    password: '[redacted]',
    n: 3,
    error: { message: 'no entry for [redacted]' },
  });
  expect(() => JSON.stringify(clean)).not.toThrow();
});

it('gives an error on as it is when it tells nothing', () => {
  const error = new MigrationError('auth.rejected', 'The account is locked.', { cause: new Error('401') });
  expect(scrubber.error(error)).toBe(error);
});

it.each([
  ['in its words', new MigrationError('auth.rejected', `"${CANARY}" is wrong`)],
  ['in its context', new MigrationError('auth.rejected', 'wrong', { context: { with: CANARY } })],
  ['in its cause', new MigrationError('auth.rejected', 'wrong', { cause: new Error(`sent ${CANARY}`) })],
  [
    'far down in its causes',
    new MigrationError('auth.rejected', 'wrong', {
      cause: new Error('a', { cause: Object.assign(new Error('b'), { request: { body: { CANARY } } }) }),
    }),
  ],
])('takes a secret out of an error that has it %s', (_where, error) => {
  const clean = scrubber.error(error);
  expect(clean.code).toBe('auth.rejected');
  expect(everything(clean)).not.toContain(CANARY);
});

it('makes an error that is not ours one that tells whose it is', () => {
  const clean = scrubber.error(new TypeError(`cannot read ${CANARY}`));
  expect(clean.code).toBe('plugin.broken-contract');
  expect(everything(clean)).not.toContain(CANARY);
});
