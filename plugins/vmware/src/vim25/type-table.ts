import { MANAGED, METHODS, TYPES } from './generated/schema.js';

/** One element of a structure, one argument of a method or one property of a managed object. */
export interface Field {
  readonly name: string;
  /** A primitive of the xsd, `any`, `@Type` for a reference to a managed object, or the name of a type. */
  readonly code: string;
  readonly array: boolean;
  readonly optional: boolean;
}

export interface Structure {
  readonly name: string;
  /** Of the base first: the order of the xsd. */
  readonly fields: ReadonlyMap<string, Field>;
  /** Its own name and those of all its bases. */
  readonly lineage: ReadonlySet<string>;
}

export interface Method {
  readonly parameters: readonly Field[];
  readonly result: Omit<Field, 'name'> | undefined;
}

const structures = new Map<string, Structure | undefined>();
const managed = new Map<string, Structure | undefined>();
const enums = new Map<string, ReadonlySet<string>>();
const methods = new Map<string, Method>();

/** The type of that name in the schema, whatever it is: the caller knows whether it is the root `DynamicData`. */
export function structureOf(name: string): Structure | undefined {
  return lookUp(TYPES, structures, name);
}

/** The values of an enumeration; nothing for any other type. */
export function enumOf(name: string): ReadonlySet<string> | undefined {
  const row = rowOf(TYPES, name);
  if (!row?.startsWith('=')) return undefined;
  const known = enums.get(name) ?? new Set(row.slice(1).split(' '));
  enums.set(name, known);
  return known;
}

/** Whether a data type is another one or extends it; no for a type the schema does not have. */
export function isSubtype(name: string, base: string): boolean {
  return structureOf(name)?.lineage.has(base) ?? false;
}

/** Arguments and result of a method. Throws `TypeError` for one the schema does not have. */
export function methodOf(name: string): Method {
  const known = methods.get(name);
  if (known) return known;
  const row = rowOf(METHODS, name);
  if (row === undefined) throw new TypeError(`The schema has no method ${name}.`);
  const [, parameters = '', result = ''] = row.split('|');
  const method = {
    parameters: fieldsOf(parameters),
    result: result === '' ? undefined : fieldOf(`:${result}`),
  };
  methods.set(name, method);
  return method;
}

/**
 * What the property of a managed object holds, `config.hardware.device` for instance, also with the key of an item
 * (`config.hardware.device[2000].backing`), as updates name it. Nothing when the schema does not say.
 */
export function propertyOf(type: string, path: string): Omit<Field, 'name'> | undefined {
  let fields = lookUp(MANAGED, managed, type)?.fields;
  let field: Omit<Field, 'name'> | undefined;
  for (const [, name = '', item] of path.matchAll(/([^.[\]]+)(\["[^"]*"\]|\[[^\]]*\])?/g)) {
    const found = fields?.get(name);
    if (!found) return undefined;
    field = item === undefined ? found : { ...found, array: false };
    fields = structureOf(found.code)?.fields;
  }
  return field;
}

type Rows = Readonly<Record<string, string>>;

/** Not what `Object` has itself: the names come from the wire. */
function rowOf(rows: Rows, name: string): string | undefined {
  return Object.hasOwn(rows, name) ? rows[name] : undefined;
}

function lookUp(rows: Rows, known: Map<string, Structure | undefined>, name: string): Structure | undefined {
  if (known.has(name)) return known.get(name);
  const row = rowOf(rows, name);
  // the wire's own names must not fill the table
  if (row === undefined || row.startsWith('=')) return undefined;
  const [base = '', own = ''] = row.split('|');
  const parent = base === '' ? undefined : lookUp(rows, known, base);
  const fields = new Map(parent?.fields);
  for (const field of fieldsOf(own)) fields.set(field.name, field);
  const structure = { name, fields, lineage: new Set([...(parent?.lineage ?? []), name]) };
  known.set(name, structure);
  return structure;
}

function fieldsOf(text: string): Field[] {
  return text === '' ? [] : text.split(' ').map(fieldOf);
}

function fieldOf(text: string): Field {
  const [, name = '', code = '', array, optional] = /^([^:]*):(.*?)(\[\])?(\?)?$/.exec(text) ?? [];
  return { name, code, array: array !== undefined, optional: optional !== undefined };
}
