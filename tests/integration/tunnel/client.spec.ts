import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { truncate, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Backoff, generateKeyPair, type TunnelState } from '@ossea/tunnel';
import { afterEach, describe, expect, it } from 'vitest';
import { agentSays, startAgent } from './agent.js';
import { TRANSPORTS } from '../../stack/openssh-ground.js';
import { firstLine, startSite, until, type Site } from './site.js';

const exec = promisify(execFile);
const quick = () => new Backoff(50, 200);

describe.each(TRANSPORTS)('over %s', (kind) => {
  let site: Site;
  afterEach(() => site[Symbol.asyncDispose]());

  it('takes a VMA to its own storage daemon, and only its own agent answers at its listener', async () => {
    site = await startSite({}, kind);
    const agentPath = (id: string) => join(site.directory, `${id}-api`);
    const clients = await Promise.all(
      ['a', 'b'].map(async (id) => {
        const vma = await site.addVma(id);
        const { key, identity } = vma;
        site.later(await startAgent({ path: agentPath(id) }, `agent ${id}`, vma));
        const client = await site.client(key, { agent: { path: agentPath(id) }, nbdPort: 0, connections: 2 });
        return { id, client, identity };
      }),
    );
    for (const [index, { id, client, identity }] of clients.entries()) {
      await until(`${id} is up`, () => client.state.state === 'up');
      expect(await firstLine({ path: join(site.directory, `local-${index + 1}`) })).toBe(`I am ${id}`);
      expect(await firstLine({ port: client.nbdPort ?? 0, host: '127.0.0.1' })).toBe(`I am ${id}`);
      expect(await until('its agent answers', () => agentSays(identity.agentSocketPath))).toBe(
        `I am agent ${id}`,
      );
    }
    expect(site.server.connected()).toEqual(
      new Map([
        ['a', 2],
        ['b', 2],
      ]),
    );
  });

  it('does not let one VMA open the exports of another, even by their exact names', async () => {
    site = await startSite({}, kind);
    for (const id of ['a', 'b']) {
      const image = join(site.directory, `${id}.raw`);
      await writeFile(image, '');
      await truncate(image, 1 << 20);
      const socket = join(site.directory, `${id}.sock`);
      const daemon = spawn('qemu-nbd', [
        '-t',
        '-e',
        '8',
        '-f',
        'raw',
        '-x',
        `vol-${id}`,
        '-k',
        socket,
        image,
      ]);
      site.later(async () => {
        if (daemon.exitCode !== null) return;
        daemon.kill();
        await once(daemon, 'exit');
      });
      await until('qemu-nbd listens', () =>
        exec('nbdinfo', ['--size', `nbd+unix:///vol-${id}?socket=${socket}`]),
      );
      const { key, identity } = await site.addVma(id);
      site.identities.set(key.publicKey, { ...identity, nbdSocketPath: socket });
      await site.client(key);
    }
    const size = (client: number, name: string) =>
      exec('nbdinfo', ['--size', `nbd+unix:///${name}?socket=${join(site.directory, `local-${client}`)}`]);
    expect((await size(1, 'vol-a')).stdout.trim()).toBe('1048576');
    expect((await size(2, 'vol-b')).stdout.trim()).toBe('1048576');
    await expect(size(2, 'vol-a')).rejects.toThrow();
    await expect(size(1, 'vol-b')).rejects.toThrow();
  });

  it('refuses a server that shows another host key, says so, and connects when the right one is back', async () => {
    site = await startSite({}, kind);
    const { key } = await site.addVma('a');
    const states: TunnelState[] = [];
    const client = await site.client(key, {
      hostKeyFingerprint: 'SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
      backoff: quick,
    });
    client.on('state', (state) => states.push(state));
    await until('it has been refused twice', () => states.length > 1);
    expect(
      states.every(({ state, error }) => state === 'down' && error?.code === 'tunnel.host-key-changed'),
    ).toBe(true);
    expect(site.server.connected().size).toBe(0);
  });

  it('says when its key is not accepted', async () => {
    site = await startSite({}, kind);
    const client = await site.client(generateKeyPair(), { backoff: quick });
    await until('it was refused', () => client.state.error?.code === 'auth.rejected');
  });

  it('comes back by itself, holds new connections meanwhile, and takes its agent listener over', async () => {
    site = await startSite({}, kind);
    const vma = await site.addVma('a');
    const { key, identity } = vma;
    const api = join(site.directory, 'api');
    site.later(await startAgent({ path: api }, 'agent a', vma));
    const client = await site.client(key, { agent: { path: api }, backoff: quick });
    await until('it is up', () => client.state.state === 'up');
    const open = net.connect(join(site.directory, 'local-1'));
    await once(open, 'data');
    const ended = once(open, 'close');
    client.restart();
    // what was open ends, what is opened now waits for the tunnel
    const held = firstLine({ path: join(site.directory, 'local-1') });
    await ended;
    expect(await held).toBe('I am a');
    expect(await until('the agent answers', () => agentSays(identity.agentSocketPath))).toBe('I am agent a');
  });

  // over OpenSSH the first one that lives has it: the kernel gives a port once
  it.runIf(kind === 'ssh2')(
    'lets the newest connection of a VMA serve its agent while a stale one is still there',
    async () => {
      site = await startSite({}, kind);
      const vma = await site.addVma('a');
      const { key, identity } = vma;
      for (const name of ['old', 'new']) {
        const api = join(site.directory, name);
        site.later(await startAgent({ path: api }, name, vma));
        const client = await site.client(key, { agent: { path: api } });
        await until('it is up', () => client.state.state === 'up');
        expect(await until('it answers', () => agentSays(identity.agentSocketPath))).toBe(`I am ${name}`);
      }
      expect(site.server.connected().get('a')).toBe(2);
    },
  );

  it('refuses a channel while the storage daemon is down, and says so at the server', async () => {
    site = await startSite({}, kind);
    const { key, identity } = await site.addVma('a');
    site.identities.set(key.publicKey, { ...identity, nbdSocketPath: join(site.directory, 'nobody') });
    await site.client(key);
    await expect(firstLine({ path: join(site.directory, 'local-1') })).rejects.toThrow(
      'closed without a line',
    );
    expect(site.refusals).toContain('the storage daemon does not answer');
  });

  it('keeps every byte in order while session keys are renewed again and again', async () => {
    site = await startSite({ limits: { rekeyBytes: 1 << 20, rekeyAfterMs: 100 } }, kind);
    const { key } = await site.addVma('a');
    await site.client(key);
    const sizeBytes = 96 << 20;
    const socket = net.connect(join(site.directory, 'local-1'));
    const greeting = Buffer.from('I am a\n');
    let received = 0;
    let wrong = 0;
    socket.on('data', (chunk) => {
      for (let i = 0; i < chunk.length; i += 4_001) {
        const at = received + i - greeting.length;
        if (at >= 0 && chunk[i] !== (at >> 12) % 251) wrong += 1;
      }
      received += chunk.length;
    });
    const block = Buffer.alloc(1 << 20);
    for (let at = 0; at < sizeBytes; at += block.length) {
      for (let i = 0; i < block.length; i += 4_096) block.fill(((at + i) >> 12) % 251, i, i + 4_096);
      if (!socket.write(Buffer.from(block))) await once(socket, 'drain');
    }
    await until('all came back', () => received === sizeBytes + greeting.length, { timeoutMs: 60_000 });
    expect(wrong).toBe(0);
    socket.destroy();
  });
});
