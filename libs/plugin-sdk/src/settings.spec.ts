import { describe, expect, it } from 'vitest';
import { secret, secretPaths, secretsIn, settingsJsonSchema, z } from './settings.js';

describe('secretPaths', () => {
  it.each([
    ['a property', z.object({ user: z.string(), password: secret(z.string()) }), ['password']],
    ['an optional one', z.object({ password: secret(z.string()).optional() }), ['password']],
    ['one that is marked from outside', z.object({ password: secret(z.string().optional()) }), ['password']],
    ['one that may be null', z.object({ password: secret(z.string()).nullable() }), ['password']],
    ['one with a default', z.object({ password: secret(z.string()).default('') }), ['password']],
    ['one that is transformed', z.object({ key: secret(z.string()).transform((t) => t.trim()) }), ['key']],
    ['one with a title', z.object({ key: secret(z.string()).meta({ title: 'Key' }) }), ['key']],
    ['a nested one', z.object({ login: z.object({ key: secret(z.string()) }).optional() }), ['login.key']],
    [
      'one of several ways to log in',
      z.object({
        login: z.discriminatedUnion('by', [
          z.object({ by: z.literal('password'), password: secret(z.string()) }),
          z.object({ by: z.literal('key'), key: secret(z.string()), phrase: secret(z.string()).optional() }),
        ]),
      }),
      ['login.password', 'login.key', 'login.phrase'],
    ],
    ['none', z.object({ secret: z.boolean().default(true) }), []],
  ])('finds %s', (_what, schema, paths) => {
    expect(secretPaths(schema)).toEqual(paths);
  });

  it.each([
    ['in a list', z.object({ keys: z.array(z.object({ key: secret(z.string()) })) })],
    ['in a map', z.object({ keys: z.record(z.string(), secret(z.string())) })],
    ['behind a reference', z.object({ login: z.object({ key: secret(z.string()) }).meta({ id: 'Login' }) })],
    ['that is everything', secret(z.string())],
  ])('refuses a secret %s, because nobody could seal it', (_what, schema) => {
    expect(() => secretPaths(schema)).toThrow(expect.objectContaining({ code: 'plugin.broken-contract' }));
  });
});

it('shows the form what is sent, with titles and the secret mark', () => {
  const schema = z.strictObject({
    host: z.string().meta({ title: 'Host' }),
    password: secret(z.string().min(1)).meta({ title: 'Password', secret: true }),
  });
  expect(settingsJsonSchema(schema)).toMatchObject({
    properties: { host: { title: 'Host' }, password: { title: 'Password', secret: true } },
    required: ['host', 'password'],
    additionalProperties: false,
  });
});

it('finds the secrets that were given, and nothing else', () => {
  const schema = z.object({
    host: z.string(),
    password: secret(z.string()),
    login: z.object({ key: secret(z.string()).optional() }).optional(),
  });
  expect(secretsIn(schema, { host: 'h', password: 'p', login: { key: 'k' } })).toEqual(['p', 'k']);
  expect(secretsIn(schema, { host: 'h', password: '' })).toEqual([]);
});
