import { afterEach, beforeEach, expect, it } from 'vitest';
import { guidedSetUp } from './index.js';
import {
  APPLIANCE,
  APPLIANCE_UUID,
  DISK_OFFERING,
  MAC,
  NETWORK,
  NETWORK_OFFERING,
  SERVICE_OFFERING,
  SmallCloud,
  TEMPLATE,
  ZONE,
  listOf,
} from './testing/small-cloud.js';

const call = { signal: new AbortController().signal };
let cloud: SmallCloud;
beforeEach(async () => (cloud = await new SmallCloud().start()));
afterEach(() => cloud.stop());

const discover = (more: object = {}) =>
  guidedSetUp.discover({ ...cloud.credentials, ...more }, cloud.context, call);
const found = async (kind: string) => {
  const { resources } = await discover();
  return resources.find((one) => one.kind === kind)!;
};

it('finds all there is to choose from, with one request per kind', async () => {
  const { appliance, facts, resources } = await discover();
  expect(appliance).toEqual({
    id: APPLIANCE_UUID,
    name: 'OMA',
    how: expect.stringMatching(new RegExp(`system UUID ${APPLIANCE_UUID}.*"OMA".*${MAC} agrees`)) as string,
  });
  expect(facts).toEqual(
    expect.arrayContaining([
      { title: 'CloudStack', value: '4.22.0.0' },
      { title: 'Account', value: 'ops of ROOT' },
      { title: 'Machines left', value: '5' },
      { title: 'Volumes left', value: 'unlimited' },
      { title: 'Snapshots of running machines', value: 'on' },
      { title: 'Connection', value: 'not encrypted' },
    ]),
  );
  expect(resources.map(({ kind, field, items }) => [kind, field, items.map(({ value }) => value)])).toEqual([
    ['appliances', 'applianceVmId', [APPLIANCE_UUID]],
    ['zones', 'zoneId', ['z1']],
    ['templates', 'templateId', ['t1']],
    ['service-offerings', 'serviceOfferingId', ['s1']],
    ['disk-offerings', 'diskOfferingId', ['d1']],
    ['networks', 'networkId', ['net1']],
    ['network-offerings', 'testNetworkOfferingId', ['no1']],
    ['limits', undefined, ['2']],
  ]);
  expect(resources.flatMap(({ items }) => items).filter(({ unsuitable }) => unsuitable)).toEqual([]);
  // every field of the selection has one that most would take
  for (const { items, field } of resources)
    if (field) expect(items.filter((one) => one.recommended)).toHaveLength(1);
  const commands = cloud.api.asked.map(({ command }) => command);
  expect(new Set(commands).size).toBe(commands.length);
  expect(commands).toHaveLength(10);
});

it('shows what cannot be chosen, and why', async () => {
  cloud.api
    .on(
      'listZones',
      listOf(
        'zone',
        ZONE,
        { id: 'z2', name: 'Two' },
        { id: 'z3', name: 'Three', allocationstate: 'Disabled' },
      ),
    )
    .on(
      'listTemplates',
      listOf(
        'template',
        { ...TEMPLATE, zoneid: 'z2', zonename: 'Two' },
        TEMPLATE,
        { ...TEMPLATE, id: 'big', size: 8 * 1024 ** 3 },
        { ...TEMPLATE, id: 'xen', hypervisor: 'XenServer' },
        { ...TEMPLATE, id: 'soon', isready: false },
        { ...TEMPLATE, id: 'far', zoneid: 'z2' },
      ),
    )
    .on(
      'listServiceOfferings',
      listOf('serviceoffering', SERVICE_OFFERING, {
        id: 's2',
        name: 'Small',
        cpunumber: 1,
        memory: 512,
        iscustomized: false,
      }),
    )
    .on('listDiskOfferings', listOf('diskoffering', DISK_OFFERING, { id: 'd2', name: '5 GB', disksize: 5 }))
    .on('listNetworks', listOf('network', NETWORK, { ...NETWORK, id: 'net2', zoneid: 'z2' }))
    .on(
      'listNetworkOfferings',
      listOf(
        'networkoffering',
        { ...NETWORK_OFFERING, id: 'l2', guestiptype: 'L2' },
        NETWORK_OFFERING,
        { ...NETWORK_OFFERING, id: 'vlan', specifyvlan: true },
        { ...NETWORK_OFFERING, id: 'shared', guestiptype: 'Shared' },
        { ...NETWORK_OFFERING, id: 'vpc', forvpc: true },
      ),
    );
  const { resources } = await discover();
  const reasons = Object.fromEntries(
    resources.map(({ kind, items }) => [
      kind,
      Object.fromEntries(items.map(({ value, unsuitable }) => [value, unsuitable])),
    ]),
  );
  const because = (words: string) => expect.stringContaining(words) as string;
  expect(reasons).toMatchObject({
    zones: { z1: undefined, z2: because('another zone'), z3: because('disabled') },
    templates: {
      t1: undefined,
      big: because('8 GiB'),
      xen: because('XenServer'),
      soon: because('not ready'),
      far: because('another zone'),
    },
    'service-offerings': { s1: undefined, s2: because('fixed') },
    'disk-offerings': { d1: undefined, d2: because('5 GiB') },
    networks: { net1: undefined, net2: because('another zone') },
    'network-offerings': {
      no1: undefined,
      l2: undefined,
      vlan: because('VLAN'),
      shared: because('Shared'),
      vpc: because('VPC'),
    },
  });
  const recommended = resources.flatMap(({ items }) =>
    items.filter((one) => one.recommended).map(({ value }) => value),
  );
  expect(recommended).toEqual([APPLIANCE_UUID, 'z1', 't1', 's1', 'd1', 'net1', 'no1']);
});

