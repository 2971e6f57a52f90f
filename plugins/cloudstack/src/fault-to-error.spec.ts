import { ERRORS, MigrationError } from '@ossea/errors';
import { expect, it } from 'vitest';
import { ApiFault, OutcomeUnknown } from './client/index.js';
import { describeSkew, faultToError, isForbidden, isNotFound } from './fault-to-error.js';

const fault = (errorCode: number, text = 'it says so', more: object = {}) =>
  new ApiFault({ command: 'attachVolume', httpStatus: errorCode, errorCode, text, inJob: false, ...more });

it.each([
  [401, 'unable to verify user credentials and/or request signature', 'auth.rejected'],
  [401, "The given command 'listHosts' either does not exist, is not available for user.", 'peer.forbidden'],
  [432, 'The given command does not exist or it is not available for user', 'peer.forbidden'],
  [405, 'Command attachVolume requires POST', 'peer.fault'],
  [430, 'malformed', 'peer.fault'],
  [
    431,
    'Invalid parameter id value=x due to incorrect long value format, or entity does not exist',
    'resource.not-found',
  ],
  [431, 'Unable to find volume with ID: 7', 'resource.not-found'],
  [431, 'Volume d1 is already attached to a VM', 'volume.in-use'],
  [431, 'Please specify a volume that is not attached to any VM.', 'volume.in-use'],
  [
    431,
    'There is other active snapshot tasks on the instance to which the volume is attached, please try again later',
    'resource.busy',
  ],
  [
    431,
    'The specified VM already has the maximum number of data disks (6). Please specify another VM.',
    'volume.no-slot',
  ],
  [431, 'Unable to execute API command attachvolume due to missing parameter id', 'peer.fault'],
  [429, 'please retry after [10] ms.', 'peer.throttled'],
  [503, 'Maintenance', 'peer.unreachable'],
  [530, 'entity does not exist', 'peer.fault'],
  [531, 'Acct does not have permission', 'peer.forbidden'],
  [532, 'limit', 'quota.exhausted'],
  [533, 'no host', 'capacity.exhausted'],
  [534, 'agent', 'resource.busy'],
  [535, 'limit', 'quota.exhausted'],
  [536, 'in use', 'resource.busy'],
  [537, 'rule', 'resource.conflict'],
  [999, 'a later release', 'peer.fault'],
] as const)('%d "%s" is %s', (code, text, expected) => {
  const error = faultToError(fault(code, text));
  expect(error).toMatchObject({ code: expected, context: { command: 'attachVolume', errorCode: code } });
  expect(error.message).toContain(text);
  expect(ERRORS).toHaveProperty([expected]);
});

it('tells a wrong clock from wrong keys', () => {
  const refused = (clockSkewMs: number) =>
    faultToError(fault(401, 'unable to verify', { clockSkewMs })).message;
  expect(refused(-17 * 60_000)).toContain('17 minutes behind');
  expect(refused(17 * 60_000)).toContain('17 minutes ahead of');
  expect(refused(20_000)).toContain('keys are wrong');
  expect(describeSkew(-4_000)).toBe('4 s behind');
});

it('says of an unknown outcome that it is read back first, with the job where it is known', () => {
  const error = faultToError(new OutcomeUnknown('attachVolume', 'the answer was lost.', 'j1'));
  expect(error).toMatchObject({ code: 'outcome.unknown', context: { command: 'attachVolume', jobId: 'j1' } });
  expect(error.recovery).toBe('retry');
  expect(ERRORS[error.code].remedy).toContain('read back');
});

it('leaves our own errors as they are, and wraps the rest', () => {
  const own = new MigrationError('peer.untrusted', 'x');
  expect(faultToError(own)).toBe(own);
  expect(faultToError(new TypeError('x')).code).toBe('internal.unexpected');
  expect(isNotFound(fault(431, 'does not exist'))).toBe(true);
  expect(isNotFound(fault(530, 'does not exist'))).toBe(false);
  expect(isForbidden(fault(531))).toBe(true);
});
