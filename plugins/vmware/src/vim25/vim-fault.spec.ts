import { describe, expect, it } from 'vitest';
import { decodeAnswer } from './soap-answer.js';
import { VimFault, faultNameOf } from './vim-fault.js';
import { readXml } from './xml-reader.js';

const XSI = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"';

function answered(detail: string, message = 'm'): VimFault {
  const fault = `<faultcode>ServerFaultCode</faultcode><faultstring>${message}</faultstring>${detail}`;
  const xml = `<S:Envelope ${XSI}><S:Body><S:Fault>${fault}</S:Fault></S:Body></S:Envelope>`;
  try {
    decodeAnswer(readXml(xml), 'CurrentTime');
  } catch (error) {
    if (error instanceof VimFault) return error;
    throw error;
  }
  throw new Error('It was no fault.');
}

describe('the name of a fault', () => {
  it.each([
    ['InvalidLoginFault', undefined, 'InvalidLogin'],
    ['NotAuthenticatedFault', undefined, 'NotAuthenticated'],
    // the suffix goes once, and the name's own stays
    ['FileFaultFault', undefined, 'FileFault'],
    ['FileFault', undefined, 'FileFault'],
    ['SnapshotFaultFault', undefined, 'SnapshotFault'],
    ['RuntimeFaultFault', 'ManagedObjectNotFound', 'ManagedObjectNotFound'],
    ['FileFaultFault', 'FileFault', 'FileFault'],
    // as vcsim writes it
    ['Fault', 'InvalidPowerState', 'InvalidPowerState'],
    ['Fault', undefined, 'Fault'],
    ['SomethingNewFault', undefined, 'SomethingNew'],
  ])('of <%s> with the type %s is %s', (element, type, name) => {
    expect(faultNameOf(element, type)).toBe(name);
  });
});

it('has the fields of the fault, and what vSphere says', () => {
  const detail =
    '<detail><NoPermissionFault i:type="NoPermission"><object type="Folder">group-d1</object><privilegeId>System.View</privilegeId></NoPermissionFault></detail>';
  const fault = answered(detail, 'Permission to perform this operation was denied.');
  expect(fault).toMatchObject({
    name: 'VimFault',
    faultName: 'NoPermission',
    localizedMessage: 'Permission to perform this operation was denied.',
    message: 'NoPermission: Permission to perform this operation was denied.',
    detail: {
      $type: 'NoPermission',
      object: { type: 'Folder', value: 'group-d1' },
      privilegeId: 'System.View',
    },
  });
});

it('reads the fields of a fault whose type only its element says', () => {
  expect(
    answered(
      '<detail><InvalidArgumentFault><invalidProperty>startOffset</invalidProperty></InvalidArgumentFault></detail>',
    ).detail,
  ).toEqual({
    $type: 'InvalidArgument',
    invalidProperty: 'startOffset',
  });
});

it('keeps the name of one that is not known', () => {
  const fault = answered('<detail><Fault i:type="DeviceOfTomorrowFault"><x>1</x></Fault></detail>');
  expect(fault.faultName).toBe('DeviceOfTomorrowFault');
  expect([fault.is('DeviceOfTomorrowFault'), fault.is('MethodFault'), fault.is('NotFound')]).toEqual([
    true,
    true,
    false,
  ]);
});

it('takes the code where there is no detail', () => {
  expect(answered('')).toMatchObject({ faultName: 'ServerFaultCode', localizedMessage: 'm' });
});

it('knows what a fault is a kind of', () => {
  const locked = answered(
    '<detail><FileLockedFault i:type="FileLocked"><file>[ds] a.vmdk</file></FileLockedFault></detail>',
  );
  expect([locked.is('FileLocked'), locked.is('FileFault'), locked.is('InvalidState')]).toEqual([
    true,
    true,
    false,
  ]);
});

it('takes the fault of a task or a property out of its message', () => {
  const fault = { $type: 'FileLocked', file: '[ds] a.vmdk' };
  expect(
    VimFault.of({ $type: 'LocalizedMethodFault', fault, localizedMessage: 'locked' } as never),
  ).toMatchObject({
    faultName: 'FileLocked',
    localizedMessage: 'locked',
    detail: fault,
  });
  expect(VimFault.of({ $type: 'LocalizedMethodFault', fault } as never).localizedMessage).toBe('');
});
