import 'reflect-metadata';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { agentPaths } from '@ossea/agent-protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { nbdSocketPath } from '../../../apps/oma/src/volumes/daemon-supervisor.js';
import { until } from '../../stack/probe.js';
import { TRANSPORTS, openSshGround, type OpenSshGround } from '../../stack/openssh-ground.js';
import { greeter } from '../tunnel/site.js';
import { ApplianceProcess } from './appliance-process.js';
import { TunnelSite } from './tunnel-site.js';

/* The whole way of VMAs through an OMA whose tunnel the system's OpenSSH serves. */

let ground: OpenSshGround;
let site: TunnelSite;
afterEach(async () => {
  await site[Symbol.asyncDispose]();
  await ground[Symbol.asyncDispose]();
});

async function start(): Promise<void> {
  ground = await openSshGround();
  const appliance = await ApplianceProcess.overOpenSsh(ground);
  site = await TunnelSite.around(appliance);
}

describe.skipIf(!TRANSPORTS.includes('openssh'))('an OMA with tunnel.transport openssh', () => {
  it('enrols, approves, is told by the agent, carries NBD, and revokes', async () => {
    await start();
    const a = await site.connectedVma();
    const b = await site.connectedVma({ tunnel: { client: 'openssh' } });
    // the OMA's own calls have gone through: only the agent knows its release
    await until('both say their release', async () =>
      (await site.vmas()).every(({ version }) => version !== undefined),
    );
    for (const { id } of [a, b]) {
      const { agentPort } = await site.vma(id);
      const health = await fetch(`http://127.0.0.1:${agentPort}${agentPaths.health}`);
      expect(await health.json()).toEqual({ status: 'ok' });
    }
    const run = join(site.appliance.stateDir, 'run');
    for (const { id } of [a, b]) site.later(await greeter(nbdSocketPath(run, id), id));
    const copying = net.connect(a.running.nbdSocketPath);
    const others = net.connect(b.running.nbdSocketPath);
    const [[mine], [theirs]] = await Promise.all([once(copying, 'data'), once(others, 'data')]);
    expect([String(mine), String(theirs)]).toEqual([`I am ${a.id}\n`, `I am ${b.id}\n`]);
    const { body } = await site.appliance.call('health/detail');
    expect(JSON.stringify(body)).toContain('openssh');

    const ended = once(copying, 'close');
    const before = performance.now();
    expect(await site.decide('revoke', a.id)).toMatchObject({ status: 200, body: { state: 'revoked' } });
    await ended;
    expect(performance.now() - before).toBeLessThan(5_000);
    await until('it knows', () => a.running.state().state === 'revoked');
    expect(await site.vma(a.id)).toMatchObject({ state: 'revoked', connected: false });
    expect(others.destroyed).toBe(false);
    expect(await site.vma(b.id)).toMatchObject({ state: 'approved', connected: true });
    others.destroy();
  });

  it('is without its VMAs for a moment only when its tunnel server is killed', async () => {
    await start();
    const a = await site.connectedVma();
    const since = (await site.vma(a.id)).connectedSince;
    process.kill(await site.serverPid(), 'SIGKILL');
    await until('it has come again', async () => {
      const { connected, connectedSince } = await site.vma(a.id);
      return connected && connectedSince !== since;
    });
    await until('its agent answers', async () => {
      const { agentPort } = await site.vma(a.id);
      return (await fetch(`http://127.0.0.1:${agentPort}${agentPaths.health}`)).ok;
    });
  });
});
