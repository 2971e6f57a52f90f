import { MigrationError } from '@ossea/errors';
import type { DataTypes, DynamicData } from './generated/types.js';
import type { ManagedObjectReference } from './references.js';
import { enumOf, isSubtype, propertyOf, structureOf, type Field, type Structure } from './type-table.js';
import type { XmlElement } from './xml-reader.js';

type Shape = Omit<Field, 'name' | 'optional'>;
type Data = Record<string, unknown>;

/** What becomes an offset on a disk is never guessed: a number that lacks or cannot be held is an error there. */
const EXACT = new Set(['DiskChangeInfo', 'DiskChangeExtent']);
/** Structures that tell of an object, and the element that holds its properties: those say what a `val` can be. */
const ABOUT_AN_OBJECT: Readonly<Record<string, string>> = {
  ObjectContent: 'propSet',
  ObjectUpdate: 'changeSet',
};
/** The names of the items of `ArrayOf…` where they are primitives (vim25 core-types.xsd). */
const ITEMS: Readonly<Record<string, string>> = {
  String: 'string',
  Boolean: 'boolean',
  Byte: 'byte',
  Short: 'short',
  Int: 'int',
  Long: 'long',
  Float: 'float',
  Double: 'double',
  DateTime: 'dateTime',
  Base64Binary: 'base64Binary',
  AnyType: 'any',
  AnyURI: 'string',
  ManagedObjectReference: '@ManagedObject',
};
/** `xsd:` names of values whose type is not declared, as the codec calls them. */
const XSD: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['string', 'boolean', 'byte', 'short', 'int', 'long', 'float', 'double', 'dateTime', 'base64Binary'].map(
      (name) => [name, name],
    ),
  ),
  anyURI: 'string',
  token: 'string',
  normalizedString: 'string',
  integer: 'long',
  decimal: 'double',
  unsignedByte: 'int',
  unsignedShort: 'int',
  unsignedInt: 'long',
  unsignedLong: 'long',
};

/**
 * The value of one element of a declared type. Structures carry `$type`, the type they say they have; one whose type
 * the schema does not know is read as the declared one, which then stands in `$declared`. Dates and base64 stay text.
 * @param loose for values nobody may need: a whole number that JavaScript cannot hold is `Infinity` instead of an error.
 * Throws `peer.protocol`.
 */
export function decodeValue(element: XmlElement, code: string, loose = false): unknown {
  switch (code) {
    case 'any':
      return decodeAny(element);
    case 'string':
    case 'dateTime':
    case 'base64Binary':
      return element.text;
    case 'boolean':
      return decodeBoolean(element);
    case 'byte':
    case 'short':
    case 'int':
    case 'long':
      return decodeWhole(element, loose);
    case 'float':
    case 'double':
      return decodeFraction(element);
  }
  if (code.startsWith('@')) return decodeReference(element, code.slice(1));
  if (enumOf(code)) return element.text;
  return decodeStructure(element, code, loose);
}

/**
 * A value whose declared type is `anyType`: its `xsi:type` says what it is.
 * @param hint what it can be, for a type that the schema does not know, or that is not said.
 */
export function decodeAny(element: XmlElement, hint?: Shape): unknown {
  const { xsiType } = element;
  if (xsiType === undefined) {
    if (!hint)
      return element.children.length > 0 ? decodeStructure(element, 'DynamicData', true) : element.text;
    return hint.array ? decodeItems(element, hint.code) : decodeValue(element, hint.code, true);
  }
  const primitive = Object.hasOwn(XSD, xsiType) ? XSD[xsiType] : undefined;
  if (primitive !== undefined) return decodeValue(element, primitive, true);
  if (xsiType === 'ManagedObjectReference') return decodeReference(element, 'ManagedObject');
  if (enumOf(xsiType)) return element.text;
  if (structureOf(xsiType)) return decodeStructure(element, xsiType, true);
  if (xsiType.startsWith('ArrayOf')) {
    const item = xsiType.slice('ArrayOf'.length);
    const known = Object.hasOwn(ITEMS, item) ? ITEMS[item] : undefined;
    if (known !== undefined) return decodeItems(element, known);
    if (structureOf(item) ?? enumOf(item)) return decodeItems(element, item);
    return decodeItems(element, hint?.array ? hint.code : 'any');
  }
  // a simple type that a newer server has: an enumeration, as all of vim25's own simple types are
  if (element.children.length === 0 && element.text !== '') return element.text;
  return decodeStructure(
    element,
    hint && !hint.array && structureOf(hint.code) ? hint.code : 'DynamicData',
    true,
  );
}

