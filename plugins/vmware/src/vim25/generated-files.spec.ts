import { expect, expectTypeOf, it } from 'vitest';
import { MANAGED, METHODS, TYPES, VERSIONS } from './generated/schema.js';
import type { DataTypes, Methods, VirtualMachineConfigInfo } from './generated/types.js';
import type { PropertyAt } from './property-paths.js';
import { enumOf, isSubtype, methodOf, structureOf } from './type-table.js';
import type { ManagedObjects } from './generated/types.js';

// Written down from the vSphere Web Services API reference and the WSDL that ESXi serves, not from the schema.

it.each([
  ['DiskChangeInfo', 'startOffset length changedArea'],
  ['DiskChangeExtent', 'start length'],
  ['PropertyFilterSpec', 'propSet objectSet reportMissingObjectsInResults'],
  ['PropertySpec', 'type all pathSet'],
  ['ObjectSpec', 'obj skip selectSet'],
  ['TraversalSpec', 'name type path skip selectSet'],
  ['RetrieveResult', 'token objects'],
  ['ObjectContent', 'obj propSet missingSet'],
  ['UpdateSet', 'version filterSet truncated'],
  ['ObjectUpdate', 'kind obj changeSet missingSet'],
  ['PropertyChange', 'name op val'],
  ['LocalizedMethodFault', 'fault localizedMessage'],
  ['OptionValue', 'key value'],
  ['VirtualDeviceConfigSpec', 'operation fileOperation device profile backing filterSpec changeMode'],
  ['VirtualMachineSnapshotInfo', 'currentSnapshot rootSnapshotList'],
  [
    'UserSession',
    'key userName fullName loginTime lastActiveTime locale messageLocale extensionSession ipAddress userAgent callCount',
  ],
  [
    'AboutInfo',
    'name fullName vendor version patchLevel build localeVersion localeBuild osType productLineId apiType apiVersion instanceUuid licenseProductName licenseProductVersion',
  ],
  ['InvalidPowerState', 'faultCause faultMessage requestedState existingState'],
])('the elements of %s come in the order of the xsd', (type, order) => {
  expect([...(structureOf(type)?.fields.keys() ?? [])].join(' ')).toBe(order);
});

it('has the elements of a base before those of the type itself', () => {
  const order = [...(structureOf('VirtualDisk')?.fields.keys() ?? [])];
  expect(order.slice(0, 7).join(' ')).toBe(
    'key deviceInfo backing connectable slotInfo controllerKey unitNumber',
  );
  expect(order.indexOf('capacityInKB')).toBeGreaterThan(order.indexOf('unitNumber'));
  expect(order.indexOf('capacityInBytes')).toBe(order.indexOf('capacityInKB') + 1);
});

it.each([
  ['Login', 'userName! password! locale?'],
  ['CreateSnapshot_Task', 'name! description? memory! quiesce!'],
  ['RemoveSnapshot_Task', 'removeChildren! consolidate?'],
  ['QueryChangedDiskAreas', 'snapshot? deviceKey! startOffset! changeId!'],
  ['CreateContainerView', 'container! type? recursive!'],
  ['RetrievePropertiesEx', 'specSet! options!'],
  ['WaitForUpdatesEx', 'version? options?'],
  ['CreateFilter', 'spec! partialUpdates!'],
  ['FindByUuid', 'datacenter? uuid! vmSearch! instanceUuid?'],
  ['HasPrivilegeOnEntities', 'entity! sessionId! privId?'],
  ['ReconfigVM_Task', 'spec!'],
])('the arguments of %s are those of the WSDL', (method, expected) => {
  const { parameters } = methodOf(method);
  expect(parameters.map(({ name, optional }) => `${name}${optional ? '?' : '!'}`).join(' ')).toBe(expected);
});

it('knows what the rest of the plugin asks of it', () => {
  expect(enumOf('VirtualMachinePowerState')).toEqual(new Set(['poweredOff', 'poweredOn', 'suspended']));
  expect(enumOf('TaskInfoState')).toEqual(new Set(['queued', 'running', 'success', 'error']));
  for (const backing of ['FlatVer2', 'SparseVer2', 'SeSparse', 'RawDiskMappingVer1', 'RawDiskVer2']) {
    const name = `VirtualDisk${backing}BackingInfo`;
    expect(isSubtype(name, 'VirtualDeviceBackingInfo')).toBe(true);
    expect(structureOf(name)?.fields.get('changeId')).toMatchObject({ code: 'string', optional: true });
  }
  for (const device of [
    'VirtualTPM',
    'VirtualNVMEController',
    'VirtualVmxnet3',
    'ParaVirtualSCSIController',
    'VirtualAHCIController',
  ])
    expect(isSubtype(device, 'VirtualDevice')).toBe(true);
  for (const fault of [
    'NotAuthenticated',
    'InvalidLogin',
    'FileLocked',
    'InvalidPowerState',
    'ApplicationQuiesceFault',
    'RestrictedVersion',
  ])
    expect(isSubtype(fault, 'MethodFault')).toBe(true);
  expect(structureOf('TaskInfo')?.fields.get('error')?.code).toBe('LocalizedMethodFault');
  expect(structureOf('MissingProperty')?.fields.get('fault')?.code).toBe('LocalizedMethodFault');
  expect(VERSIONS).toEqual(expect.arrayContaining(['6.5', '6.7', '7.0.3.0', '8.0.3.0']));
});

it('refers to nothing that it does not have', () => {
  const primitives = new Set(
    'any string boolean byte short int long float double dateTime base64Binary'.split(' '),
  );
  const rows = [
    ...Object.values(TYPES).filter((row) => !row.startsWith('=')),
    ...Object.values(MANAGED),
    ...Object.values(METHODS),
  ];
  const named = rows.flatMap((row) =>
    [...row.matchAll(/:([^ ?[\]|]+)|\|([\w@]+)(?:\[\])?\??$/g)].map(([, one, other]) => one ?? other ?? ''),
  );
  const unknown = named.filter(
    (code) => !code.startsWith('@') && !primitives.has(code) && !Object.hasOwn(TYPES, code),
  );
  expect(unknown).toEqual([]);
  for (const [name, row] of Object.entries(TYPES)) {
    const [base = ''] = row.split('|');
    if (!row.startsWith('=') && base !== '') expect(Object.hasOwn(TYPES, base), name).toBe(true);
  }
});

it('types what is read by its path', () => {
  type Vm = ManagedObjects['VirtualMachine'];
  expectTypeOf<PropertyAt<Vm, 'config'>>().toEqualTypeOf<VirtualMachineConfigInfo>();
  expectTypeOf<PropertyAt<Vm, 'config.changeTrackingEnabled'>>().toEqualTypeOf<boolean>();
  expectTypeOf<PropertyAt<Vm, 'config.hardware.device'>>().toEqualTypeOf<
    readonly DataTypes['VirtualDevice'][]
  >();
  expectTypeOf<PropertyAt<Vm, 'runtime.powerState'>>().toEqualTypeOf<
    'poweredOff' | 'poweredOn' | 'suspended'
  >();
  expectTypeOf<PropertyAt<Vm, 'no.such'>>().toEqualTypeOf<unknown>();
  expectTypeOf<Methods['QueryChangedDiskAreas']['result']>().toEqualTypeOf<DataTypes['DiskChangeInfo']>();
});
