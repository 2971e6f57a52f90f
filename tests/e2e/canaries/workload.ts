import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  scopesOf,
  type Connection,
  type ConnectionPage,
  type IssuedToken,
  type Job,
  type PairingCode,
  type SignedIn,
  type User,
  type VmaList,
} from '@ossea/api-contract';
import { PAIRING_ALPHABET } from '@ossea/agent-protocol';
import { Appliance } from '../../stack/appliance.js';
import type { CloudstackTargetHost } from '../../stack/cloudstack-target-host.js';
import type { Stack } from '../../stack/launch-stack.js';
import type { VmwareSample } from '../../stack/vmware-sample.js';
import type { Hearing } from './hearing.js';
import { secretOf, type Secret } from './secret.js';

const BASE = '/api/v1';
const IN_JSON = '"\\ %+';

/** A password nobody else has, with what is written otherwise in JSON, URLs and forms. */
export const newPassword = (): string => `c4n${IN_JSON}${randomBytes(12).toString('hex')}`;

/** What people and programs do with secrets, right and wrong. Every secret that comes up is added to the list. */
export class Workload {
  readonly ids: Record<string, string> = { plugin: 'cloudstack' };
  /** A session of the administrator's: some things take a person. */
  token = '';

  constructor(
    private readonly stack: Stack,
    private readonly api: Hearing,
    private readonly secrets: Secret[],
    private readonly adminPassword: string,
  ) {}

  private add(name: string, value: string, where: Parameters<typeof secretOf>[2] = {}): string {
    this.secrets.push(secretOf(name, value, where));
    return value;
  }

  async signInsRightAndWrong(): Promise<void> {
    const [first, second, wrong] = [newPassword(), newPassword(), newPassword()];
    this.add('a user’s first password', first);
    this.add('a user’s second password', second);
    this.add('a mistyped password', wrong);
    const asAdmin = { name: 'admin', password: this.adminPassword };
    const admin = await this.api.granted<SignedIn>(`POST ${BASE}/access/sign-in`, { body: asAdmin });
    const token = this.add('a session of the administrator', admin.body.token ?? '', {
      givenBy: [`POST ${BASE}/access/sign-in`],
    });
    this.token = token;
    const user = await this.api.granted<User>(`POST ${BASE}/admin/users`, {
      token,
      headers: { 'idempotency-key': 'a-user' },
      body: { name: 'canary', role: 'operator', password: first },
    });
    this.ids['users'] = user.body.id;
    const signIn = (password: string, more: object = {}) =>
      this.api.call<SignedIn>(`POST ${BASE}/access/sign-in`, { body: { name: 'canary', password, ...more } });
    await signIn(wrong);
    // as a name, too: people type into the wrong field
    await this.api.call(`POST ${BASE}/access/sign-in`, { body: { name: wrong, password: wrong } });
    const session = (await signIn(first)).body.token ?? '';
    this.add('a session', session, { givenBy: [`POST ${BASE}/access/sign-in`] });
    const cookie = (await signIn(first, { as: 'cookie' })).headers.get('set-cookie') ?? '';
    this.add('a cookie', /=([^;]+)/.exec(cookie)?.[1] ?? '', { givenBy: [`POST ${BASE}/access/sign-in`] });
    const body = { current: wrong, next: second };
    await this.api.call(`POST ${BASE}/access/password`, { token: session, body });
    await this.api.call(`POST ${BASE}/access/password`, {
      token: session,
      body: { ...body, current: first },
    });
    await this.api.call(`POST ${BASE}/access/reauthenticate`, { token: session, body: { password: wrong } });
    await signIn(first);
    await this.api.call(`GET ${BASE}/jobs?token=${session}`);
  }

  async tokens(): Promise<void> {
    const { body } = await this.api.granted<IssuedToken>(`POST ${BASE}/access/tokens`, {
      token: this.token,
      headers: { 'idempotency-key': 'a-token' },
      body: { name: 'canary', scopes: scopesOf('viewer') },
    });
    this.add('an API token', body.token, { givenBy: [`POST ${BASE}/access/tokens`] });
    const unknown = this.add('an unknown token', `ossea_${randomBytes(32).toString('base64url')}`);
    for (const token of [body.token, unknown]) await this.api.call(`GET ${BASE}/jobs`, { token });
  }

  async connections(sample: VmwareSample): Promise<void> {
    const { host, port, username, password, sha256 } = sample.vcsim;
    this.add('the vCenter’s password', password);
    const wrong = this.add('a wrong password of the vCenter', newPassword());
    const { token } = this;
    const settings = { host, port, username, certificateSha256: sha256 };
    const vmaId = this.stack.sites[0]?.vmaId;
    const create = (name: string, secret: object) =>
      this.api.call<Connection>(`POST ${BASE}/connections`, {
        token,
        headers: { 'idempotency-key': name },
        body: { name, kind: 'source', pluginId: 'vmware', vmaId, settings: { ...settings, ...secret } },
      });
    await create('misplaced', { passwort: wrong });
    await create('misshapen', { password: { is: wrong } });
    const mistyped = (await create('mistyped', { password: wrong })).body;
    const right = (await create('right', { password })).body;
    for (const { id } of [mistyped, right]) {
      await this.api.call(`POST ${BASE}/connections/${id}/test`, { token });
      const connectionId = { connectionId: id };
      await this.api.call(`POST ${BASE}/discovery/discover-vms`, { token, body: connectionId });
      await this.api.call(`POST ${BASE}/discovery/describe-vm`, {
        token,
        body: { ...connectionId, vmId: sample.vm },
      });
      await this.api.call(`PATCH ${BASE}/connections/${id}`, { token, body: { settings: right.settings } });
    }
    await this.api.call(`POST ${BASE}/connections/${right.id}/test`, { token });
    this.ids['connections'] = right.id;
  }

