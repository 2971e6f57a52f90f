import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CliHarness } from './cli-harness.js';

const ID = 'vma_01J00000000000000000000000';
const BASE = `/api/v1/admin/vma/${ID}/plugin-files/vmware/vddk`;
const file = { plugin: 'vmware', file: 'vddk', title: 'VDDK', description: 'Bring your own.' };
let cli: CliHarness;
let arrived: Buffer;
beforeEach(async () => {
  cli = await CliHarness.start();
  arrived = Buffer.alloc(0);
  cli.oma.on('GET /api/v1/admin/vma', {
    body: {
      items: [
        {
          id: ID,
          name: 'site-1',
          state: 'approved',
          fingerprint: 'SHA256:x',
          words: 'basi doku gilo muru nadi pagu',
          connected: true,
          createdAt: '2026-01-02T03:04:05.678Z',
        },
      ],
    },
  });
  cli.oma.on(`PUT ${BASE}`, ({ body }) => {
    const { offset, base64 } = body as { offset: number; base64: string };
    arrived = Buffer.concat([arrived.subarray(0, offset), Buffer.from(base64, 'base64')]);
    return { body: { receivedBytes: arrived.length } };
  });
});
afterEach(() => cli[Symbol.asyncDispose]());

it('sends an archive in pieces, and its digest at the end', async () => {
  const bytes = randomBytes((1 << 20) + 77);
  const path = join(cli.configDir, 'vddk.tar.gz');
  await writeFile(path, bytes);
  cli.oma.on(`POST ${BASE}/install`, ({ body }) => ({
    body: { items: [{ ...file, ...(body as object), installedAt: '2026-01-02T03:04:05.678Z' }] },
  }));
  const { code, out } = await cli.run(['vma', 'bring', 'site-1', 'vmware', 'vddk', path, '-o', 'json']);
  expect(code).toBe(0);
  expect(arrived.equals(bytes)).toBe(true);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  expect(JSON.parse(out)).toMatchObject({ items: [{ file: 'vddk', sha256 }] });
});

it('lists what is wanted, and what was brought', async () => {
  cli.oma.on(`GET /api/v1/admin/vma/${ID}/plugin-files`, { body: { items: [file] } });
  const { code, out } = await cli.run(['vma', 'files', ID]);
  expect(code).toBe(0);
  expect(out).toMatch(/vmware +vddk +VDDK +no/);
});
