import type { ManagedObjects, ObjectContent } from './generated/types.js';
import type { ManagedObjectReference } from './references.js';
import { VimFault } from './vim-fault.js';

/** What a path leads to, `config.hardware.device` for instance; `unknown` where the schema does not say. */
export type PropertyAt<T, Path extends string> = Path extends `${infer Head}.${infer Rest}`
  ? Head extends keyof NonNullable<T>
    ? PropertyAt<NonNullable<T>[Head], Rest>
    : unknown
  : Path extends keyof NonNullable<T>
    ? NonNullable<NonNullable<T>[Path]>
    : unknown;

/** Properties by their path. One that is not set, or may not be read, is absent. */
export type Properties<Type extends string, Path extends string> = {
  readonly [P in Path]?: Type extends keyof ManagedObjects ? PropertyAt<ManagedObjects[Type], P> : unknown;
};

/** A property that could not be read, and why: `NoPermission` mostly. */
export interface MissingPath {
  readonly path: string;
  readonly fault: VimFault;
}

/** One object as a property collector has read it. */
export interface Retrieved<Type extends string = string, Path extends string = string> {
  readonly obj: ManagedObjectReference<Type>;
  readonly props: Properties<Type, Path>;
  readonly missing: readonly MissingPath[];
}

/** An answer of a property collector, for the paths and the type that were asked for. */
export function retrievedOf<Type extends string, Path extends string>({
  obj,
  propSet,
  missingSet,
}: ObjectContent): Retrieved<Type, Path> {
  return {
    obj: obj as ManagedObjectReference<Type>,
    props: Object.fromEntries((propSet ?? []).map(({ name, val }) => [name, val])) as Properties<Type, Path>,
    missing: (missingSet ?? []).map(({ path, fault }) => ({ path, fault: VimFault.of(fault) })),
  };
}

/**
 * Whether the properties are missing because the session has ended: `RetrievePropertiesEx` and updates do not fault
 * then as other methods do.
 */
export function lacksSession(missing: readonly MissingPath[]): boolean {
  return missing.some(({ fault }) => fault.is('NotAuthenticated'));
}
