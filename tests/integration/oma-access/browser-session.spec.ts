import { CurrentAccess, Problem } from '@ossea/api-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Appliance, ENGINES } from '../oma-shell/appliance.js';
import { Browser } from './people.js';

describe.each(ENGINES)('the session of a browser on %s', (engine) => {
  let oma: Appliance;
  let page: Browser;
  beforeAll(async () => {
    oma = await Appliance.start({ engine });
    page = await Browser.signIn(oma);
  });
  afterAll(() => oma[Symbol.asyncDispose]());

  const change = (headers: Record<string, string>) =>
    page.call('admin/vma/pairing-code', { body: {}, headers });

  it('lives in a cookie that no script and no other site gets', async () => {
    expect(page.attributes).toMatch(/Path=\//);
    expect(page.attributes).toMatch(/HttpOnly/);
    expect(page.attributes).toMatch(/SameSite=Strict/);
    const { body } = await page.call('access/session');
    const { name, kind, csrfToken } = CurrentAccess.parse(body);
    expect({ name, kind, csrfToken }).toEqual({ name: 'admin', kind: 'cookie', csrfToken: page.csrfToken });
    expect(JSON.stringify(body)).not.toContain(page.cookie.split('=')[1]);
  });

  it('changes things from our own page only', async () => {
    expect((await change({})).status).toBe(201);
    expect((await change({ origin: oma.url, 'sec-fetch-site': 'same-origin' })).status).toBe(201);
    for (const headers of [
      { 'x-ossea-csrf': '' },
      { 'x-ossea-csrf': 'x'.repeat(43) },
      { origin: 'https://elsewhere.example' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ] as Record<string, string>[]) {
      const { status, body } = await change(headers);
      expect([headers, status, Problem.parse(body).code]).toEqual([headers, 403, 'access.csrf']);
    }
    const looked = await page.call('jobs', { headers: { 'sec-fetch-site': 'cross-site' } });
    expect(looked.status).toBe(403);
  });

  it('is no token: its secret opens nothing in a header', async () => {
    const [, secret = ''] = page.cookie.split('=');
    expect((await oma.call('jobs', { token: secret })).status).toBe(401);
  });

  it('is a new one at each sign-in, and ends at its sign-out, for the server too', async () => {
    const other = await Browser.signIn(oma);
    expect(other.cookie).not.toBe(page.cookie);
    const out = await other.call('access/sign-out', { method: 'POST' });
    expect(out.status).toBe(204);
    expect(out.headers.get('set-cookie')).toMatch(/=;.*Expires=Thu, 01 Jan 1970/);
    expect((await other.call('jobs')).status).toBe(401);
    expect((await page.call('jobs')).status).toBe(200);
  });
});

it('insists on TLS where the appliance serves it', async () => {
  const { sessionCookie } = await import('../../../apps/oma/src/access/session-cookie.js');
  const cookie = sessionCookie('secret', new Date(), true);
  expect(cookie).toMatch(/^__Host-ossea=secret; /);
  for (const attribute of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Strict'])
    expect(cookie).toContain(attribute);
  expect(cookie).not.toContain('Domain');
});
