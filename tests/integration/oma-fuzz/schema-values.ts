import fc from 'fast-check';

/** The part of JSON Schema that the API document uses. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
}

const MAX_DEPTH = 6;

/** Values that fit a schema, or nearly: what it says beyond its shape is not followed to the letter. */
export function valuesOf(
  schema: JsonSchema,
  definitions: Readonly<Record<string, JsonSchema>>,
  depth = 0,
): fc.Arbitrary<unknown> {
  const inner = (one: JsonSchema) => valuesOf(one, definitions, depth + 1);
  if (depth > MAX_DEPTH) return fc.constant(null);
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    return inner(definitions[name] ?? {});
  }
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return fc.oneof(...choices.map(inner));
  if (schema.allOf)
    return fc.tuple(...schema.allOf.map(inner)).map((parts) => Object.assign({}, ...parts) as unknown);
  const type = Array.isArray(schema.type) ? String(schema.type[0]) : schema.type;
  switch (type) {
    case 'object':
      return objects(schema, inner);
    case 'array':
      return fc.array(inner(schema.items ?? {}), {
        minLength: Math.min(schema.minItems ?? 0, 3),
        maxLength: 3,
      });
    case 'string':
      return strings(schema);
    case 'integer':
      return fc.integer({ min: schema.minimum ?? -5, max: Math.min(schema.maximum ?? 1e9, 1e9) });
    case 'number':
      return fc.double({ noNaN: true, noDefaultInfinity: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objects(
  schema: JsonSchema,
  inner: (one: JsonSchema) => fc.Arbitrary<unknown>,
): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, field]) => [name, inner(field)]),
  );
  const named = fc.record(fields, { requiredKeys: [...(schema.required ?? [])] });
  const { additionalProperties: more } = schema;
  if (typeof more !== 'object') return named;
  const others = fc.dictionary(fc.string({ maxLength: 12 }), inner(more), { maxKeys: 3 });
  return fc.tuple(others, named).map(([some, rest]) => ({ ...some, ...rest }));
}

function strings({ pattern, format, minLength = 0, maxLength = 40 }: JsonSchema): fc.Arbitrary<string> {
  if (format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
      .map((date) => date.toISOString());
  if (pattern !== undefined)
    try {
      return fc.stringMatching(new RegExp(pattern));
    } catch {
      // a pattern beyond what is generated: any string will do
    }
  return fc.string({ minLength, maxLength: Math.max(minLength, Math.min(maxLength, 60)) });
}

/** What nobody should send (reference catalogue of bad input, REST). */
const HOSTILE: readonly unknown[] = [
  null,
  '',
  ' ',
  0,
  -0,
  -1,
  1.5,
  2 ** 53 + 1,
  1e308,
  true,
  [],
  {},
  [[[[]]]],
  '\u0000',
  '\ud800',
  '\u202egnp.exe',
  '../../etc/passwd',
  '%2e%2e%2f',
  "' OR 1=1 --",
  '${jndi:ldap://x}',
  '<script>alert(1)</script>',
  'x'.repeat(10_000),
  Array.from({ length: 2_000 }, () => 0),
  { $ne: '' },
  { toString: 1, valueOf: 1 },
  'constructor',
  '9'.repeat(400),
];

const HOSTILE_KEYS = [
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '__proto__',
  '',
  '\u0000',
  'x'.repeat(300),
];

/** The same value with something wrong in it: a field of another kind, one missing, one too many. */
export function spoiled(values: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const bad = fc.constantFrom(...HOSTILE);
  return fc
    .tuple(values, bad, fc.nat(), fc.nat(3), fc.constantFrom(...HOSTILE_KEYS))
    .map(([value, thing, at, how, key]) => {
      if (typeof value !== 'object' || value === null || how === 3) return thing;
      const copy = structuredClone(value) as Record<string, unknown>;
      const keys = Object.keys(copy);
      const field = keys[at % Math.max(1, keys.length)];
      if (how === 0 && field !== undefined) copy[field] = thing;
      else if (how === 1 && field !== undefined) delete copy[field];
      else
        Object.defineProperty(copy, key, {
          value: thing,
          enumerable: true,
          configurable: true,
          writable: true,
        });
      return copy;
    });
}

/** What may stand in an address where an id is expected. */
export function idValues(ids: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom(...ids),
    fc.stringMatching(/^[a-z]{2,4}_[0-9A-HJKMNP-TV-Z]{26}$/),
    fc.constantFrom(
      '..',
      '.',
      '%00',
      '%2e%2e',
      '%zz',
      ' ',
      '*',
      '__proto__',
      'constructor',
      'x'.repeat(2_000),
    ),
    fc.string({ maxLength: 30 }).map(encodeURIComponentSafely),
  );
}

function encodeURIComponentSafely(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return 'lone-surrogate';
  }
}
