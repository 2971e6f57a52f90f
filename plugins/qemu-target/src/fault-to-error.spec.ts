import { MigrationError } from '@ossea/errors';
import { expect, it } from 'vitest';
import { faultToError } from './fault-to-error.js';

const errno = (code: string): Error => Object.assign(new Error(`${code}: it went wrong`), { code });
const failed = (stderr: string): MigrationError =>
  new MigrationError('process.failed', 'cp ended with 1', { cause: new Error(stderr) });

it.each([
  [errno('ENOSPC'), 'storage.full'],
  [errno('EDQUOT'), 'storage.full'],
  [errno('EFBIG'), 'disk.too-large'],
  [errno('EROFS'), 'config.invalid'],
  [errno('EIO'), 'storage.io-failed'],
  ['a thrown word', 'storage.io-failed'],
  [failed("cp: error writing 'x': No space left on device"), 'storage.full'],
  [failed('qemu-img: x: The image size is too large for file format'), 'disk.too-large'],
  [failed('qemu-system-x86_64: Failed to get "write" lock'), 'volume.in-use'],
  [failed('something else'), 'process.failed'],
  [new MigrationError('resource.not-found', 'No space left on device'), 'resource.not-found'],
  [new DOMException('stop', 'AbortError'), 'call.aborted'],
] as const)('%s becomes %s', (fault, code) => {
  expect(faultToError(fault)).toMatchObject({ name: 'MigrationError', code });
});