  async cloudstack(target: CloudstackTargetHost): Promise<void> {
    const { apiKey, secretKey } = target.simulator.keys.user;
    this.add('the API key of CloudStack', apiKey);
    this.add('the secret key of CloudStack', secretKey);
    const wrong = this.add('a wrong secret key of CloudStack', randomBytes(48).toString('base64url'));
    const { token } = this;
    const good = { ...target.credentials };
    for (const credentials of [{ ...good, secretKey: wrong }, { ...good, secretKey: { wrong } }, good]) {
      const { body } = await this.api.call(`POST ${BASE}/settings/cloudstack/discover-all`, {
        token,
        body: { credentials },
      });
      if (typeof body['id'] === 'string') this.ids['set-ups'] = body['id'];
    }
    const { body } = await this.api.granted<ConnectionPage>(`GET ${BASE}/connections`, { token });
    const { id, settings } = body.items.find(({ pluginId }) => pluginId === 'cloudstack')!;
    this.ids['target'] = id;
    for (const secret of [wrong, secretKey]) {
      const changed = { settings: { ...settings, secretKey: secret } };
      await this.api.call(`PATCH ${BASE}/connections/${id}`, { token, body: changed });
      await this.api.call(`POST ${BASE}/connections/${id}/test`, { token });
      await this.api.call(`GET ${BASE}/networks/available?connectionId=${id}`, { token });
    }
  }

  /** A second VMA asks with a wrong code, then with the right one. */
  async enrolments(): Promise<void> {
    const route = `POST ${BASE}/admin/vma/pairing-code`;
    const { body } = await this.api.granted<PairingCode>(route, {
      token: this.token,
      headers: { 'idempotency-key': 'a-code' },
    });
    this.add('a pairing code', body.code, { givenBy: [route] });
    const letters = [...randomBytes(12)].map((byte) => PAIRING_ALPHABET[byte % PAIRING_ALPHABET.length]);
    const wrong = letters.join('').replace(/(.{4})(.{4})/, '$1-$2-');
    this.add('a wrong pairing code', wrong);
    const environment = {
      OSSEA_VMA_STATE_DIR: join(this.stack.directory, 'v2'),
      OSSEA_VMA_OMA_HOST: '127.0.0.1',
      OSSEA_VMA_OMA_PORT: String(this.stack.oma.ready.tunnelPort),
    };
    const log = join(this.stack.directory, 'v2.log');
    const vma = new Appliance('vma', environment.OSSEA_VMA_STATE_DIR, environment, log);
    for (const code of [wrong, body.code]) {
      const input = JSON.stringify({ code, hostKeyFingerprint: body.hostKeyFingerprint, name: 'second' });
      const said = await vma.command(['enrol'], input).catch(String);
      this.api.heard('vma enrol', said);
    }
    const { items } = await this.stack.api.get<VmaList>(`${BASE}/admin/vma`);
    const second = items.find(({ id }) => id !== this.stack.sites[0]?.vmaId);
    if (!second) throw new Error('the second VMA has not asked');
    await this.stack.api.post(`${BASE}/admin/vma/reject/${second.id}`);
    this.ids['vma'] = this.stack.sites[0]?.vmaId ?? '';
    this.ids['tunnels'] = this.ids['vma'];
  }

  /** The administrator has lost the password. */
  async recovery(): Promise<void> {
    const next = this.add('the administrator’s second password', newPassword());
    await this.stack.oma.command(['recover'], '');
    const code = (await readFile(join(this.stack.directory, 'o/recovery-code'), 'utf8')).trim();
    this.add('the recovery code', code);
    const body = { code, password: next };
    for (const tried of [{ ...body, code: `${code.slice(0, -1)}x` }, body]) {
      const { body: entered } = await this.api.call<SignedIn>(`POST ${BASE}/access/recover`, { body: tried });
      if (entered.token !== undefined) this.token = entered.token;
    }
    this.add('the session of the recovery', this.token, { givenBy: [`POST ${BASE}/access/recover`] });
    await this.api.call(`POST ${BASE}/access/sign-in`, {
      body: { name: 'admin', password: this.adminPassword },
    });
  }

  /** The key of stored secrets is renewed; the first try is cut off by a crash. */
  async rotation(): Promise<void> {
    await this.stack.api.post<Job>(`${BASE}/admin/secrets/rotate`);
    await this.stack.oma.kill();
    await this.stack.startOma();
    this.api.baseUrl = this.stack.api.baseUrl;
    await this.stack.connected(this.stack.sites[0]!);
    const { id } = await this.stack.api.run(`${BASE}/admin/secrets/rotate`);
    this.ids['jobs'] = id;
  }
}
