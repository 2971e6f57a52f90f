import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { Backoff, exchangeEnrolment, fingerprint, generateKeyPair, type EnrolPeer } from '@ossea/tunnel';
import { afterEach, describe, expect, it } from 'vitest';
import { agentSays, startAgent } from './agent.js';
import { rawClient } from './raw-client.js';
import { TRANSPORTS } from '../../stack/openssh-ground.js';
import { firstLine, startSite, until, type Site, type SiteVma } from './site.js';

/* What the appliance may rely on, whoever speaks SSH. */

type Raw = Awaited<ReturnType<typeof rawClient>>;
/** What a program that is asked for prints, if it is run at all. */
const output = (raw: Raw, command: string) =>
  new Promise<string>((resolve) =>
    raw.exec(command, { pty: true, env: { LD_PRELOAD: '/nowhere' } }, (error, channel) => {
      let text = '';
      if (error) return resolve(text);
      channel.on('data', (chunk: Buffer) => (text += chunk.toString()));
      channel.stderr.resume();
      channel.once('close', () => resolve(text));
    }),
  );

const quick = () => new Backoff(50, 200);

describe.each(TRANSPORTS)('over %s', (kind) => {
  let site: Site;
  afterEach(() => site[Symbol.asyncDispose]());

  /** A VMA with its agent, connected; gives back where its NBD is offered locally. */
  async function connect(vma: SiteVma, name = `agent ${vma.id}`) {
    const api = join(site.directory, `${name.replace(' ', '-')}-api`);
    site.later(await startAgent({ path: api }, name, vma));
    const nbdSocketPath = join(site.directory, `${name.replace(' ', '-')}-nbd`);
    const client = await site.client(vma.key, { agent: { path: api }, nbdSocketPath, backoff: quick });
    await until(`${vma.id} is up`, () => client.state.state === 'up');
    return { client, nbdSocketPath };
  }

  const agentAnswers = (vma: SiteVma) =>
    until(`the agent of ${vma.id} answers`, () => agentSays(vma.identity.agentSocketPath));

  it('takes each VMA to its own daemon and is taken to its own agent', async () => {
    site = await startSite({}, kind);
    const vmas = [await site.addVma('a'), await site.addVma('b')];
    const listening: unknown[] = [];
    site.server.on('agent-listening', (event) => listening.push(event.id));
    for (const vma of vmas) {
      const { nbdSocketPath } = await connect(vma);
      expect(await firstLine({ path: nbdSocketPath })).toBe(`I am ${vma.id}`);
      expect(await agentAnswers(vma)).toBe(`I am agent ${vma.id}`);
    }
    expect(listening).toEqual(['a', 'b']);
    expect(site.server.kind).toBe(kind);
    expect(site.server.hostKeyFingerprint).toBe(fingerprint(site.hostKey.publicKey));
    expect(site.server.connected()).toEqual(
      new Map([
        ['a', 1],
        ['b', 1],
      ]),
    );
    expect(site.server.sessions()).toMatchObject([
      { id: 'a', address: '127.0.0.1', connection: 1 },
      { id: 'b', address: '127.0.0.1', connection: 2 },
    ]);
  });

  it('does not take a VMA anywhere else, not even to the other’s numbers', async () => {
    site = await startSite({}, kind);
    const a = await site.addVma('a');
    const b = await site.addVma('b');
    await connect(b);
    const decoy = net.createServer((socket) => socket.end('reached\n'));
    await new Promise<void>((resolve) => decoy.listen(0, '127.0.0.1', resolve));
    site.later(() => decoy.close());
    const { port } = decoy.address() as net.AddressInfo;
    const ports = [port, a.identity.agentPort, b.identity.nbdPort, b.identity.agentPort].filter(Boolean);
    for (const [index, asked] of ports.entries()) {
      const nbdSocketPath = join(site.directory, `wrong-${index}`);
      await site.client(a.key, {
        nbdSocketPath,
        endpoints: { ...a.endpoints, nbd: { host: '127.0.0.1', port: asked ?? 0 } },
      });
      await expect(firstLine({ path: nbdSocketPath })).rejects.toThrow('closed without a line');
    }
    expect(site.refusals.length).toBeGreaterThanOrEqual(ports.length);
    expect(await agentAnswers(b)).toBe('I am agent b');
  });

  it('cuts a revoked VMA at once, keeps it out, and leaves the other alone', async () => {
    site = await startSite({}, kind);
    const a = await site.addVma('a');
    const b = await site.addVma('b');
    const { client, nbdSocketPath } = await connect(a);
    const other = await connect(b);
    const open = net.connect(nbdSocketPath);
    await once(open, 'data');
    const ended = once(open, 'close');
    const before = performance.now();
    site.identities.delete(a.key.publicKey);
    expect(site.server.revoke('a')).toBe(1);
    await ended;
    expect(performance.now() - before).toBeLessThan(2_000);
    await until('it is refused', () => client.state.error?.code === 'auth.rejected');
    expect(site.server.connected()).toEqual(new Map([['b', 1]]));
    expect(await firstLine({ path: other.nbdSocketPath })).toBe('I am b');
    await expect(agentSays(a.identity.agentSocketPath)).rejects.toThrow();
  });

  it('lets a revoked key ask at the enrolment, where it is told so', async () => {
    site = await startSite({ enrol: async () => 'revoked' }, kind);
    const vma = await site.addVma('a');
    await connect(vma);
    site.identities.delete(vma.key.publicKey);
    site.server.revoke('a');
    const dial = {
      host: '127.0.0.1',
      port: site.port,
      privateKey: vma.key.privateKey,
      hostKeyFingerprint: fingerprint(site.hostKey.publicKey),
    };
    expect(await exchangeEnrolment(dial, {}, AbortSignal.timeout(15_000))).toBe('revoked');
  });

  it('cuts whoever is not in the table any more when it is told to look, and only them', async () => {
    site = await startSite({}, kind);
    const a = await site.addVma('a');
    const b = await site.addVma('b');
    const { client } = await connect(a);
    await connect(b);
    site.identities.delete(a.key.publicKey);
    await site.server.refresh();
    await until('it is refused', () => client.state.error?.code === 'auth.rejected');
    expect(site.server.connected()).toEqual(new Map([['b', 1]]));
  });

  it('takes two keys of one VMA while one replaces the other', async () => {
    site = await startSite({}, kind);
    const a = await site.addVma('a');
    await connect(a);
    const next = site.addKey(a.identity);
    const client = await site.client(next);
    await until('the new key is in', () => site.server.connected().get('a') === 2);
    site.identities.delete(a.key.publicKey);
    await site.server.refresh();
    await until('the old one is out', () => site.server.connected().get('a') === 1);
    expect(client.state.state).toBe('up');
  });

  it('refuses a key that has expired, and cuts it when it is told to look', async () => {
    site = await startSite({}, kind);
    const a = await site.addVma('a');
    const expiresAt = new Date(Date.now() + 3_000);
    site.identities.set(a.key.publicKey, { ...a.identity, expiresAt });
    const late = site.addKey({ ...a.identity, expiresAt: new Date(Date.now() - 1_000) });
    const { client } = await connect(a);
    const refused = await site.client(late, { backoff: quick });
    await until('it is refused', () => refused.state.error?.code === 'auth.rejected');
    await until('its time has come', () => Date.now() > expiresAt.getTime());
    await site.server.refresh();
    await until('it is out', () => client.state.error?.code === 'auth.rejected');
    expect(site.server.connected().size).toBe(0);
  });

  it('gives the agent of a VMA that comes anew to its new connection, while a dead one still holds it', async () => {
    site = await startSite({}, kind);
    const vma = await site.addVma('a');
    const dead = await rawClient(site, vma.key);
    await new Promise<void>((resolve, reject) =>
      dead.forwardIn('127.0.0.1', vma.endpoints.agent.port, (error) => (error ? reject(error) : resolve())),
    );
    // it takes calls and never answers them, as one whose machine is gone
    dead.on('tcp connection', () => undefined);
    await connect(vma);
    expect(await agentAnswers(vma)).toBe('I am agent a');
  });

  it('serves the enrolment to any usable key, with the key that was proven, and nothing else', async () => {
    const seen: [unknown, EnrolPeer][] = [];
    site = await startSite(
      {
        enrol: async (request, peer) => {
          seen.push([request, peer]);
          return { welcome: true };
        },
      },
      kind,
    );
    const key = generateKeyPair();
    const dial = {
      host: '127.0.0.1',
      port: site.port,
      privateKey: key.privateKey,
      hostKeyFingerprint: fingerprint(site.hostKey.publicKey),
    };
    for (let i = 0; i < 2; i += 1)
      expect(await exchangeEnrolment(dial, { hello: i }, AbortSignal.timeout(15_000))).toEqual({
        welcome: true,
      });
    expect(seen).toEqual(
      [0, 1].map((i) => [
        { hello: i },
        { publicKey: key.publicKey, fingerprint: fingerprint(key.publicKey), address: '127.0.0.1' },
      ]),
    );
    expect(site.server.connected().size).toBe(0);
    // beside the exchange the user has nothing: no forwarding, no program, no terminal
    const raw = await rawClient(site, key, 'enroll');
    const asked: Record<string, (done: (error?: Error | null) => void) => unknown> = {
      'the VMA’s NBD': (done) => raw.forwardOut('127.0.0.1', 0, '127.0.0.1', 10_809, done),
      'the host': (done) => raw.forwardOut('127.0.0.1', 0, '127.0.0.1', site.port, done),
      'a listener': (done) => raw.forwardIn('127.0.0.1', 9_081, done),
      'a Unix socket': (done) => raw.openssh_forwardOutStreamLocal(site.directory, done),
      sftp: (done) => raw.sftp(done),
      'another subsystem': (done) => raw.subsys('netconf', done),
    };
    for (const [what, ask] of Object.entries(asked))
      expect(
        await new Promise((resolve) => ask((error) => resolve(error ?? 'granted'))),
        what,
      ).toBeInstanceOf(Error);
    for (const command of ['id', '/bin/sh', 'ossea-enrol; id'])
      expect(await output(raw, command), command).toBe('');
  });

  it('lets a VMA in through a flood of idle connections', async () => {
    site = await startSite({}, kind);
    const vma = await site.addVma('a');
    const idle = Array.from({ length: 200 }, () =>
      net.connect(site.port, '127.0.0.1').on('error', () => undefined),
    );
    site.later(() => idle.forEach((socket) => socket.destroy()));
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    await connect(vma);
    expect(site.refusals).toContain('evicted: too many unauthenticated connections');
  });

  it('gives no more time than the limit to a connection that does not authenticate', async () => {
    site = await startSite({ limits: { handshakeTimeoutMs: 500 } }, kind);
    const idle = net.connect(site.port, '127.0.0.1');
    idle.on('data', () => undefined).on('error', () => undefined);
    await once(idle, 'close');
    expect(site.refusals).toContain('handshake time-out');
  });
});
