import { secretPaths, settingsJsonSchema } from '@ossea/plugin-sdk';
import { expect, it } from 'vitest';
import {
  credentialsSchema,
  normalizeApiUrl,
  parsePlacement,
  parseSettings,
  placementSchema,
  selectionSchema,
  settingsSchema,
  trustOf,
} from './settings.js';

const CREDENTIALS = { apiUrl: 'acs.example:8443', apiKey: 'k', secretKey: 's' };
const SELECTION = {
  zoneId: 'z',
  applianceVmId: 'a',
  templateId: 't',
  serviceOfferingId: 'so',
  diskOfferingId: 'do',
  networkId: 'n',
  testNetworkOfferingId: 'no',
};

it.each([
  ['acs.example', 'https://acs.example/client/api'],
  ['acs.example:8443', 'https://acs.example:8443/client/api'],
  [' http://10.0.0.1:8080 ', 'http://10.0.0.1:8080/client/api'],
  ['http://10.0.0.1:8080/client/', 'http://10.0.0.1:8080/client/api'],
  ['https://acs.example/client/api/', 'https://acs.example/client/api'],
  ['https://proxy.example/cloud/api', 'https://proxy.example/cloud/api'],
  ['https://[2001:db8::1]:8443', 'https://[2001:db8::1]:8443/client/api'],
])('takes the address %j', (given, url) => {
  expect(normalizeApiUrl(given)).toBe(url);
  // it is kept as it was given, and read at each connect
  expect(normalizeApiUrl(url)).toBe(url);
});

it.each([
  'ftp://acs.example',
  'https://me:pw@acs.example',
  'https://acs.example/client/api?a=b',
  'https://',
  '',
])('refuses the address %j, without repeating it', (given) => {
  const parsed = credentialsSchema.safeParse({ ...CREDENTIALS, apiUrl: given });
  expect(parsed.success).toBe(false);
  expect(parsed.error?.message).not.toContain('me:pw');
});

it('has the credentials and the selection in the settings, the keys as secrets', () => {
  expect(Object.keys(settingsSchema.shape)).toEqual([
    ...Object.keys(credentialsSchema.shape),
    ...Object.keys(selectionSchema.shape),
  ]);
  expect(secretPaths(settingsSchema)).toEqual(['apiKey', 'secretKey']);
  expect(secretPaths(credentialsSchema)).toEqual(['apiKey', 'secretKey']);
  expect(parseSettings({ ...CREDENTIALS, ...SELECTION })).toMatchObject({
    apiUrl: 'https://acs.example:8443/client/api',
    hostPaths: { deviceDir: '/dev/disk/by-id', sysDir: '/sys' },
  });
});

it('titles every field that a form asks', () => {
  for (const schema of [settingsSchema, placementSchema]) {
    const { properties } = settingsJsonSchema(schema) as { properties: Record<string, { title?: string }> };
    for (const [name, { title }] of Object.entries(properties)) expect([name, title]).toEqual([name, title!]);
    expect(Object.values(properties).every(({ title }) => typeof title === 'string')).toBe(true);
  }
  const { required } = settingsJsonSchema(credentialsSchema) as { required: string[] };
  expect(required).toEqual(['apiUrl', 'apiKey', 'secretKey']);
});

it('names the fields that cannot be used, and not what they hold', () => {
  const s3cret = 's3cret with blanks';
  expect(() => parseSettings({ ...CREDENTIALS, ...SELECTION, secretKey: s3cret })).toThrow(
    expect.objectContaining({
      code: 'config.invalid',
      message: expect.stringMatching(/^(?=.*secretKey)(?!.*s3cret with)/) as string,
    }),
  );
  expect(() => parsePlacement({ zoneId: 'z' })).toThrow(expect.objectContaining({ code: 'request.invalid' }));
  expect(parsePlacement({ nicAdapter: 'e1000' })).toEqual({ nicAdapter: 'e1000' });
});

it('believes the pin before the CA', () => {
  const sha256 = 'ab'.repeat(32);
  expect(trustOf({ certificateSha256: sha256, caPem: 'x' })).toEqual({ by: 'pin', sha256 });
  expect(trustOf({ caPem: 'x' })).toEqual({ by: 'ca', pem: 'x' });
  expect(trustOf({})).toEqual({ by: 'ca' });
});
