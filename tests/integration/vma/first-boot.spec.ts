import { mkdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startVma, type RunningVma } from '../../../apps/vma/src/start-vma.js';
import { until } from '../../stack/probe.js';
import { CODE, VmaSite } from './vma-site.js';

/* Somebody enrols a new VMA from a browser. */

let site: VmaSite;
let vma: RunningVma;
let url: string;
let consoleCode: string;
let stateDir: string;
beforeEach(async () => {
  site = await VmaSite.start();
  const told: string[] = [];
  const config = { ...(await site.config()), firstBoot: { mode: 'on' as const, port: 0 } };
  ({ stateDir } = config);
  vma = await startVma(config, { tellConsole: (line) => void told.push(line) });
  [, url = '', consoleCode = ''] = /(http:\S+) with the code (\S+)/.exec(told[0] ?? '') ?? [];
});
afterEach(async () => {
  await vma[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

const good = () => ({
  console: consoleCode,
  code: CODE,
  hostKeyFingerprint: site.hostKeyFingerprint,
  name: 'cellar',
});
const post = (form: Record<string, string>) =>
  fetch(url, { method: 'POST', body: new URLSearchParams(form) });

it('takes the codes, shows what is to be compared, and closes for good once it is approved', async () => {
  const first = await fetch(url);
  expect(first.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
  expect(await first.text()).not.toContain(consoleCode);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    await page.getByLabel('Code on the console').fill(consoleCode.toLowerCase());
    await page.getByLabel('Pairing code').fill(CODE);
    await page.getByLabel('Host key').fill(site.hostKeyFingerprint);
    await page.getByLabel('Name').fill('cellar');
    await page.getByRole('button').click();
    await page.getByText('The OMA has the request').waitFor();
    const shown = await page.locator('code').allInnerTexts();
    expect(shown[0]).toMatch(/^SHA256:/);
    expect(shown[1]?.split(/[ -]/)).toHaveLength(6);
  } finally {
    await browser.close();
  }
  site.decide('approved');
  await until('the page is closed', () =>
    fetch(url).then(
      () => false,
      () => true,
    ),
  );
});

it('does nothing without the code of the console, and says so; what was typed is text', async () => {
  const before = site.asked.length;
  const answer = await post({ ...good(), console: 'AAAA-BBBB', name: '<img src=x onerror=alert(1)>' });
  expect(answer.status).toBe(400);
  const text = await answer.text();
  expect(text).toContain('not the code on the console');
  expect(text).not.toContain('<img');
  expect(text).not.toContain(CODE);
  expect(site.asked.length).toBe(before);
  for (let i = 0; i < 12; i += 1) expect((await post({ ...good(), console: `GUESS-${i}` })).status).toBe(400);
  // also the right one waits now
  expect(await (await post(good())).text()).toContain('Too many wrong codes');
  expect(site.asked.length).toBe(before);
});

it.each([
  ['a pairing code that is none', { code: 'hunter2' }],
  ['the host key of somebody else', { hostKeyFingerprint: `SHA256:${'A'.repeat(43)}` }],
  ['no name', { name: ' ' }],
])('says what is wrong: %s', async (_what, wrong) => {
  const answer = await post({ ...good(), ...wrong });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('role="alert"');
});

it('takes forms and nothing else', async () => {
  expect((await fetch(`${url}elsewhere`)).status).toBe(404);
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(405);
  const json = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
  expect((await fetch(url, json)).status).toBe(400);
  expect((await post({ ...good(), name: 'x'.repeat(10_000) })).status).toBe(400);
});

it('fails alone when what the VMA keeps cannot be read, and is there again once it can', async () => {
  const key = join(stateDir, 'vma-key');
  await fetch(url);
  await rename(key, `${key}.away`);
  await mkdir(key);
  expect((await fetch(url)).status).toBe(500);
  await rmdir(key);
  await rename(`${key}.away`, key);
  expect((await fetch(url)).status).toBe(200);
});
