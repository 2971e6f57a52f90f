import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseConfig } from '../../config/load-config.js';
import { VmaKey } from '../../tunnels/vma-key.entity.js';
import { createDataSource } from '../data-source.js';

it('gives every VMA of an older appliance its key, and time from now on', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ossea-keys-'));
  const database = await createDataSource(parseConfig({ stateDir: directory })).initialize();
  try {
    await database.runMigrations({ transaction: 'each' });
    await database.undoLastMigration();
    const at = "'2020-01-01 00:00:00.000'";
    for (const [id, state] of [
      ['vma_1', 'approved'],
      ['vma_2', 'revoked'],
    ])
      await database.query(
        `INSERT INTO vma (id, name, state, publicKey, fingerprint, requestedAt, createdAt, updatedAt)
         VALUES ('${id}', 'site', '${state}', 'ssh-ed25519 ${id}', 'SHA256:${id}', ${at}, ${at}, ${at})`,
      );
    await database.runMigrations({ transaction: 'each' });
    const keys = await database.getRepository(VmaKey).find({ order: { vmaId: 'ASC' } });
    expect(keys.map(({ vmaId, state, publicKey }) => [vmaId, state, publicKey])).toEqual([
      ['vma_1', 'current', 'ssh-ed25519 vma_1'],
      ['vma_2', 'revoked', 'ssh-ed25519 vma_2'],
    ]);
    const [first] = keys;
    expect(first!.expiresAt.getTime() - first!.notBefore.getTime()).toBe(90 * 86_400_000);
    expect(Date.now() - first!.notBefore.getTime()).toBeLessThan(60_000);
  } finally {
    await database.destroy();
    await rm(directory, { recursive: true, force: true });
  }
});
