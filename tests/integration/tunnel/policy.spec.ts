import { createRequire } from 'node:module';
import net from 'node:net';
import { join } from 'node:path';
import { generateKeyPair, type KeyPair } from '@ossea/tunnel';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agentSays, startAgent } from './agent.js';
import { TRANSPORTS } from '../../stack/openssh-ground.js';
import { firstLine, openSsh, startSite, until, type Site } from './site.js';

/*
 * Invariant S1: from a tunnel identity exactly two things are reachable. Asked with Debian's OpenSSH client and with a raw
 * ssh2 client whose `strictVendor` is off: with it on the client refuses by itself, and the test would prove nothing.
 */
type Ssh2 = typeof import('ssh2');
const ssh2 = createRequire(import.meta.url)('ssh2') as Ssh2;
type Raw = InstanceType<Ssh2['Client']>;

let site: Site;
let key: KeyPair;
let decoy: net.Server;
let decoyPort: number;
/** What this VMA may ask for. */
let nbd: number;
let agent: number;

describe.each(TRANSPORTS)('over %s', (kind) => {
  beforeAll(async () => {
    site = await startSite({}, kind);
    const vma = await site.addVma('a');
    ({ key } = vma);
    nbd = vma.endpoints.nbd.port;
    agent = vma.endpoints.agent.port;
    // something that would answer if the server connected where the peer says
    decoy = net.createServer((socket) => socket.end('reached\n'));
    await new Promise<void>((resolve) => decoy.listen(0, '0.0.0.0', resolve));
    decoyPort = (decoy.address() as net.AddressInfo).port;
  });
  afterAll(async () => {
    decoy.close();
    await site[Symbol.asyncDispose]();
  });

  function raw(options: { key?: KeyPair; username?: string } = {}): Promise<Raw> {
    const client = new ssh2.Client();
    site.later(() => client.destroy());
    return new Promise((resolve, reject) => {
      client.on('error', reject);
      client.once('ready', () => resolve(client));
      client.connect({
        host: '127.0.0.1',
        port: site.port,
        username: options.username ?? 'vma',
        privateKey: (options.key ?? key).privateKey,
        strictVendor: false,
      });
    });
  }

  type Callback = (error: Error | null | undefined, value?: unknown) => void;
  const outcome = (call: (callback: Callback) => unknown): Promise<string> =>
    new Promise((resolve) => {
      try {
        call((error) => resolve(error ? `refused: ${error.message}` : 'granted'));
      } catch (error) {
        resolve(`refused by the client: ${String(error)}`);
      }
    });

  describe('a raw client', () => {
    it.each<[string, (client: Raw, done: Callback) => unknown]>([
      ['a shell', (client, done) => client.shell(done)],
      ['a command', (client, done) => client.exec('id', done)],
      ['a command with a terminal', (client, done) => client.exec('id', { pty: true }, done)],
      ['sftp', (client, done) => client.sftp(done)],
      ['a subsystem', (client, done) => client.subsys('netconf', done)],
      ['X11 forwarding', (client, done) => client.exec('id', { x11: true }, done)],
      ['another port', (client, done) => client.forwardOut('127.0.0.1', 1, '127.0.0.1', decoyPort, done)],
      ['its agent port', (client, done) => client.forwardOut('127.0.0.1', 1, '127.0.0.1', agent, done)],
      ['localhost', (client, done) => client.forwardOut('127.0.0.1', 1, 'localhost', nbd, done)],
      ['::1', (client, done) => client.forwardOut('127.0.0.1', 1, '::1', nbd, done)],
      ['127.1', (client, done) => client.forwardOut('127.0.0.1', 1, '127.1', nbd, done)],
      ['127.0.0.2', (client, done) => client.forwardOut('127.0.0.1', 1, '127.0.0.2', nbd, done)],
      ['0.0.0.0', (client, done) => client.forwardOut('127.0.0.1', 1, '0.0.0.0', nbd, done)],
      ['an empty host', (client, done) => client.forwardOut('127.0.0.1', 1, '', nbd, done)],
      ['the enrolment', (client, done) => client.subsys('ossea-enrol', done)],
      [
        'a Unix socket',
        (client, done) => client.openssh_forwardOutStreamLocal(join(site.directory, 'a-nbd'), done),
      ],
      [
        'a Unix listener',
        (client, done) => client.openssh_forwardInStreamLocal(join(site.directory, 'x'), done),
      ],
      ['another listen port', (client, done) => client.forwardIn('127.0.0.1', agent + 1, done)],
      ['any listen port', (client, done) => client.forwardIn('127.0.0.1', 0, done)],
      ['a listener on 0.0.0.0', (client, done) => client.forwardIn('0.0.0.0', agent, done)],
      ['a listener on every address', (client, done) => client.forwardIn('', agent, done)],
      ['a listener on localhost', (client, done) => client.forwardIn('localhost', agent, done)],
    ])('is refused %s', async (what, ask) => {
      const before = site.refusals.length;
      const client = await raw();
      const result = await outcome((done) => ask(client, done));
      expect(result).toMatch(/^refused: /);
      // the refusal came from the server: it saw the request. (Of one that is switched off sshd says nothing in its log.)
      if (kind === 'openssh' && what === 'a Unix listener') return void client.end();
      await until('it was seen', () => site.refusals.length > before);
      client.end();
    });

    it('gets its NBD socket and one listener, and no second one', async () => {
      const client = await raw();
      expect(await outcome((done) => client.forwardOut('127.0.0.1', 1, '127.0.0.1', nbd, done))).toBe(
        'granted',
      );
      expect(await outcome((done) => client.forwardIn('127.0.0.1', agent, done))).toBe('granted');
      expect(await outcome((done) => client.forwardIn('127.0.0.1', agent, done))).toMatch(/^refused: /);
      client.end();
    });

    it('is cut after a hundred forbidden requests', async () => {
      const client = await raw();
      const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
      client.on('error', () => undefined);
      for (let i = 0; i < 120; i += 1)
        client.forwardOut('127.0.0.1', 1, '127.0.0.1', decoyPort, () => undefined);
      await closed;
    });

    it.each<[string, () => { key?: KeyPair; username?: string }]>([
      ['a wrong key', () => ({ key: generateKeyPair() })],
      ['the right key as root', () => ({ username: 'root' })],
      ['the right key as oma', () => ({ username: 'oma' })],
      ['enrolment where none is offered', () => ({ username: 'enroll' })],
    ])('cannot log in with %s', async (_what, how) => {
      await expect(raw(how())).rejects.toThrow(/authentication/i);
    });

    it('cannot log in with a password or interactively', async () => {
      const client = new ssh2.Client();
      const error = await new Promise<Error>((resolve) => {
        client.on('error', resolve);
        client.connect({
          host: '127.0.0.1',
          port: site.port,
          username: 'vma',
          password: 'x',
          tryKeyboard: true,
        });
      });
      expect(error.message).toMatch(/authentication/i);
    });

    it('cannot talk it into another cipher or key exchange', async () => {
      const client = new ssh2.Client();
      const error = await new Promise<Error>((resolve) => {
        client.on('error', resolve);
        client.connect({
          host: '127.0.0.1',
          port: site.port,
          username: 'vma',
          privateKey: key.privateKey,
          algorithms: { kex: ['diffie-hellman-group14-sha256'] },
        });
      });
      expect(error.message).toMatch(/no matching key exchange/i);
    });
  });

  describe('OpenSSH', () => {
    it.each<[string, () => string[]]>([
      ['a shell', () => []],
      ['a terminal', () => ['-tt']],
      ['agent and X11 forwarding', () => ['-A', '-X']],
      ['another port by stdio', () => ['-W', '127.0.0.1:22']],
      ['its NBD port by another name', () => ['-W', `localhost:${nbd}`]],
      ['a Unix listener', () => ['-N', '-R', '/tmp/ossea-never:127.0.0.1:1']],
      ['another listen port', () => ['-N', '-R', `127.0.0.1:${agent + 1}:127.0.0.1:1`]],
      ['a listener without an address', () => ['-N', '-R', `${agent}:127.0.0.1:1`]],
      ['a listener on every address', () => ['-N', '-R', `*:${agent}:127.0.0.1:1`]],
      ['a SOCKS listener at the server', () => ['-N', '-R', String(agent)]],
      ['a tunnel device', () => ['-N', '-w', '0:0']],
    ])('is refused %s', async (_what, args) => {
      const { ended } = await openSsh(site, key, args());
      const { code, stdout } = await ended;
      expect(code).not.toBe(0);
      expect(stdout).toBe('');
    });

    it('is refused a Unix socket at the server', async () => {
      const local = join(site.directory, 'l1');
      const ssh = await openSsh(site, key, ['-N', '-L', `${local}:${join(site.directory, 'a-nbd')}`]);
      await until('ssh listens', () =>
        firstLine({ path: local }).then(
          () => false,
          (error: Error) => /closed/.test(error.message),
        ),
      );
      ssh.stop();
    });

    it('reaches the NBD socket and is reached at its agent', async () => {
      const local = join(site.directory, 'l2');
      const api = join(site.directory, 'api');
      site.later(await startAgent({ path: api }, 'agent of a', { id: 'a', key }));
      const ssh = await openSsh(site, key, [
        '-N',
        '-L',
        `${local}:127.0.0.1:${nbd}`,
        '-R',
        `127.0.0.1:${agent}:${api}`,
      ]);
      expect(await until('NBD answers', () => firstLine({ path: local }))).toBe('I am a');
      expect(await until('the agent answers', () => agentSays(join(site.directory, 'a-agent')))).toBe(
        'I am agent of a',
      );
      ssh.stop();
      await ssh.ended;
    });

    it('is refused with another key', async () => {
      const { ended } = await openSsh(site, generateKeyPair(), ['-N']);
      expect((await ended).stderr).toMatch(/Permission denied/);
    });
  });
});
