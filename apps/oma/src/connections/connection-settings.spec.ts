import { randomBytes } from 'node:crypto';
import { SECRET_MASK } from '@ossea/api-contract';
import { PluginRegistry } from '@ossea/plugin-registry';
import { CONTRACT_VERSION, secret, z } from '@ossea/plugin-sdk';
import { beforeAll, describe, expect, it } from 'vitest';
import { InvalidFields } from '../http/request-validation.js';
import { ConnectionSettings, type Configured } from './connection-settings.js';
import { SecretBox } from '../secrets/secret-box.js';

const CANARY = 'canary-7f3a';
const schema = z.strictObject({
  host: z.string().min(3),
  port: z.int().default(443),
  password: secret(z.string().min(8)),
  login: z.strictObject({ user: z.string(), key: secret(z.string()).optional() }).optional(),
  pins: secret(z.array(z.int())).optional(),
  note: z
    .string()
    .optional()
    .refine((note) => note !== 'bad', 'not good'),
});
const box = SecretBox.withKey(randomBytes(32));
const row = { id: 'con_1', kind: 'target', pluginId: 'cloud' } as const;
let settings: ConnectionSettings;
let settingsSchema: z.ZodType = schema;

beforeAll(async () => {
  const manifest = {
    id: 'cloud',
    kind: 'target',
    displayName: 'Cloud',
    contract: CONTRACT_VERSION,
    capabilities: [],
  };
  const plugin = {
    manifest,
    get settings() {
      return settingsSchema;
    },
    placement: z.object({}),
    connect: () => undefined,
  };
  const registry = await PluginRegistry.load({
    packages: ['cloud'],
    import: () => Promise.resolve({ plugin }),
  });
  settings = new ConnectionSettings(registry, box);
});

const full = {
  host: 'cloud.example',
  password: `${CANARY}-password`,
  login: { user: 'admin', key: `${CANARY}-key` },
  pins: [7001, 7002],
};

function failure(run: () => unknown): InvalidFields {
  try {
    run();
  } catch (error) {
    if (error instanceof InvalidFields) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('settings', () => {
  it('are stored without their secrets, and are whole again for a session', () => {
    const stored = settings.sealed(row, full);
    expect(stored.settings).toEqual({ host: 'cloud.example', port: 443, login: { user: 'admin' } });
    expect(Object.keys(stored.secrets).sort()).toEqual(['login.key', 'password', 'pins']);
    expect(JSON.stringify(stored)).not.toMatch(/canary|700[12]/);
    expect(settings.opened({ ...row, ...stored })).toEqual({
      settings: { ...full, port: 443 },
      secrets: [full.password, full.login.key],
    });
  });

  it('show a mask where a secret is, and nothing where none is', () => {
    const { password, host } = full;
    expect(settings.masked({ ...row, ...settings.sealed(row, { host, password }) })).toEqual({
      host,
      port: 443,
      password: SECRET_MASK,
    });
    const masked = settings.masked({ ...row, ...settings.sealed(row, full) });
    expect(masked).toMatchObject({ login: { user: 'admin', key: SECRET_MASK }, pins: SECRET_MASK });
  });

  it('keep a secret whose mask comes back, with its very seal; take a new one; lose one that is left out', () => {
    const stored = settings.sealed(row, full);
    const again = settings.sealed(
      row,
      { ...settings.masked({ ...row, ...stored }), host: 'other.example' },
      stored,
    );
    expect(again.secrets).toEqual(stored.secrets);
    expect(again.settings['host']).toBe('other.example');

    const changed = settings.sealed(row, { ...full, password: 'new-password', pins: SECRET_MASK }, stored);
    expect(changed.secrets['login.key']).toBe(stored.secrets['login.key']);
    expect(settings.opened({ ...row, ...changed }).settings).toMatchObject({
      password: 'new-password',
      pins: [7001, 7002],
    });

    const { host, password } = full;
    expect(Object.keys(settings.sealed(row, { host, password }, stored).secrets)).toEqual(['password']);
  });

  it('refuse a mask that stands for nothing', () => {
    const error = failure(() => settings.sealed(row, { ...full, password: SECRET_MASK }));
    expect(error.code).toBe('config.invalid');
    expect(error.errors.map(({ pointer }) => pointer)).toEqual(['/settings/password']);
    const { host, password } = full;
    const stored = settings.sealed(row, { host, password });
    const login = { user: 'admin', key: SECRET_MASK };
    const nested = failure(() => settings.sealed(row, { host, password, login }, stored));
    expect(nested.errors.map(({ pointer }) => pointer)).toEqual(['/settings/login/key']);
  });

  it('that are wrong are named one by one, never with a value', () => {
    const wrong = { host: 'ab', password: 'can-7f3', login: { user: 7, 'ex/tra': CANARY }, note: 'bad' };
    const error = failure(() => settings.sealed(row, wrong));
    expect(error.code).toBe('config.invalid');
    expect(error.errors.map(({ pointer }) => pointer).sort()).toEqual([
      '/settings/host',
      '/settings/login/ex~1tra',
      '/settings/login/user',
      '/settings/note',
      '/settings/password',
    ]);
    expect(JSON.stringify([error.message, error.errors])).not.toMatch(/canary|can-7f3/);
  });

  it('that a plugin quotes in its own words lose the secret', () => {
    settingsSchema = z.strictObject({
      password: secret(
        z
          .string()
          .refine((value) => value.length > 50, { error: ({ input }) => `${String(input)} is short` }),
      ),
    });
    try {
      const error = failure(() => settings.sealed(row, { password: CANARY }));
      expect(error.errors).toEqual([
        { pointer: '/settings/password', message: 'This value is not accepted.' },
      ]);
    } finally {
      settingsSchema = schema;
    }
  });

  it('hide what became a secret with a later release of the plugin', () => {
    const stored: Configured = {
      ...row,
      settings: { host: 'cloud.example', password: `${CANARY}-old` },
      secrets: {},
    };
    expect(settings.masked(stored)).toEqual({ host: 'cloud.example', password: SECRET_MASK });
  });

  it('do not open with secrets of another row', () => {
    const stored = settings.sealed(row, full);
    expect(() => settings.opened({ ...row, id: 'con_2', ...stored })).toThrow(
      expect.objectContaining({ code: 'config.invalid' }),
    );
    const { password = '', ...rest } = stored.secrets;
    expect(() => settings.opened({ ...row, ...stored, secrets: { ...rest, 'login.key': password } })).toThrow(
      expect.objectContaining({ code: 'config.invalid' }),
    );
  });

  it('of a plugin that is not installed can be looked at, not changed', () => {
    const gone = { ...row, pluginId: 'gone', settings: { host: 'x' }, secrets: { password: 'v1.x.y' } };
    expect(settings.masked(gone)).toEqual({ host: 'x', password: SECRET_MASK });
    expect(() => settings.sealed(gone, full)).toThrow(expect.objectContaining({ code: 'plugin.unknown' }));
  });
});
