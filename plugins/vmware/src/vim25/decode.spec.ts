import { expect, it } from 'vitest';
import { decodeValue, isA } from './decode.js';
import { decodeAnswer } from './soap-answer.js';
import { propertyOf } from './type-table.js';
import { readXml } from './xml-reader.js';

const XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
const decode = (xml: string, code: string) =>
  decodeValue(readXml(xml.replace(/^<(\w+)/, `<$1 ${XSI}`)), code);
const answer = (method: string, inner: string) =>
  decodeAnswer(
    readXml(`<s:Envelope><s:Body><${method}Response>${inner}</${method}Response></s:Body></s:Envelope>`),
    method,
  );

it('gives real numbers and booleans, single elements as arrays, and the type of each structure', () => {
  const xml =
    '<returnval><startOffset>0</startOffset><length>1099511627776</length>' +
    '<changedArea><start>65536</start><length>131072</length></changedArea></returnval>';
  expect(answer('QueryChangedDiskAreas', xml)).toEqual({
    $type: 'DiskChangeInfo',
    startOffset: 0,
    length: 1099511627776,
    changedArea: [{ $type: 'DiskChangeExtent', start: 65536, length: 131072 }],
  });
});

it.each([
  ['<startOffset>0</startOffset>', 'without its length'],
  ['<startOffset>0</startOffset><length>9007199254740993</length>', 'too large'],
  ['<startOffset>0</startOffset><length>1e3</length>', 'not a whole number'],
  ['<startOffset/><length>1</length>', 'not a whole number'],
  [
    '<startOffset>0</startOffset><length>1</length><changedArea><start>0</start></changedArea>',
    'without its length',
  ],
])('never guesses what becomes an offset on a disk: %s', (inner, message) => {
  expect(() => answer('QueryChangedDiskAreas', `<returnval>${inner}</returnval>`)).toThrow(
    expect.objectContaining({ code: 'peer.protocol', message: expect.stringContaining(message) as string }),
  );
});

it('lets a number that nobody can hold spoil no listing', () => {
  const xml = `<val xsi:type="NasDatastoreInfo"><name>n</name><freeSpace>9223372036854775807</freeSpace></val>`;
  expect(decode(xml, 'any')).toEqual({ $type: 'NasDatastoreInfo', name: 'n', freeSpace: Infinity });
});

it('reads a subtype that a newer server has as the declared type, and keeps its name', () => {
  const device = decode(
    '<device xsi:type="VirtualQuantumDisk"><key>9</key><spin>up</spin><backing xsi:type="VirtualDiskFlatVer9BackingInfo"/></device>',
    'VirtualDevice',
  );
  expect(device).toEqual({
    $type: 'VirtualQuantumDisk',
    $declared: 'VirtualDevice',
    key: 9,
    backing: { $type: 'VirtualDiskFlatVer9BackingInfo', $declared: 'VirtualDeviceBackingInfo' },
  });
  expect(isA(device, 'VirtualDevice')).toBe(true);
  expect(isA(device, 'VirtualDisk')).toBe(false);
});

it('knows what extends what', () => {
  const disk = decode('<d xsi:type="VirtualDisk"><key>1</key></d>', 'VirtualDevice');
  expect([isA(disk, 'VirtualDisk'), isA(disk, 'VirtualDevice'), isA(disk, 'VirtualController')]).toEqual([
    true,
    true,
    false,
  ]);
  expect([isA(undefined, 'VirtualDisk'), isA('VirtualDisk', 'VirtualDisk'), isA({}, 'VirtualDisk')]).toEqual([
    false,
    false,
    false,
  ]);
});

