import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Backoff, generateKeyPair, type TunnelState } from '@ossea/tunnel';
import { afterEach, describe, expect, it } from 'vitest';
import { agentSays, startAgent } from './agent.js';
import { TRANSPORTS } from '../../stack/openssh-ground.js';
import { firstLine, startSite, until, type Site } from './site.js';

/* The VMA's end by the system's ssh, with either kind of server. */

const quick = () => new Backoff(50, 200);

describe.each(TRANSPORTS)('ssh to a server over %s', (kind) => {
  let site: Site;
  afterEach(() => site[Symbol.asyncDispose]());

  it('carries NBD and calls to the agent, and comes back by itself', async () => {
    site = await startSite({}, kind);
    const vma = await site.addVma('a');
    const api = join(site.directory, 'api');
    site.later(await startAgent({ path: api }, 'agent a', vma));
    const nbdSocketPath = join(site.directory, 'nbd');
    const client = await site.openSshClient(vma.key, {
      agent: { path: api },
      nbdSocketPath,
      nbdPort: 0,
      backoff: quick,
    });
    const states: TunnelState['state'][] = [];
    client.on('state', ({ state }) => states.push(state));
    await client.ready(AbortSignal.timeout(20_000));
    expect(client.state).toEqual({ state: 'up', connections: 1 });
    expect((await stat(nbdSocketPath)).mode & 0o777).toBe(0o600);
    expect(await firstLine({ path: nbdSocketPath })).toBe('I am a');
    expect(await firstLine({ port: client.nbdPort ?? 0, host: '127.0.0.1' })).toBe('I am a');
    const answers = () => until('the agent answers', () => agentSays(vma.identity.agentSocketPath));
    expect(await answers()).toBe('I am agent a');
    client.restart();
    await until('it is up again', () => states.join().includes('down,up'));
    expect(await firstLine({ path: nbdSocketPath })).toBe('I am a');
    expect(await answers()).toBe('I am agent a');
  });

  it('refuses a server that shows another host key, and says when its own key is refused', async () => {
    site = await startSite({}, kind);
    const vma = await site.addVma('a');
    const wrong = await site.openSshClient(vma.key, {
      hostKeyFingerprint: `SHA256:${'A'.repeat(43)}`,
      backoff: quick,
      nbdSocketPath: join(site.directory, 'n1'),
      openSsh: { directory: join(site.directory, 's1') },
    });
    const strange = await site.openSshClient(generateKeyPair(), {
      backoff: quick,
      nbdSocketPath: join(site.directory, 'n2'),
      openSsh: { directory: join(site.directory, 's2') },
      endpoints: vma.endpoints,
    });
    await until('it was refused', () => wrong.state.error?.code === 'tunnel.host-key-changed');
    await until('it was refused', () => strange.state.error?.code === 'auth.rejected');
    expect(site.server.connected().size).toBe(0);
  });

  it('says when nobody is there, and leaves nothing behind', async () => {
    site = await startSite({}, kind);
    const vma = await site.addVma('a');
    const directory = join(site.directory, 'own');
    const client = await site.openSshClient(vma.key, { backoff: quick, openSsh: { directory } });
    await client.ready(AbortSignal.timeout(20_000));
    expect((await stat(join(directory, 'key'))).mode & 0o777).toBe(0o600);
    const [ssh] = await sshOf(directory);
    expect(ssh).toBeDefined();
    expect(ssh).not.toContain('PRIVATE KEY');
    await site.server.close();
    await until('it says so', () => client.state.error?.code === 'peer.unreachable');
    await client[Symbol.asyncDispose]();
    expect(await sshOf(directory)).toEqual([]);
    await expect(stat(directory)).rejects.toThrow();
  });
});

/** Command lines of the ssh processes that use a directory. */
async function sshOf(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.includes(`${directory}/key`)) found.push(line);
  }
  return found;
}
