import { MigrationError } from '@ossea/errors';
import { enumOf, isSubtype, methodOf, structureOf, type Field } from './type-table.js';
import type { ManagedObjectReference } from './references.js';

type Data = Readonly<Record<string, unknown>>;

const NAMESPACES =
  'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" ' +
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
/** The bounds of the xsd's whole numbers; of `long`, those that JavaScript can hold. */
const BOUNDS: Readonly<Record<string, readonly [number, number]>> = {
  byte: [-128, 127],
  short: [-32_768, 32_767],
  int: [-2_147_483_648, 2_147_483_647],
  long: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};
/** What XML 1.0 (section 2.2) has no way to write, not even as a reference; half a surrogate pair among it. */
const NOT_XML =
  // eslint-disable-next-line no-control-regex -- those are what it looks for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  // a reader would turn a bare one into a line feed
  '\r': '&#13;',
};

/**
 * The SOAP envelope of a call: arguments in the order of the xsd, because a real server insists on it.
 * Throws `request.invalid` for arguments that do not fit the schema, naming the place and never the value: unknown or
 * missing fields, a wrong type, text that XML cannot carry.
 * @param args by name; those that are `undefined` are left out.
 */
export function encodeCall(method: string, self: ManagedObjectReference, args: Data): string {
  const { parameters } = methodOf(method);
  const body = encodeReference('_this', self, `${method}._this`) + encodeFields(parameters, args, method);
  return (
    `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope ${NAMESPACES}><soapenv:Body>` +
    `<${method} xmlns="urn:vim25">${body}</${method}></soapenv:Body></soapenv:Envelope>`
  );
}

/** One element of a declared type, with `xsi:type` where the value is of a subtype. Throws `request.invalid`. */
export function encodeValue(name: string, code: string, value: unknown, at: string): string {
  switch (code) {
    case 'any':
      return encodeAny(name, value, at);
    case 'string':
    case 'dateTime':
    case 'base64Binary':
      if (typeof value !== 'string') throw misfit(at, 'text');
      return element(name, escapeXml(value, at));
    case 'boolean':
      if (typeof value !== 'boolean') throw misfit(at, 'true or false');
      return element(name, String(value));
    case 'byte':
    case 'short':
    case 'int':
    case 'long':
      return element(name, wholeNumber(value, code, at));
    case 'float':
    case 'double':
      if (typeof value !== 'number' || !Number.isFinite(value)) throw misfit(at, 'a number');
      return element(name, String(value));
  }
  if (code.startsWith('@')) return encodeReference(name, value, at);
  const values = enumOf(code);
  if (values) {
    if (typeof value !== 'string' || !values.has(value)) throw misfit(at, `one of ${[...values].join(', ')}`);
    return element(name, value);
  }
  return encodeStructure(name, code, value, at);
}

/** Text as it stands in an element or an attribute. Throws `request.invalid` for what XML cannot carry. */
export function escapeXml(text: string, at: string): string {
  if (NOT_XML.test(text))
    throw new MigrationError('request.invalid', `${at} has a control character, which cannot be sent.`);
  return text.replace(/[&<>"\r]/g, (character) => ESCAPES[character] ?? character);
}

function encodeFields(fields: Iterable<Field>, data: Data, at: string): string {
  const left = new Set(Object.keys(data).filter((key) => data[key] !== undefined && !key.startsWith('$')));
  let xml = '';
  for (const { name, code, array, optional } of fields) {
    // `hasOwn`: a field may well be called as something that every object has
    const value = Object.hasOwn(data, name) ? data[name] : undefined;
    left.delete(name);
    if (value === undefined) {
      if (!optional) throw new MigrationError('request.invalid', `${at}.${name} is missing.`);
    } else if (!array) xml += encodeValue(name, code, value, `${at}.${name}`);
    else if (!Array.isArray(value)) throw misfit(`${at}.${name}`, 'a list');
    else
      for (const [index, item] of value.entries())
        xml += encodeValue(name, code, item, `${at}.${name}[${index}]`);
  }
  if (left.size > 0)
    throw new MigrationError(
      'request.invalid',
      `${at} has fields that vim25 does not know: ${[...left].join(', ')}.`,
    );
  return xml;
}

function encodeStructure(name: string, declared: string, value: unknown, at: string): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw misfit(at, `a ${declared}`);
  const data = value as Data;
  // what was read as its base only has lost fields, and a server would take their absence for a wish
  if (data['$declared'] !== undefined)
    throw new MigrationError('request.invalid', `${at} is of a type that is not known, and cannot be sent.`);
  const type = typeof data['$type'] === 'string' ? data['$type'] : declared;
  const structure = structureOf(type);
  if (!structure || !isSubtype(type, declared)) throw misfit(at, `a ${declared}`);
  const xsiType = type === declared ? '' : ` xsi:type="${type}"`;
  return `<${name}${xsiType}>${encodeFields(structure.fields.values(), data, at)}</${name}>`;
}

/** A value without a declared type: a server stores nothing when its `xsi:type` is not said. */
function encodeAny(name: string, value: unknown, at: string): string {
  if (typeof value === 'string') return `<${name} xsi:type="xsd:string">${escapeXml(value, at)}</${name}>`;
  if (typeof value === 'boolean') return `<${name} xsi:type="xsd:boolean">${value}</${name}>`;
  if (typeof value === 'number') {
    const [least, most] = BOUNDS['int'] ?? [0, 0];
    const whole = Number.isSafeInteger(value);
    if (!Number.isFinite(value)) throw misfit(at, 'a number');
    const type = !whole ? 'double' : value >= least && value <= most ? 'int' : 'long';
    return `<${name} xsi:type="xsd:${type}">${value}</${name}>`;
  }
  if (typeof value !== 'object' || value === null) throw misfit(at, 'a value');
  if (Array.isArray(value)) {
    if (!value.every((item) => typeof item === 'string')) throw misfit(at, 'a list of texts');
    const items = value.map((item) => element('string', escapeXml(item, at)));
    return `<${name} xsi:type="ArrayOfString">${items.join('')}</${name}>`;
  }
  const type = (value as Data)['$type'];
  if (typeof type !== 'string') return encodeReference(name, value, at, ' xsi:type="ManagedObjectReference"');
  if (!structureOf(type)) throw misfit(at, 'a value of vim25');
  const xml = encodeStructure(name, type, value, at);
  return `<${name} xsi:type="${type}"${xml.slice(name.length + 1)}`;
}

function encodeReference(name: string, value: unknown, at: string, xsiType = ''): string {
  const { type, value: id } = (value ?? {}) as { type?: unknown; value?: unknown };
  if (typeof type !== 'string' || typeof id !== 'string') throw misfit(at, 'a reference to a managed object');
  return `<${name}${xsiType} type="${escapeXml(type, at)}">${escapeXml(id, at)}</${name}>`;
}

function wholeNumber(value: unknown, code: string, at: string): string {
  const [least, most] = BOUNDS[code] ?? [0, 0];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most)
    throw misfit(at, `a whole number between ${least} and ${most}`);
  // minus zero would be written as zero all the same, but only by luck
  return String(value === 0 ? 0 : value);
}

function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

function misfit(at: string, expected: string): MigrationError {
  return new MigrationError('request.invalid', `${at} must be ${expected}.`);
}
