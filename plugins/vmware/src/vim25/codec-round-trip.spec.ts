import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeValue } from './decode.js';
import { encodeValue } from './encode.js';
import { enumOf, structureOf } from './type-table.js';
import { readXml } from './xml-reader.js';

const XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';

/** Between them they hold everything that the schema can say. */
const SOME = [
  'VirtualMachineConfigSpec',
  'VirtualDisk',
  'PropertyFilterSpec',
  'VirtualMachineBootOptions',
  'DVPortgroupConfigInfo',
];
const printable = fc.string({ unit: 'grapheme', maxLength: 10 }).filter((text) => !/\p{C}/u.test(text));
const label = fc.oneof(printable, fc.constantFrom('<&>"\'', 'a\r\nb\tc', ']]>', ' x ', ''));
const primitives: Record<string, fc.Arbitrary<unknown>> = {
  string: label,
  dateTime: fc.constant('2026-11-25T14:31:00Z'),
  base64Binary: fc.base64String({ maxLength: 12 }),
  boolean: fc.boolean(),
  byte: fc.integer({ min: -128, max: 127 }),
  short: fc.integer({ min: -32768, max: 32767 }),
  int: fc.integer(),
  long: fc.maxSafeInteger(),
  float: fc.double({ noNaN: true, noDefaultInfinity: true }),
  double: fc.double({ noNaN: true, noDefaultInfinity: true }),
  any: fc.oneof(
    label,
    fc.boolean(),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.array(label, { minLength: 1, maxLength: 3 }),
  ),
};
const notMinusZero = (value: unknown) => (Object.is(value, -0) ? 0 : value);

/** Any value of a type, to a depth at which only what must be there is. */
function anyOf(code: string, depth: number): fc.Arbitrary<unknown> {
  const primitive = primitives[code];
  if (primitive) return primitive.map(notMinusZero);
  if (code.startsWith('@')) return label.map((value) => ({ type: code.slice(1), value }));
  const values = enumOf(code);
  if (values) return fc.constantFrom(...values);
  const fields = [...(structureOf(code)?.fields.values() ?? [])];
  return fc
    .record(
      Object.fromEntries(
        fields
          .filter(({ optional }) => depth > 0 || !optional)
          .map(({ name, code: inner, array }) => {
            const one = anyOf(inner, depth - 1);
            return [name, array ? fc.array(one, { minLength: 1, maxLength: 2 }) : one];
          }),
      ),
      { requiredKeys: fields.filter(({ optional }) => !optional).map(({ name }) => name) },
    )
    .map((value) => ({ $type: code, ...value }));
}

it.each(SOME)('what is sent of %s is what is read', (code) => {
  fc.assert(
    fc.property(anyOf(code, 2), (value) => {
      const xml = encodeValue('v', code, value, 'v').replace('<v', `<v ${XSI}`);
      expect(decodeValue(readXml(xml), code)).toEqual(value);
    }),
    { numRuns: 40 },
  );
});
