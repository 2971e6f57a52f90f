import { afterAll, beforeAll, expect, it } from 'vitest';
import { Appliance } from './appliance.js';

interface Operation {
  readonly summary?: string;
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: unknown }> }>;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

let oma: Appliance;
let document: Record<string, unknown>;
let operations: [string, Operation][];
beforeAll(async () => {
  oma = await Appliance.start();
  document = (await oma.call('/api/docs/openapi.json', { token: null })).body;
  const paths = document['paths'] as Record<string, Record<string, Operation>>;
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => [`${method} ${path}`, one] as [string, Operation]),
  );
});
afterAll(() => oma[Symbol.asyncDispose]());

function referencesIn(value: unknown): string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === '$ref' && typeof inner === 'string' ? [inner] : referencesIn(inner),
  );
}

it('is OpenAPI 3.1, the same at both addresses', async () => {
  expect(document['openapi']).toBe('3.1.0');
  expect((await oma.call('/api/openapi.json', { token: null })).body).toEqual(document);
});

it('refers to nothing that is not in it', () => {
  const { schemas } = document['components'] as { schemas: Record<string, unknown> };
  const references = new Set(referencesIn(document));
  expect(references.size).toBeGreaterThan(30);
  const missing = [...references].filter(
    (reference) => !(reference.replace('#/components/schemas/', '') in schemas),
  );
  expect(missing).toEqual([]);
});

it('says of every route what it does, what it answers, and what its failures look like', () => {
  expect(operations.length).toBeGreaterThan(30);
  for (const [route, { summary, responses }] of operations) {
    expect([route, summary]).toEqual([route, expect.stringMatching(/\w/)]);
    expect([route, referencesIn(responses['default'])]).toEqual([route, ['#/components/schemas/Problem']]);
    const [good] = Object.keys(responses).filter((status) => status.startsWith('2'));
    if (good !== '204') expect([route, referencesIn(responses[good ?? ''])]).not.toEqual([route, []]);
  }
});

it('names every parameter of a path, and the key of every route that changes something', () => {
  for (const [route, { parameters = [] }] of operations) {
    const wanted = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
    expect([route, inPath]).toEqual([route, wanted]);
  }
  const keyed = operations.filter(([, { parameters = [] }]) =>
    parameters.some(({ name }) => name === 'Idempotency-Key'),
  );
  expect(keyed.map(([route]) => route)).toEqual(
    expect.arrayContaining(['post /api/v1/replications', 'post /api/v1/failover/live']),
  );
  expect(keyed.some(([route]) => route.startsWith('get '))).toBe(false);
});
