import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Appliance } from './appliance.js';

let consoleDir: string;
let oma: Appliance;
beforeAll(async () => {
  consoleDir = await mkdtemp(join(tmpdir(), 'console-'));
  await mkdir(join(consoleDir, 'api'));
  await Promise.all([
    writeFile(join(consoleDir, 'index.html'), '<app-root>console</app-root>'),
    writeFile(join(consoleDir, 'main-ABCDEF12.js'), 'export {};'),
    writeFile(join(consoleDir, '.env'), 'hidden'),
  ]);
  oma = await Appliance.start({ config: { consoleDir } });
});
afterAll(async () => {
  await oma[Symbol.asyncDispose]();
  await rm(consoleDir, { recursive: true, force: true });
});

const page = { token: null, headers: { accept: 'text/html' } };

it.each(['/', '/machines/ctx_1', '/sign-in?back=%2F', '/..%2f..%2fetc%2fpasswd'])(
  'answers %s with the console',
  async (path) => {
    const { status, headers, body } = await oma.call(path, page);
    expect([status, body['text']]).toEqual([200, '<app-root>console</app-root>']);
    expect(headers.get('cache-control')).toBe('no-cache');
  },
);

it('lets browsers keep what carries its own hash', async () => {
  const { status, headers } = await oma.call('/main-ABCDEF12.js', page);
  expect(status).toBe(200);
  expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(headers.get('content-type')).toMatch(/javascript/);
});

it.each(['/main-00000000.js', '/.env', '/api', '/api/nothing', '/socket.io/nothing'])(
  'has no page at %s',
  async (path) => {
    const { status, body } = await oma.call(path, page);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(JSON.stringify(body)).not.toMatch(/console|hidden|root:/);
  },
);

it('serves the page of the API beside it', async () => {
  const { status, body } = await oma.call('/api/docs', page);
  expect(status).toBe(200);
  expect(String(body['text'])).toContain('swagger-ui');
  // the policy allows no inline script, and the page has none
  expect(String(body['text'])).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
  expect((await oma.call('/api/docs/swagger-ui-bundle.js', page)).status).toBe(200);
});
