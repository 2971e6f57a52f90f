import { MigrationError } from '@ossea/errors';
import { expect, it } from 'vitest';
import { faultToError } from './fault-to-error.js';

it.each([
  [Object.assign(new Error('no space'), { code: 'ENOSPC' }), 'storage.full'],
  [Object.assign(new Error('not there'), { code: 'ENOENT' }), 'resource.not-found'],
  [Object.assign(new Error('may not'), { code: 'EACCES' }), 'config.invalid'],
  [new Error('something'), 'storage.io-failed'],
  [new MigrationError('volume.in-use', 'held'), 'volume.in-use'],
])('%s is %s', (fault, code) => {
  expect(faultToError(fault).code).toBe(code);
});