it('names what may not be listed, and gives the rest', async () => {
  const denied = { fault: 401, text: 'unable to verify user credentials and/or request signature' };
  cloud.api
    .on('listNetworkOfferings', denied)
    .on('listCapabilities', denied)
    .on('listNetworks', { fault: 530, text: 'oops' });
  const { resources, appliance } = await discover();
  expect(appliance.id).toBe(APPLIANCE_UUID);
  const problems = resources.filter(({ problem }) => problem);
  expect(problems).toMatchObject([
    {
      kind: 'networks',
      problem: { code: 'peer.fault', message: expect.stringContaining('listNetworks: oops') as string },
    },
    {
      kind: 'network-offerings',
      items: [],
      problem: {
        code: 'peer.forbidden',
        remedy: expect.stringContaining('Allow listNetworkOfferings') as string,
      },
    },
    { kind: 'capabilities', problem: { code: 'peer.forbidden' } },
  ]);
});

it('asks for featured templates where none is executable', async () => {
  cloud.api.on('listTemplates', {}, listOf('template', TEMPLATE));
  expect((await found('templates')).items).toHaveLength(1);
  const filters = cloud.api.asked.flatMap(({ parameters }) => parameters['templatefilter'] ?? []);
  expect(filters).toEqual(['executable', 'featured']);
});

it('throws where nothing can be found: wrong keys, nobody there, no zone', async () => {
  cloud.api.on('listZones', {
    fault: 401,
    text: 'unable to verify user credentials and/or request signature',
  });
  await expect(discover()).rejects.toMatchObject({ code: 'auth.rejected' });
  cloud.api.on('listZones', {});
  await expect(discover()).rejects.toMatchObject({ code: 'resource.not-found' });
  await expect(discover({ apiUrl: 'ftp://nowhere' })).rejects.toMatchObject({ code: 'config.invalid' });
});

it('finds the appliance by its MAC address where its UUID is not told', async () => {
  await cloud.put('sys/class/dmi');
  const { appliance } = await discover();
  expect(appliance).toMatchObject({ id: APPLIANCE_UUID, how: expect.stringContaining(MAC) as string });
});

it('finds the appliance in a project, and says which is to be entered', async () => {
  cloud.api.on('listVirtualMachines', {}, listOf('virtualmachine', { ...APPLIANCE, projectid: 'p1' }));
  const { appliance } = await discover();
  expect(appliance).toMatchObject({
    id: APPLIANCE_UUID,
    remedy: expect.stringContaining('enter p1') as string,
  });
  expect(cloud.api.asked.find(({ parameters }) => parameters['projectid'] === '-1')).toBeDefined();
});

it('shows all machines where none is this one, or several are', async () => {
  await cloud.put('sys/class/dmi');
  cloud.api.on('listVirtualMachines', listOf('virtualmachine', { ...APPLIANCE, nic: [] }));
  const none = await discover();
  expect(none.appliance).toMatchObject({
    how: expect.stringContaining(MAC) as string,
    remedy: expect.any(String) as string,
  });
  expect(none.appliance.id).toBe(undefined);
  expect(none.resources[0]?.items).toMatchObject([{ value: APPLIANCE_UUID, label: 'OMA' }]);
  cloud.api.on(
    'listVirtualMachines',
    listOf('virtualmachine', APPLIANCE, { ...APPLIANCE, id: 'twin', displayname: 'Twin' }),
  );
  const several = await discover();
  expect(several.appliance).toMatchObject({ how: expect.stringContaining('OMA, Twin') as string });
});
