import 'reflect-metadata';
import { once } from 'node:events';
import net from 'node:net';
import { join } from 'node:path';
import { agentPaths } from '@ossea/agent-protocol';
import { HostKeyChange } from '@ossea/api-contract';
import { fingerprint } from '@ossea/tunnel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nbdSocketPath } from '../../../apps/oma/src/volumes/daemon-supervisor.js';
import { StateFiles } from '../../../apps/vma/src/start-vma.js';
import { TRANSPORTS, openSshGround, type OpenSshGround } from '../../stack/openssh-ground.js';
import { until } from '../../stack/probe.js';
import { greeter } from '../tunnel/site.js';
import { ApplianceProcess } from './appliance-process.js';
import { TunnelSite, type EnrolledVma } from './tunnel-site.js';

/* Keys change where the system's OpenSSH serves the tunnel, for VMAs that dial with either client. */

/** Milliseconds into a rotation at which the OMA dies: before, between and after its two calls. */
const KILLED_AFTER_MS = [5, 20, 60, 150];

let ground: OpenSshGround;
let appliance: ApplianceProcess;
let site: TunnelSite;
let vmas: EnrolledVma[];
const files = ({ config }: EnrolledVma) => new StateFiles(config.stateDir);
const rotate = ({ id }: EnrolledVma) => appliance.call(`admin/vma/rotate-key/${id}`, { method: 'POST' });
const ownKey = async (vma: EnrolledVma) => fingerprint((await files(vma).keyPair()).publicKey);

/** Both sides agree on a key; one that was offered and not heard of may be left. */
const agreed = (vma: EnrolledVma) =>
  until(
    `${vma.id} has one key`,
    async () => {
      const { connected, fingerprint: known } = await site.vma(vma.id);
      return connected && known === (await ownKey(vma)) ? known : undefined;
    },
    { timeoutMs: 45_000 },
  );

describe.skipIf(!TRANSPORTS.includes('openssh'))('keys over OpenSSH', () => {
  beforeEach(async () => {
    ground = await openSshGround();
    appliance = await ApplianceProcess.overOpenSsh(ground);
    site = await TunnelSite.around(appliance);
    vmas = [await site.connectedVma(), await site.connectedVma({ tunnel: { client: 'openssh' } })];
  });
  afterEach(async () => {
    await site[Symbol.asyncDispose]();
    await ground[Symbol.asyncDispose]();
  });

  it('are changed on demand, while a channel goes on where the VMA holds its own connections', async () => {
    const [own] = vmas;
    site.later(await greeter(nbdSocketPath(join(appliance.stateDir, 'run'), own!.id), own!.id));
    const copying = net.connect(own!.running.nbdSocketPath);
    await once(copying, 'data');
    for (const vma of vmas) {
      expect(await rotate(vma)).toMatchObject({ status: 200 });
      await until('another key is in use', async () => (await agreed(vma)) !== vma.fingerprint);
      expect(await files(vma).nextKeyPair()).toBeUndefined();
      await until('its agent answers', async () => {
        const { agentPort } = await site.vma(vma.id);
        return (await fetch(`http://127.0.0.1:${agentPort}${agentPaths.health}`)).ok;
      });
    }
    expect(copying.destroyed).toBe(false);
    const echo = once(copying, 'data');
    copying.write('still there');
    expect(String((await echo)[0])).toBe('still there');
    copying.destroy();
  });

  it('of the appliance are changed without enrolling anybody again', async () => {
    const { hostKeyFingerprint: before } = await site.pairingCode();
    const { body } = await appliance.call('admin/tunnel/rotate-host-key', { body: { force: false } });
    const { hostKeyFingerprint: now, waitingFor } = HostKeyChange.parse(body);
    expect(waitingFor).toEqual([]);
    expect(now).not.toBe(before);
    for (const vma of vmas) {
      await until('it has moved', async () => (await files(vma).enrolment())?.hostKeyFingerprint === now);
      await site.connected(vma.id);
    }
  });

  it('are the same on both sides whenever the OMA was killed', async () => {
    for (const afterMs of KILLED_AFTER_MS) {
      const asked = Promise.all(vmas.map((vma) => rotate(vma).catch(() => undefined)));
      // the moment is the point of it: whatever has happened by then is what has to be gone on with
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await appliance.kill();
      await asked;
      await appliance.begin({ OSSEA_TUNNEL_PORT: String(site.port) });
      for (const vma of vmas) await agreed(vma);
    }
    // and they can be changed again, once what had been begun is done: it cuts a VMA that dials with ssh for a moment
    for (const vma of vmas) {
      const before = await ownKey(vma);
      await until('it is asked for another key', async () => (await rotate(vma)).status === 200);
      await until('another key is in use', async () => (await agreed(vma)) !== before);
    }
  });
});
