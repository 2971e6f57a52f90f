import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecoveryPointPage } from '@ossea/api-contract';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Stack } from '../stack/launch-stack.js';
import { until } from '../stack/probe.js';
import { repositoryRoot } from '../stack/repository-root.js';

const PASSWORD = 'a password of this test only';
const FILL_MEBIBYTES = 384;
const MACHINE = 'guest-1';
const ROW = `[data-machine="${MACHINE}"]`;
const REPORTS = join(repositoryRoot, 'reports');

/** Runs in the page: tells of violations, and of every number of bytes that the list of machines shows. */
const WATCH = `
  addEventListener('securitypolicyviolation', (event) =>
    console.error('content security policy: ' + event.violatedDirective + ' ' + event.blockedURI));
  let shown;
  new MutationObserver(() => {
    const value = document.querySelector('${ROW} [data-testid="bytes-done"]')?.getAttribute('value');
    if (value && value !== shown) bytesShown(Number((shown = value)));
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['value'] });
`;

let stack: Stack;
let browser: Browser;
let page: Page;
const bytesShown: number[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  await mkdir(REPORTS, { recursive: true });
  stack = await Stack.launch({
    password: PASSWORD,
    guest: { diskMebibytes: 384, fillMebibytes: FILL_MEBIBYTES },
  });
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'].concat([
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ]),
  });
  page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(60_000);
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.exposeFunction('bytesShown', (bytes: number) => void bytesShown.push(bytes));
  await page.addInitScript(WATCH);
});
afterAll(async () => {
  await browser?.close();
  await stack?.[Symbol.asyncDispose]();
});

it('shows a full cycle of a running guest, byte by measured byte', async () => {
  const [site] = stack.sites;
  const contextId = site!.contextId;
  await page.goto(stack.oma.ready.httpUrl);
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('link', { name: MACHINE }).click();
  const state = page.getByTestId('machine-state');
  expect(await state.innerText()).toBe('Not replicated yet');

  await act('Replicate now', 'Replicate now');
  await page.locator(`${ROW} [data-testid="bytes-done"]`).waitFor();
  await page.locator('[data-step="copy-disks"]').waitFor();
  await until('bytes have moved on the page', () => bytesShown.filter((bytes) => bytes > 0).length > 1, {
    timeoutMs: 120_000,
  });
  await page.screenshot({ path: join(REPORTS, 'console-replicating.png') });
  await until('the page says in sync', async () => (await state.innerText()) === 'In sync', {
    timeoutMs: 600_000,
    everyMs: 500,
  });

  expect(bytesShown.length).toBeGreaterThanOrEqual(3);
  expect(bytesShown).toEqual([...bytesShown].sort((a, b) => a - b));
  expect(bytesShown.at(-1)).toBeGreaterThan(FILL_MEBIBYTES << 20);

  const path = `/api/v1/vm-contexts/${contextId}/recovery-points`;
  const { items } = await stack.api.get<RecoveryPointPage>(path);
  expect(items).toHaveLength(1);
  const points = page.getByTestId('recovery-points');
  await points.getByText('Full').waitFor();
  expect(await points.locator('data').getAttribute('value')).toBe(String(items[0]!.bytesMoved));
  const moved = await page.locator(`${ROW} [data-testid="moved"]`).getAttribute('value');
  expect(moved).toBe(String(items[0]!.bytesMoved));
  await page.screenshot({ path: join(REPORTS, 'console-in-sync.png') });
  expect(complaints).toEqual([]);
});

it('boots a copy in isolation and takes it away again, as asked on the page', async () => {
  await act('Test failover', 'Start the test');
  await page.getByText('Test machine is up, clean up when done').waitFor({ timeout: 400_000 });
  await page.getByText('Test machine said').waitFor();
  await page.screenshot({ path: join(REPORTS, 'console-test-failover.png') });
  expect(await page.getByRole('button', { name: 'Live failover' }).getAttribute('title')).toBe(
    'The test failover must be cleaned up first.',
  );

  await act('Clean up test', 'Clean up');
  await page.getByTestId('job').getByText('Clean-up of the test').waitFor();
  await page.getByRole('button', { name: 'Clean up test' }).waitFor({ state: 'detached', timeout: 200_000 });
  expect(await page.getByTestId('machine-state').innerText()).toBe('In sync');
  expect(complaints).toEqual([]);
});

it('says that it is not live while the appliance is away, and comes back by itself', async () => {
  await stack.oma.stop();
  await page.getByTestId('stale-banner').waitFor();
  await page.screenshot({ path: join(REPORTS, 'console-stale.png') });
  await stack.startOma();
  await page.getByTestId('stale-banner').waitFor({ state: 'detached' });
  expect(await page.getByTestId('feed-status').innerText()).toContain('Live');
  expect(await page.getByTestId('machine-state').innerText()).toBe('In sync');
});

/** Chooses an action and confirms it. */
async function act(action: string, confirm: string): Promise<void> {
  await page.getByRole('button', { name: action, exact: true }).click();
  const dialog = page.getByRole('dialog');
  const button = dialog.getByRole('button', { name: confirm, exact: true });
  await until('the action can be confirmed', async () => !(await button.getAttribute('aria-disabled')), {
    timeoutMs: 120_000,
  });
  await button.click();
  await dialog.waitFor({ state: 'detached' });
}