it.each([
  ['xsd:string', '0012', '0012'],
  ['string', '', ''],
  ['xsd:boolean', '1', true],
  ['xsd:boolean', 'false', false],
  ['xsd:int', ' -7 ', -7],
  ['xsd:short', '+3', 3],
  ['xsd:long', '-9223372036854775808', -Infinity],
  ['xsd:double', '1.5E3', 1500],
  ['xsd:float', 'INF', Infinity],
  ['xsd:dateTime', '2026-11-25T14:31:00.5Z', '2026-11-25T14:31:00.5Z'],
  ['xsd:base64Binary', 'AAEC', 'AAEC'],
  ['xsd:anyURI', 'ds:///vmfs', 'ds:///vmfs'],
  ['VirtualMachinePowerState', 'poweredOn', 'poweredOn'],
  ['PowerStateOfTomorrow', 'hovering', 'hovering'],
  ['ArrayOfString', '<string>a</string><string/>', ['a', '']],
  ['ArrayOfInt', '<int>1</int>', [1]],
  ['ArrayOfString', '', []],
  [
    'ArrayOfVirtualMachinePowerState',
    '<VirtualMachinePowerState>poweredOn</VirtualMachinePowerState>',
    ['poweredOn'],
  ],
  [
    'ArrayOfOptionValue',
    '<OptionValue><key>k</key><value xsi:type="xsd:int">1</value></OptionValue>',
    [{ $type: 'OptionValue', key: 'k', value: 1 }],
  ],
  [
    'ArrayOfManagedObjectReference',
    '<ManagedObjectReference type="HostSystem">host-1</ManagedObjectReference>',
    [{ type: 'HostSystem', value: 'host-1' }],
  ],
  [
    'ArrayOfTomorrow',
    '<Tomorrow xsi:type="VirtualDisk"><key>3</key></Tomorrow>',
    [{ $type: 'VirtualDisk', key: 3 }],
  ],
  ['constructor', '<a>1</a>', { $type: 'constructor', $declared: 'DynamicData' }],
  ['ArrayOfconstructor', '', []],
  ['SomethingOfTomorrow', '<a>1</a>', { $type: 'SomethingOfTomorrow', $declared: 'DynamicData' }],
])('a value of %s: %s', (type, inner, value) => {
  expect(decode(`<val xsi:type="${type}">${inner}</val>`, 'any')).toEqual(value);
});

it.each(['xsd:boolean', 'xsd:int', 'xsd:double'])('refuses nonsense as %s', (type) => {
  for (const nonsense of ['', 'yes', '1,5', '0x10', '--1'])
    expect(() => decode(`<val xsi:type="${type}">${nonsense}</val>`, 'any')).toThrow(
      expect.objectContaining({ code: 'peer.protocol' }),
    );
});

it("takes a property's own type where the value does not say one that is known", () => {
  const xml =
    '<o><obj type="VirtualMachine">vm-1</obj>' +
    '<propSet><name>config.hardware.device</name><val xsi:type="ArrayOfTomorrow"><X><key>1</key></X></val></propSet>' +
    '<propSet><name>config.firmware</name><val>efi</val></propSet>' +
    '<propSet><name>summary.storage.committed</name><val>12</val></propSet>' +
    '<propSet><name>config</name><val xsi:type="ConfigOfTomorrow"><uuid>u</uuid></val></propSet>' +
    '<missingSet><path>guest</path><fault><fault xsi:type="NoPermission"><privilegeId>System.Read</privilegeId></fault>' +
    '<localizedMessage>m</localizedMessage></fault></missingSet></o>';
  const { propSet, missingSet } = decode(xml, 'ObjectContent') as {
    propSet: { val: unknown }[];
    missingSet: unknown;
  };
  expect(propSet.map(({ val }) => val)).toEqual([
    [{ $type: 'VirtualDevice', key: 1 }],
    'efi',
    12,
    expect.objectContaining({
      $type: 'ConfigOfTomorrow',
      $declared: 'VirtualMachineConfigInfo',
      uuid: 'u',
    }),
  ]);
  expect(missingSet).toMatchObject([
    { path: 'guest', fault: { fault: { $type: 'NoPermission', privilegeId: 'System.Read' } } },
  ]);
});

it('finds the type of a property by its path', () => {
  const shape = (path: string) => {
    const { code, array } = propertyOf('VirtualMachine', path) ?? { code: '', array: false };
    return `${code}${array ? '[]' : ''}`;
  };
  expect(shape('config.hardware.device')).toBe('VirtualDevice[]');
  expect(shape('config.hardware.device[2000]')).toBe('VirtualDevice');
  expect(shape('config.hardware.device[2000].backing')).toBe('VirtualDeviceBackingInfo');
  expect(shape('config.extraConfig["a.b"].value')).toBe('any');
  expect(shape('name')).toBe('string');
  expect(shape('datastore')).toBe('@Datastore[]');
  expect([shape('nothing'), shape('name.x'), shape('__proto__'), shape('constructor.name')]).toEqual([
    '',
    '',
    '',
    '',
  ]);
});

it('ignores what a newer server has added, and never writes to a prototype', () => {
  const data = decode(
    '<d><label>l</label><__proto__><x>1</x></__proto__><future>1</future></d>',
    'Description',
  );
  expect(data).toEqual({ $type: 'Description', label: 'l' });
  expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
});

it('tells an absent result from one that lacks', () => {
  expect(answer('RetrievePropertiesEx', '')).toBeUndefined();
  expect(answer('FetchUserPrivilegeOnEntities', '')).toEqual([]);
  expect(answer('Logout', '')).toBeUndefined();
  expect(() => answer('CurrentTime', '')).toThrow(expect.objectContaining({ code: 'peer.protocol' }));
  expect(() => decodeAnswer(readXml('<a/>'), 'Logout')).toThrow(
    expect.objectContaining({ code: 'peer.protocol' }),
  );
});
