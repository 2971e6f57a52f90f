import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import { PluginRegistry } from '@ossea/plugin-registry';
import { CONTRACT_VERSION, secret, z, type PluginContext } from '@ossea/plugin-sdk';
import { createProcessRunner } from '@ossea/process';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection } from './connection.entity.js';
import { ConnectionSettings } from './connection-settings.js';
import { PluginContexts } from './plugin-contexts.js';
import { SecretBox } from '../secrets/secret-box.js';
import { SessionConnector, type Session } from './session-connector.js';

const PASSWORD = 'canary-password';
const schema = z.strictObject({ host: z.string(), password: secret(z.string()) });
const never = new AbortController().signal;

let directory = '';
let disposed = 0;
let connect: (settings: unknown, context: PluginContext, call: { signal: AbortSignal }) => Promise<unknown>;
let connector: SessionConnector;
let row: Connection;

const session = {
  can: {},
  [Symbol.asyncDispose]: () => {
    disposed += 1;
    return Promise.resolve();
  },
};

beforeEach(async () => {
  disposed = 0;
  directory = await mkdtemp(join(tmpdir(), 'sc-'));
  const plugin = {
    manifest: { id: 'cloud', kind: 'target', displayName: 'C', contract: CONTRACT_VERSION, capabilities: [] },
    settings: schema,
    placement: z.object({}),
    connect: (...given: Parameters<typeof connect>) => connect(...given),
  };
  const load = { packages: ['cloud'], import: () => Promise.resolve({ plugin }) };
  const registry = await PluginRegistry.load(load);
  const settings = new ConnectionSettings(registry, SecretBox.withKey(randomBytes(32)));
  const sources = { open: () => Promise.reject(new Error('no sources here')) };
  const contexts = new PluginContexts(createProcessRunner(), directory);
  connector = new SessionConnector(registry, settings, contexts, sources);
  const identity = { id: 'con_1', kind: 'target', pluginId: 'cloud' } as const;
  const stored = settings.sealed(identity, { host: 'here', password: PASSWORD });
  row = Object.assign(new Connection(), { ...identity, name: 'Cloud', vmaId: null, ...stored });
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(directory, { recursive: true, force: true });
});

describe('connecting', () => {
  it('hands over whole settings, a directory of its own for its owner alone, and a runner', async () => {
    let given: unknown;
    connect = async (settings, { scratchDir, run }) => {
      given = settings;
      expect((await stat(scratchDir)).mode & 0o777).toBe(0o700);
      expect(scratchDir).toBe(join(directory, 'con_1'));
      expect(typeof run.exec).toBe('function');
      return session;
    };
    expect(await connector.connect(row, 'con_1', never)).toBe(session as unknown as Session);
    expect(given).toEqual({ host: 'here', password: PASSWORD });
  });

  it('gives up after two minutes, tells the plugin, and ends a session that comes too late', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let finish = (_session: unknown): void => undefined;
    let asked: (signal: AbortSignal) => void = () => undefined;
    const signalOfPlugin = new Promise<AbortSignal>((resolve) => (asked = resolve));
    connect = (_settings, _context, { signal }) => {
      asked(signal);
      return new Promise((resolve) => (finish = resolve));
    };
    const failed = expect(connector.connect(row, 'con_1', never)).rejects.toMatchObject({
      code: 'peer.unreachable',
      message: expect.stringContaining('Cloud') as string,
    });
    const signal = await signalOfPlugin;
    await vi.advanceTimersByTimeAsync(119_000);
    expect(signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    await failed;
    expect(signal.aborted).toBe(true);
    finish(session);
    await vi.waitFor(() => expect(disposed).toBe(1));
  });

  it('stops when it is told to, and leaves the signal of a session that stands alone', async () => {
    const stop = new AbortController();
    let seen: AbortSignal | undefined;
    connect = (_settings, _context, { signal }) => {
      seen = signal;
      return new Promise(() => undefined);
    };
    const failed = expect(connector.connect(row, 'con_1', stop.signal)).rejects.toMatchObject({
      code: 'call.aborted',
    });
    await vi.waitFor(() => expect(seen).toBeDefined());
    stop.abort();
    await failed;
    expect(seen?.aborted).toBe(true);

    connect = (_settings, _context, { signal }) => {
      seen = signal;
      return Promise.resolve(session);
    };
    await connector.connect(row, 'con_1', never);
    expect(seen?.aborted).toBe(false);
  });

  it('does not begin when nobody waits any more', async () => {
    connect = () => Promise.reject(new MigrationError('internal.unexpected', 'Nobody asked for this.'));
    await expect(connector.connect(row, 'con_1', AbortSignal.abort())).rejects.toMatchObject({
      code: 'call.aborted',
    });
  });

  it('throws what the plugin throws, without the password it quotes', async () => {
    connect = () => Promise.reject(new MigrationError('auth.rejected', `${PASSWORD} is wrong.`));
    await expect(connector.connect(row, 'con_1', never)).rejects.toMatchObject({
      code: 'auth.rejected',
      message: '[redacted] is wrong.',
    });
  });

  it('refuses settings that a later release of the plugin does not take', async () => {
    connect = () => Promise.resolve(session);
    const old = Object.assign(row, { settings: { server: 'here' } });
    await expect(connector.connect(old, 'con_1', never)).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining('/settings/host') as string,
    });
  });

  it('to a source without a VMA says what is missing', async () => {
    const source = Object.assign(row, { kind: 'source' as const });
    await expect(connector.connect(source, 'con_1', never)).rejects.toMatchObject({ code: 'config.missing' });
  });
});