/** What stands behind one another under the same name: the result of a method, or an element that may repeat. */
export function decodeRepeated(elements: readonly XmlElement[], code: string): unknown[] {
  return elements.map((element) => decodeValue(element, code));
}

/** An `ArrayOf…`, which holds its items as children; theirs is one name, whatever it is. */
function decodeItems({ children }: XmlElement, code: string): unknown[] {
  return children.map((child) => decodeValue(child, code, true));
}

function decodeStructure(element: XmlElement, declared: string, loose: boolean): Data {
  const said = element.xsiType ?? declared;
  const known = structureOf(said);
  const structure = known ?? structureOf(declared);
  if (!structure)
    throw new MigrationError('peer.protocol', `The answer has a ${declared}, of which nothing is known.`);
  const data: Data = { $type: said, ...(known ? {} : { $declared: declared }) };
  const about = Object.hasOwn(ABOUT_AN_OBJECT, structure.name) ? ABOUT_AN_OBJECT[structure.name] : undefined;
  const owner = about === undefined ? undefined : element.children.find(({ name }) => name === 'obj')?.type;
  for (const child of element.children) {
    // an element that a newer server has added means nothing to us
    const field = structure.fields.get(child.name);
    if (!field) continue;
    const value =
      owner !== undefined && child.name === about
        ? decodeProperty(child, field.code, owner)
        : decodeValue(child, field.code, loose);
    if (!field.array) data[field.name] = value;
    else if (Array.isArray(data[field.name])) (data[field.name] as unknown[]).push(value);
    else data[field.name] = [value];
  }
  complete(data, structure);
  return data;
}

/** An array that must be there is so when it is empty; other elements that a server leaves out stay out. */
function complete(data: Data, { name, fields }: Structure): void {
  for (const field of fields.values()) {
    if (field.optional || data[field.name] !== undefined) continue;
    if (field.array) data[field.name] = [];
    else if (EXACT.has(name))
      throw new MigrationError('peer.protocol', `The answer has a ${name} without its ${field.name}.`);
  }
}

/** A `DynamicProperty` or a `PropertyChange`, both of which have the path in `name` and the value in `val`. */
function decodeProperty(element: XmlElement, code: string, owner: string): Data {
  const data: Data = { $type: code };
  const path = element.children.find(({ name }) => name === 'name')?.text ?? '';
  for (const child of element.children)
    data[child.name] = child.name === 'val' ? decodeAny(child, propertyOf(owner, path)) : child.text;
  return data;
}

function decodeReference(element: XmlElement, declared: string): ManagedObjectReference {
  return { type: element.type ?? declared, value: element.text };
}

function decodeBoolean({ name, text }: XmlElement): boolean {
  const word = text.trim();
  if (word === 'true' || word === '1') return true;
  if (word === 'false' || word === '0') return false;
  throw new MigrationError('peer.protocol', `The answer has in ${name} what is neither true nor false.`);
}

function decodeWhole({ name, text }: XmlElement, loose: boolean): number {
  const word = text.trim();
  if (!/^[+-]?\d+$/.test(word))
    throw new MigrationError('peer.protocol', `The answer has in ${name} what is not a whole number.`);
  const value = Number(word);
  if (Number.isSafeInteger(value)) return value;
  if (loose) return value < 0 ? -Infinity : Infinity;
  throw new MigrationError('peer.protocol', `The answer has in ${name} a number that is too large: ${word}.`);
}

function decodeFraction({ name, text }: XmlElement): number {
  const word = text.trim();
  if (word === 'INF' || word === '-INF') return word === 'INF' ? Infinity : -Infinity;
  // narrower than `Number`, which takes nothing for zero and knows hexadecimal
  if (word !== 'NaN' && !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(word))
    throw new MigrationError('peer.protocol', `The answer has in ${name} what is not a number.`);
  return Number(word);
}

/**
 * Whether a decoded value is of this data type or extends it, by its `$type` or, where the schema does not know that,
 * by what was declared.
 */
export function isA<T extends keyof DataTypes>(value: unknown, type: T): value is DataTypes[T] {
  if (typeof value !== 'object' || value === null) return false;
  const { $type, $declared } = value as DynamicData;
  return [$type, $declared].some((name) => name !== undefined && (name === type || isSubtype(name, type)));
}
