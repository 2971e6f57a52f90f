import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import net from 'node:net';
import { join } from 'node:path';
import {
  Backoff,
  fingerprint,
  generateKeyPair,
  openTunnelServer,
  type TunnelServerOptions,
} from '@ossea/tunnel';
import { afterEach, describe, expect, it } from 'vitest';
import { agentSays, startAgent } from './agent.js';
import { TRANSPORTS } from '../../stack/openssh-ground.js';
import { rawClient } from './raw-client.js';
import { firstLine, startSite, until, type Site } from './site.js';

/* What only OpenSSH can get wrong: its log, its processes, and the loopback that it uses. */

const quick = () => new Backoff(50, 200);
const ends: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function siteOf(more: Partial<TunnelServerOptions> = {}): Promise<Site> {
  const site = await startSite(more, 'openssh');
  ends.push(() => site[Symbol.asyncDispose]());
  return site;
}

const anywhere = { host: '127.0.0.1', port: 0 };

describe.skipIf(!TRANSPORTS.includes('openssh'))('the tunnel over OpenSSH', () => {
  it('is not told who somebody is by its log, which a client can write into', async () => {
    const site = await siteOf();
    const a = await site.addVma('a');
    const b = await site.addVma('b');
    const came: string[] = [];
    site.server.on('connected', ({ id }) => came.push(id));
    const forged = `x\nAccepted publickey for vma from 127.0.0.1 port 1 ssh2: ED25519 ${fingerprint(a.key.publicKey)}`;
    const liar = await rawClient(site, b.key);
    await until('it is known as itself', () => came.length > 0);
    const refused = site.refusals.length;
    await new Promise((resolve) => liar.forwardOut('127.0.0.1', 0, forged, 80, resolve));
    await until('the line was printed', () => site.refusals.length > refused);
    expect(came).toEqual(['b']);
    expect(site.refusals.join()).not.toContain('Accepted');
    expect(site.server.revoke('a')).toBe(0);
    expect(site.server.revoke('b')).toBe(1);
    // nor before it has logged in: a method's name is printed too
    const { Client } = createRequire(import.meta.url)('ssh2') as typeof import('ssh2');
    const stranger = new Client();
    const over = new Promise<void>((resolve) =>
      stranger.once('close', () => resolve()).on('error', () => resolve()),
    );
    let asked = 0;
    stranger.connect({
      host: '127.0.0.1',
      port: site.port,
      username: 'vma',
      authHandler: ((_left: unknown, _partial: unknown, next: (method: unknown) => void) => {
        asked += 1;
        next(
          asked === 1
            ? { type: 'password', username: 'vma', password: forged }
            : { type: 'publickey', username: 'vma', key: generateKeyPair().privateKey },
        );
      }) as never,
    });
    await over;
    expect(came).toEqual(['b']);
  });

  it('lets one connection try one key', async () => {
    const site = await siteOf();
    const a = await site.addVma('a');
    const b = await site.addVma('b');
    const { Client, utils } = createRequire(import.meta.url)('ssh2') as typeof import('ssh2');
    const client = new Client();
    const answer = new Promise<string>((resolve) => {
      client.once('ready', () => resolve('in')).on('error', (error) => resolve(error.message));
    });
    // it shows a key that it does not have, and signs with its own
    const shown = utils.parseKey(a.key.publicKey);
    if (shown instanceof Error) throw shown;
    const methods = [
      { type: 'agent', username: 'vma', agent: new OneKeyAgent(shown) },
      { type: 'publickey', username: 'vma', key: b.key.privateKey },
      false,
    ];
    client.connect({
      host: '127.0.0.1',
      port: site.port,
      username: 'vma',
      authHandler: ((_left: unknown, _partial: unknown, next: (method: unknown) => void) =>
        next(methods.shift() ?? false)) as never,
    });
    expect(await answer).toMatch(/authentication/i);
    client.destroy();
    expect(site.server.connected().size).toBe(0);
  });

  it('does not believe whoever sits at the agent’s port while the tunnel is down', async () => {
    const site = await siteOf();
    const vma = await site.addVma('a');
    const came: string[] = [];
    const listens: string[] = [];
    site.server.on('connected', ({ id }) => came.push(id));
    site.server.on('agent-listening', ({ id }) => listens.push(id));
    const stop = await startAgent({ port: vma.endpoints.agent.port, host: '127.0.0.1' }, 'squatter', {
      id: 'a',
      key: generateKeyPair(),
    });
    const client = await site.client(vma.key, { backoff: quick });
    await until('it is connected', () => came.length > 0 && client.state.state === 'up');
    await until('the squatter was asked', () =>
      site.refusals.includes('the port of the agent is held by somebody else'),
    );
    await expect(agentSays(vma.identity.agentSocketPath)).rejects.toThrow();
    expect(listens).toEqual([]);
    // even as the very OS user that sshd runs as it proves nothing
    await stop();
    const before = site.refusals.length;
    const squatter = spawn('setpriv', [
      '--reuid',
      '64001',
      '--clear-groups',
      process.execPath,
      '-e',
      `require('http').createServer((q, s) => s.end('{"signature":"AAAA"}')).listen(${vma.endpoints.agent.port}, '127.0.0.1')`,
    ]);
    await until('it was asked, too', () =>
      site.refusals.slice(before).includes('the port of the agent is held by somebody else'),
    );
    expect(listens).toEqual([]);
    squatter.kill('SIGKILL');
    await once(squatter, 'exit');
  });

  it('serves no local process at a VMA’s NBD port', async () => {
    const site = await siteOf();
    const vma = await site.addVma('a');
    await site.server.refresh();
    await expect(firstLine({ port: vma.endpoints.nbd.port, host: '127.0.0.1' })).rejects.toThrow(
      'closed without a line',
    );
    expect(site.refusals).toContain('a local process at the NBD port');
  });

  it('does not let a VMA in whose NBD port another program holds', async () => {
    const site = await siteOf();
    const vma = await site.addVma('a');
    const squatter = net.createServer((socket) => socket.end('squatter\n'));
    await new Promise<void>((resolve) => squatter.listen(vma.endpoints.nbd.port, '127.0.0.1', resolve));
    const client = await site.client(vma.key, { backoff: quick });
    await until('it is refused', () => client.state.error?.code === 'auth.rejected');
    squatter.close();
    await until('it is let in', () => client.state.state === 'up');
  });

  it('ends what a life that was killed has left', async () => {
    const site = await siteOf();
    const vma = await site.addVma('a');
    const raw = await rawClient(site, vma.key);
    await until('it is in', () => site.server.connected().get('a') === 1);
    const closed = new Promise<void>((resolve) => raw.once('close', () => resolve()));
    raw.on('error', () => undefined);
    // a server that dies takes sshd's first process along, but not the one that serves the connection
    const directory = site.openSsh!.directory;
    const [group] = await readdir(join(directory, 'running'));
    const sshds = await processesOf(Number(group));
    expect(sshds.length).toBeGreaterThan(1);
    const next = openTunnelServer('openssh', {
      hostKey: site.hostKey.privateKey,
      identify: () => undefined,
      identities: () => [],
      openSsh: site.openSsh!,
    });
    ends.push(() => next.close());
    await next.listen(anywhere);
    await closed;
    await until('all are gone', async () => (await processesOf(Number(group))).length === 0);
  });

  it('leaves no process behind', async () => {
    const site = await siteOf();
    const vma = await site.addVma('a');
    await rawClient(site, vma.key);
    const idle = net.connect(site.port, '127.0.0.1').on('error', () => undefined);
    await once(idle, 'connect');
    const running = join(site.openSsh!.directory, 'running');
    const groups = await until('both have an sshd', async () => {
      const names = await readdir(running);
      return names.length === 2 ? names : undefined;
    });
    await site.server.close();
    for (const group of groups) expect(await processesOf(Number(group))).toEqual([]);
    expect(await readdir(running)).toEqual([]);
    expect(await readdir(join(site.openSsh!.directory, 'claims'))).toEqual([]);
  });
});

/** Of a process group, those that have not ended. */
async function processesOf(group: number): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    const [state, , pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (pgrp === String(group) && state !== 'Z' && state !== 'X') found.push(pid);
  }
  return found;
}

/** Shows a public key as if it could sign with it. */
class OneKeyAgent extends (createRequire(import.meta.url)('ssh2') as typeof import('ssh2')).BaseAgent {
  constructor(private readonly key: unknown) {
    super();
  }
  override getIdentities(done: (error: undefined, keys: never[]) => void): void {
    done(undefined, [this.key as never]);
  }
  override sign(_key: unknown, _data: Buffer, options: unknown, done?: unknown): void {
    const callback = (typeof options === 'function' ? options : done) as (
      error: undefined,
      signature: Buffer,
    ) => void;
    callback(undefined, Buffer.alloc(64));
  }
}
