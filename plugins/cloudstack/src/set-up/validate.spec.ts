import { afterEach, beforeEach, expect, it } from 'vitest';
import { guidedSetUp } from './index.js';
import { APPLIANCE, SELECTION, SmallCloud, listOf } from './testing/small-cloud.js';

const call = { signal: new AbortController().signal };
let cloud: SmallCloud;
beforeEach(async () => (cloud = await new SmallCloud().start()));
afterEach(() => cloud.stop());

const validate = (selection: object = {}) => {
  const given = { credentials: cloud.credentials, selection: { ...SELECTION, ...selection } };
  return guidedSetUp.validate(given, cloud.context, call);
};

it('passes what is right, tries a volume, and skips what a user may not see', async () => {
  const findings = await validate();
  const by = (outcome: string) => findings.filter((one) => one.outcome === outcome).map(({ check }) => check);
  expect(by('fail')).toEqual([]);
  expect(by('warning')).toEqual(['connection-is-encrypted']);
  expect(by('skipped')).toEqual([
    'storage-takes-root-disks',
    'installation-has-capacity',
    'hosts-start-uefi',
  ]);
  expect(by('pass')).toContain('trial-with-a-volume');
  expect(cloud.left).toBe(undefined);
});

it('asks for what was chosen only', async () => {
  await validate();
  const lists = cloud.api.asked.filter(({ command }) => command.startsWith('list'));
  const unasked = lists.filter(({ parameters: { id, zoneid, virtualmachineid, name, hypervisor } }) =>
    [id, zoneid, virtualmachineid, name, hypervisor].every((one) => one === undefined),
  );
  expect(unasked.map(({ command }) => command).sort()).toEqual(['listAccounts', 'listCapabilities']);
});

it('does not touch a volume where something before that is wrong, and says what', async () => {
  cloud.api.on('listVirtualMachines', listOf('virtualmachine', { ...APPLIANCE, account: 'somebody' }));
  const findings = await validate();
  expect(findings.at(-1)).toMatchObject({
    check: 'trial-with-a-volume',
    outcome: 'skipped',
    message: expect.stringContaining('belongs to the account') as string,
  });
  expect(cloud.api.count('createVolume')).toBe(0);
});

it('names a chosen thing that does not exist any more', async () => {
  cloud.api.on('listDiskOfferings', { fault: 431, text: 'Invalid parameter id: entity does not exist' });
  expect((await validate()).filter(({ outcome }) => outcome === 'fail')).toMatchObject([
    { check: 'disk-offering-takes-any-size', code: 'resource.not-found' },
  ]);
});

it('throws where nothing can be checked', async () => {
  cloud.api.on('listCapabilities', { fault: 401, text: 'unable to verify user credentials' });
  await expect(validate()).rejects.toMatchObject({ code: 'auth.rejected' });
  await expect(validate({ zoneId: 'a b' })).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining('zoneId') as string,
  });
});

it('makes settings of the credentials and the selection', () => {
  const settings = guidedSetUp.settingsOf(guidedSetUp.credentials.parse(cloud.credentials), SELECTION);
  expect(settings).toMatchObject({ ...cloud.credentials, ...SELECTION });
});
