import { MigrationError } from '@ossea/errors';
import type { Provision } from '@ossea/plugin-sdk';
import { describe, expect, it } from 'vitest';
import { partKey, provisioned, unprovisioned } from './provisioned.js';

/** A platform that remembers what it was asked for. */
class Platform implements Provision<{ readonly size: number }, string> {
  readonly made = new Map<string, { readonly ref: string; complete: boolean }>();
  readonly calls: string[] = [];
  /** The next create gets only half way. */
  breaks = false;

  create(
    _spec: { readonly size: number },
    { key, signal }: { key: string; signal: AbortSignal },
  ): Promise<string> {
    signal.throwIfAborted();
    this.calls.push(`create ${key}`);
    const made = this.made.get(key) ?? { ref: `ref-${this.made.size + 1}`, complete: false };
    made.complete = !this.breaks;
    this.made.set(key, made);
    if (!this.breaks) return Promise.resolve(made.ref);
    this.breaks = false;
    return Promise.reject(new MigrationError('peer.unreachable', 'gone'));
  }

  find(key: string): Promise<{ ref: string; complete: boolean } | undefined> {
    this.calls.push(`find ${key}`);
    return Promise.resolve(this.made.get(key));
  }

  remove(ref: string): Promise<void> {
    this.calls.push(`remove ${ref}`);
    for (const [key, made] of this.made) if (made.ref === ref) this.made.delete(key);
    return Promise.resolve();
  }
}
const options = { signal: new AbortController().signal };

describe('provisioned', () => {
  it('makes what is not there, and finds what is', async () => {
    const platform = new Platform();
    expect(await provisioned(platform, { size: 1 }, 'k', options)).toBe('ref-1');
    expect(await provisioned(platform, { size: 1 }, 'k', options)).toBe('ref-1');
    expect(platform.calls).toEqual(['find k', 'create k', 'find k']);
  });

  it('finishes what was begun, with the same key', async () => {
    const platform = new Platform();
    platform.breaks = true;
    await expect(provisioned(platform, { size: 1 }, 'k', options)).rejects.toMatchObject({
      code: 'peer.unreachable',
    });
    expect(platform.made.get('k')?.complete).toBe(false);
    expect(await provisioned(platform, { size: 1 }, 'k', options)).toBe('ref-1');
    expect(platform.made.size).toBe(1);
  });
});

describe('unprovisioned', () => {
  it('removes what a key made, finished or not, and forgives what is gone', async () => {
    const platform = new Platform();
    platform.breaks = true;
    await provisioned(platform, { size: 1 }, 'k', options).catch(() => undefined);
    await unprovisioned(platform, 'k', options);
    await unprovisioned(platform, 'k', options);
    expect(platform.made.size).toBe(0);
    expect(platform.calls.filter((call) => call.startsWith('remove'))).toEqual(['remove ref-1']);
  });
});

describe('partKey', () => {
  it('is another key for every part, and the same for the same', () => {
    expect(partKey('volumes-1', 'scsi0:0')).toBe(partKey('volumes-1', 'scsi0:0'));
    const keys = ['scsi0:0', 'scsi0:1', 'SCSI0:0', ''].map((part) => partKey('volumes-1', part));
    expect(new Set(keys).size).toBe(4);
    expect(partKey('volumes-2', 'scsi0:0')).not.toBe(partKey('volumes-1', 'scsi0:0'));
  });

  it('stays a name that platforms take, whatever the part is called', () => {
    for (const part of ['6000C29f-ä/…', 'x'.repeat(500), '../..']) {
      const key = partKey('volumes-01h', part);
      expect(key).toMatch(/^[a-z0-9-]+$/);
      expect(key.length).toBe('volumes-01h'.length + 13);
    }
  });
});
