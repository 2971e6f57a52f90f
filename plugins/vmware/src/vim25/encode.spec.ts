import { expect, it } from 'vitest';
import { encodeCall } from './encode.js';
import { moRef } from './references.js';

const vm = moRef('VirtualMachine', 'vm-51');
const bodyOf = (envelope: string) => /<soapenv:Body>(.*)<\/soapenv:Body>/s.exec(envelope)?.[1];

it('writes arguments in the order of the xsd, whatever order they are given in', () => {
  const args = { quiesce: false, memory: false, description: 'd', name: 'n' };
  expect(bodyOf(encodeCall('CreateSnapshot_Task', vm, args))).toBe(
    '<CreateSnapshot_Task xmlns="urn:vim25"><_this type="VirtualMachine">vm-51</_this><name>n</name>' +
      '<description>d</description><memory>false</memory><quiesce>false</quiesce></CreateSnapshot_Task>',
  );
});

it('says the type of a subtype and of a value that can be anything, and no other', () => {
  const spec = {
    extraConfig: [
      { key: 'a', value: 'x' },
      { key: 'b', value: 7 },
      { key: 'c', value: 2 ** 40 },
      { key: 'd', value: 0.5 },
      { key: 'e', value: true },
      { key: 'f', value: ['y'] },
      { key: 'g', value: vm },
      { key: 'h', value: { $type: 'VirtualDisk', key: 1, capacityInKB: 2 } },
    ],
    deviceChange: [{ operation: 'remove', device: { $type: 'VirtualDisk', capacityInKB: 4, key: 2000 } }],
  };
  const xml = encodeCall('ReconfigVM_Task', vm, { spec });
  expect(xml).toContain(
    '<device xsi:type="VirtualDisk"><key>2000</key><capacityInKB>4</capacityInKB></device>',
  );
  expect([...xml.matchAll(/<value (.*?)<\/value>/g)].map(([, value]) => value)).toEqual([
    'xsi:type="xsd:string">x',
    'xsi:type="xsd:int">7',
    'xsi:type="xsd:long">1099511627776',
    'xsi:type="xsd:double">0.5',
    'xsi:type="xsd:boolean">true',
    'xsi:type="ArrayOfString"><string>y</string>',
    'xsi:type="ManagedObjectReference" type="VirtualMachine">vm-51',
    'xsi:type="VirtualDisk"><key>1</key><capacityInKB>2</capacityInKB>',
  ]);
  expect(xml.indexOf('<deviceChange>')).toBeLessThan(xml.indexOf('<extraConfig>'));
});

it.each([
  ['CreateSnapshot_Task', { name: 'n', memory: false }, 'CreateSnapshot_Task.quiesce is missing'],
  ['CreateSnapshot_Task', { name: 'n', memory: false, quiesce: false, secret: 'x' }, 'does not know: secret'],
  ['CreateSnapshot_Task', { name: 'n', memory: 'no', quiesce: false }, 'memory must be true or false'],
  ['CreateSnapshot_Task', { name: 7, memory: false, quiesce: false }, 'name must be text'],
  ['ReconfigVM_Task', { spec: { numCPUs: 1.5 } }, 'spec.numCPUs must be a whole number'],
  ['ReconfigVM_Task', { spec: { numCPUs: 2 ** 31 } }, 'spec.numCPUs must be a whole number'],
  ['ReconfigVM_Task', { spec: { memoryMB: 2 ** 53 } }, 'spec.memoryMB must be a whole number'],
  ['ReconfigVM_Task', { spec: { extraConfig: { key: 'a' } } }, 'spec.extraConfig must be a list'],
  ['ReconfigVM_Task', { spec: { extraConfig: [{ value: 1 }] } }, 'extraConfig[0].key is missing'],
  ['ReconfigVM_Task', { spec: { $type: 'VirtualDisk' } }, 'spec must be a VirtualMachineConfigSpec'],
  ['ReconfigVM_Task', { spec: { $type: 'Later', $declared: 'VirtualMachineConfigSpec' } }, 'not known'],
  ['ReconfigVM_Task', { spec: { toString: 'x' } }, 'does not know: toString'],
  ['ReconfigVM_Task', { spec: null }, 'spec must be a'],
  ['RemoveSnapshot_Task', { removeChildren: false, consolidate: null }, 'consolidate must be'],
  ['CreateContainerView', { container: 'group-d1', recursive: true }, 'container must be a reference'],
  ['PowerOnVM_Task', { host: { type: 'HostSystem' } }, 'host must be a reference'],
])('%s refuses %j', (method, args, message) => {
  expect(() => encodeCall(method, vm, args)).toThrow(
    expect.objectContaining({
      code: 'request.invalid',
      message: expect.stringContaining(message) as string,
    }),
  );
});

it('refuses a value that an enumeration does not have', () => {
  const deviceChange = [{ operation: 'explode', device: { $type: 'VirtualDisk', key: 1, capacityInKB: 1 } }];
  expect(() => encodeCall('ReconfigVM_Task', vm, { spec: { deviceChange } })).toThrow(
    /one of add, remove, edit/,
  );
});

it('refuses text that XML has no way to write, without showing it', () => {
  for (const bad of ['\u0000', '\u0007', '\u001b', '\ufffe', '\ud800', '\udc00x'])
    expect(() => encodeCall('Login', vm, { userName: 'u', password: `geheim${bad}` })).toThrow(
      expect.objectContaining({
        code: 'request.invalid',
        message: 'Login.password has a control character, which cannot be sent.',
      }),
    );
});

it('escapes what XML means something by, in attributes too', () => {
  const odd = moRef('Virtual"Machine<', '/tmp/<&>"\r]]>');
  expect(bodyOf(encodeCall('ShutdownGuest', odd, {}))).toBe(
    '<ShutdownGuest xmlns="urn:vim25"><_this type="Virtual&quot;Machine&lt;">/tmp/&lt;&amp;&gt;&quot;&#13;]]&gt;</_this></ShutdownGuest>',
  );
});

it('throws for a method that the schema does not have', () => {
  expect(() => encodeCall('Destroy_Task', vm, {})).toThrow(TypeError);
  expect(() => encodeCall('constructor', vm, {})).toThrow(TypeError);
});
