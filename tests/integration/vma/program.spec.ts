import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { agentPaths } from '@ossea/agent-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../stack/probe.js';
import { AgentApi } from './agent-api.js';
import { VmaProcess, type Ready } from './vma-process.js';
import { CODE, VmaSite } from './vma-site.js';

/* The built program, as systemd and an administrator run it. */

let site: VmaSite;
let stateDir: string;
let environment: Record<string, string>;
beforeAll(async () => {
  site = await VmaSite.start();
  ({ stateDir } = await site.config());
  environment = {
    OSSEA_VMA_STATE_DIR: stateDir,
    OSSEA_VMA_OMA_HOST: '127.0.0.1',
    OSSEA_VMA_OMA_PORT: String(site.port),
    OSSEA_VMA_API_PORT: '0',
    OSSEA_VMA_NBD_PORT: '0',
    OSSEA_VMA_LOG_LEVEL: 'debug',
  };
});
afterAll(() => site[Symbol.asyncDispose]());

function start(args: readonly string[] = [], env: Record<string, string> = environment): VmaProcess {
  const running = VmaProcess.start(stateDir, env, args);
  site.later(() => running.end('SIGKILL'));
  return running;
}
async function enrol(more: object = {}): Promise<VmaProcess> {
  const command = start(['enrol']);
  command.say(
    `${JSON.stringify({ code: CODE, hostKeyFingerprint: site.hostKeyFingerprint, name: 'a site', ...more })}\n`,
  );
  await command.ended;
  return command;
}

describe('a start that cannot be', () => {
  it.each([
    ['settings that are missing', {}, [], 'stateDir'],
    ['a value that is wrong', { OSSEA_VMA_API_PORT: 'hunter2' }, [], 'api.port'],
    ['a host that is none', { OSSEA_VMA_OMA_HOST: '' }, [], 'oma.host'],
    ['a word that is no command', {}, ['hunter2'], 'usage'],
  ])('names %s and nothing else', async (_what, more, args, name) => {
    const env = Object.keys(more).length > 0 ? { ...environment, ...more } : {};
    const refused = start(args, env);
    expect(await refused.ended).toEqual({ code: 2, signal: null });
    expect(refused.errors).toContain(name);
    expect(refused.errors + refused.output).not.toContain('hunter2');
    expect(existsSync(`${stateDir}/ready.json`)).toBe(false);
  });
});

describe('the service', () => {
  let vma: VmaProcess;
  let ready: Ready;
  beforeAll(async () => {
    vma = start();
    ready = await vma.ready('not-enrolled');
  });

  it('is the only one on its state directory', async () => {
    const second = start();
    expect(await second.ended).toEqual({ code: 2, signal: null });
    expect(second.errors).toContain('stateDir');
    expect(await vma.ready()).toEqual(ready);
  });

  it('answers health before anybody has enrolled it, and nothing else', async () => {
    const api = new AgentApi({ port: ready.apiPort }, site.agentKeys.privateKey, 'vma_1');
    expect((await api.call(agentPaths.health)).status).toBe(200);
    expect((await api.call(agentPaths.info)).status).toBe(401);
  });

  it('is enrolled beside the running service, which goes on by itself', async () => {
    const refused = await enrol({ hostKeyFingerprint: `SHA256:${'A'.repeat(43)}` });
    expect(await refused.ended).toMatchObject({ code: 1 });
    expect(refused.errors).toContain('tunnel.host-key-changed');
    // the code never left this machine
    expect(site.asked).toEqual([]);

    const enrolled = await enrol();
    expect(await enrolled.ended).toMatchObject({ code: 0 });
    const lines = enrolled.output.trimEnd().split('\n');
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      vmaId: 'vma_1',
      fingerprint: expect.stringMatching(/^SHA256:/) as string,
      words: expect.stringMatching(/^([a-z]{4} ){5}[a-z]{4}$/) as string,
      state: 'pending',
    });
    await vma.ready('pending');
    site.decide('approved');
    await until('it is connected', () => site.connected.has('vma_1'));
    // being let in and listening are two things, and are told one after the other
    const now = await until('its NBD port is told', async () => {
      const told = await vma.ready('approved');
      return told.nbdPort === undefined ? undefined : told;
    });
    expect(now.nbdPort).toBeGreaterThan(0);
    expect(existsSync(now.nbdSocketPath)).toBe(true);
  });

  it('is not enrolled twice by mistake', async () => {
    const again = await enrol();
    expect(await again.ended).toMatchObject({ code: 1 });
    expect(again.errors).toContain('request.conflict');
    expect((await vma.ready()).state).toBe('approved');
  });

  it('keeps secrets out of its log, its arguments and its environment', async () => {
    const api = new AgentApi({ socketPath: ready.agentSocketPath }, site.agentKeys.privateKey, 'vma_1');
    const settings = { machinesDir: 1, password: 'hunter2' };
    expect((await api.openSession('conn_1', 'qemu-source', settings)).status).toBe(422);
    const { body } = await api.call(agentPaths.info);
    expect(body).toMatchObject({ vmaId: 'vma_1', plugins: [{ id: 'qemu-source' }, { id: 'vmware' }] });
    const shown = [
      vma.output,
      vma.errors,
      await readFile(`/proc/${vma.pid}/cmdline`, 'utf8'),
      await readFile(`/proc/${vma.pid}/environ`, 'utf8'),
    ].join('\n');
    for (const secret of ['hunter2', CODE, 'PRIVATE KEY', 'Bearer ey']) expect(shown).not.toContain(secret);
    for (const line of vma.output.trimEnd().split('\n'))
      expect(() => JSON.parse(line) as unknown).not.toThrow();
  });

  it('stops when it is told to, leaving no socket behind', async () => {
    const beganMs = performance.now();
    expect(await vma.end('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(performance.now() - beganMs).toBeLessThan(10_000);
    for (const path of [`${stateDir}/ready.json`, ready.agentSocketPath, ready.nbdSocketPath])
      expect(existsSync(path), path).toBe(false);
    await until('the OMA has noticed', () => !site.connected.has('vma_1'));
  });
});
