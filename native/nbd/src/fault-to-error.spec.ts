import { expect, it } from 'vitest';
import { faultToError } from './fault-to-error.js';

it('keeps code, errno, offset and end, and nothing that is absent', () => {
  const fault = Object.assign(new Error('why'), {
    code: 'storage.full',
    errno: 28,
    offset: 0,
    end: 'target',
  });
  const error = faultToError(fault);
  expect(error).toMatchObject({ name: 'MigrationError', code: 'storage.full', message: 'why' });
  expect(error.context).toEqual({ errno: 28, offset: 0, end: 'target' });
  expect(faultToError(Object.assign(new Error('why'), { code: 'copy.stalled' })).context).toEqual({});
});

it('takes anything else for a bug', () => {
  for (const strange of [new TypeError('x'), Object.assign(new Error('x'), { code: 'no.such' }), 'x']) {
    expect(faultToError(strange)).toMatchObject({ code: 'internal.unexpected', message: 'x' });
  }
});
