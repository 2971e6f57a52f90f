import type { Discovery } from '@ossea/plugin-sdk';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { guidedSetUp } from '../../../plugins/cloudstack/src/set-up/index.js';
import { SetUpBench } from './set-up-bench.js';

let bench: SetUpBench;
beforeAll(async () => (bench = await SetUpBench.start()));
afterAll(() => bench[Symbol.asyncDispose]());

const itemsOf = ({ resources }: Discovery, kind: string) =>
  resources.find((one) => one.kind === kind)?.items ?? [];
const chosen = (discovery: Discovery, kind: string) =>
  itemsOf(discovery, kind).find(({ recommended }) => recommended)?.value;
const usable = (discovery: Discovery, kind: string) =>
  itemsOf(discovery, kind)
    .filter(({ unsuitable }) => unsuitable === undefined)
    .map(({ value }) => value);

it('finds the appliance by itself, and everything there is to choose from', async () => {
  const { ids, applianceVmId } = bench.simulator;
  const discovery = await bench.discover();
  expect(discovery.appliance).toMatchObject({
    id: applianceVmId,
    how: expect.stringContaining(applianceVmId) as string,
  });
  expect(discovery.resources.filter(({ problem }) => problem)).toEqual([]);
  expect({
    zone: chosen(discovery, 'zones'),
    template: chosen(discovery, 'templates'),
    service: chosen(discovery, 'service-offerings'),
    disk: chosen(discovery, 'disk-offerings'),
    test: chosen(discovery, 'network-offerings'),
  }).toEqual({
    zone: ids.zone,
    template: ids.template,
    service: ids.customOffering,
    disk: ids.customDiskOffering,
    test: ids.isolatedNetworkOffering,
  });
  expect(usable(discovery, 'networks').sort()).toEqual([ids.production, ids.shared].sort());
  const shown = discovery.resources.flatMap(({ items }) => items.map(({ value }) => value));
  expect(shown).not.toContain(ids.otherAccountNetwork);
  for (const [kind, id] of [
    ['zones', ids.otherZone],
    ['templates', ids.bigTemplate],
    ['service-offerings', ids.fixedOffering],
    ['disk-offerings', ids.fixedDiskOffering],
    ['network-offerings', ids.vlanNetworkOffering],
  ] as const)
    expect(itemsOf(discovery, kind).find(({ value }) => value === id)?.unsuitable).toMatch(/^[A-Z].*\.$/);
});

it('needs one request for each kind', async () => {
  const before = bench.simulator.requests().length;
  await bench.discover();
  const commands = bench.simulator
    .requests()
    .slice(before)
    .map(({ command }) => command);
  expect(commands.toSorted()).toEqual([
    'listAccounts',
    'listCapabilities',
    'listDiskOfferings',
    'listNetworkOfferings',
    'listNetworks',
    'listResourceLimits',
    'listServiceOfferings',
    'listTemplates',
    'listVirtualMachines',
    'listZones',
  ]);
});

it('names each list that the role does not have, and gives the rest', async () => {
  for (const command of ['listNetworkOfferings', 'listTemplates']) bench.simulator.withdraw(command);
  const { resources, appliance } = await bench.discover();
  for (const command of ['listNetworkOfferings', 'listTemplates']) bench.simulator.permit(command);
  expect(appliance.id).toBe(bench.simulator.applianceVmId);
  const problems = resources.flatMap(({ kind, problem }) =>
    problem ? [[kind, problem.code, problem.remedy]] : [],
  );
  expect(problems).toEqual([
    ['templates', 'peer.forbidden', expect.stringContaining('Allow listTemplates')],
    ['network-offerings', 'peer.forbidden', expect.stringContaining('Allow listNetworkOfferings')],
  ]);
});

it("says that a stranger's keys do not see the appliance, and what to do", async () => {
  const { appliance, resources } = await bench.discover('stranger');
  expect(appliance.id).toBe(undefined);
  expect(appliance.how).toContain(bench.simulator.applianceVmId);
  expect(appliance.remedy).toMatch(/keys of the account/);
  expect(resources.find(({ kind }) => kind === 'zones')?.items).not.toEqual([]);
});

it('works with the keys of an administrator', async () => {
  const { appliance } = await bench.discover('admin');
  expect(appliance.id).toBe(bench.simulator.applianceVmId);
});

it('refuses wrong keys, and does not tell them', async () => {
  const mine = bench.credentials();
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const context = { log, scratchDir: '/nowhere', run: {} as never };
  const given = { ...mine, secretKey: 'wr0ng-s3cret' };
  const error = await guidedSetUp.discover(given, context, { signal: new AbortController().signal }).then(
    () => expect.unreachable(),
    (thrown: Error) => thrown,
  );
  expect(error).toMatchObject({ code: 'auth.rejected' });
  expect(JSON.stringify([error.message, error.stack])).not.toMatch(new RegExp(`wr0ng|${mine.apiKey}`));
});
