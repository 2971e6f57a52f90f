/**
 * Names a managed object at the server. The value is opaque: `vm-51` on a vCenter, `12` on an ESXi host, a path in a
 * simulator; the same machine has another one on the host than on the vCenter.
 */
export interface ManagedObjectReference<Type extends string = string> {
  readonly type: Type;
  readonly value: string;
}

/** A reference whose type the compiler knows, so that its properties are typed when they are read. */
export function moRef<Type extends string>(type: Type, value: string): ManagedObjectReference<Type> {
  return { type, value };
}

/** One text per object, for maps and sets. */
export function refKey({ type, value }: ManagedObjectReference): string {
  return `${type}:${value}`;
}

/** The entry point of the API: the only object whose id is known before a call (vSphere Web Services API reference). */
export const SERVICE_INSTANCE = moRef('ServiceInstance', 'ServiceInstance');
