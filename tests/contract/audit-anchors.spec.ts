import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataSource } from 'typeorm';
import { AuditAnchor } from '@ossea/api-contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { AuditAnchors } from '../../apps/oma/src/audit/audit-anchors.js';
import { AuditEventRow } from '../../apps/oma/src/audit/audit.entities.js';
import { AuditKey } from '../../apps/oma/src/audit/audit-key.js';
import { AgentClient } from '../../apps/oma/src/tunnels/agent-client.js';
import { vmasAsAnchorKeepers } from '../../apps/oma/src/tunnels/anchor-keepers.js';
import { VmasService } from '../../apps/oma/src/tunnels/vmas.service.js';
import { startOmaWithVma, type OmaWithVma } from './oma-room.js';

let oma: OmaWithVma;
beforeAll(async () => {
  oma = await startOmaWithVma({});
});
afterAll(() => oma[Symbol.asyncDispose]());

it('the head of the audit log is kept by each VMA, and in a file of our own', async () => {
  const { room, directory } = oma;
  const anchorDir = join(directory, 'anchors');
  const anchors = new AuditAnchors(
    room.get(DataSource),
    await AuditKey.load(directory),
    { stateDir: directory, anchorDir, applianceId: 'oma_1' },
    vmasAsAnchorKeepers(room.get(VmasService), room.get(AgentClient)),
  );
  const sent = [await anchors.anchor(), await anchors.anchor()];
  for (const file of [join(anchorDir, 'audit-anchors.jsonl'), join(directory, 'v', 'audit-anchors.jsonl')]) {
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => AuditAnchor.parse(JSON.parse(line)))).toEqual(sent);
  }
  const rows = await room
    .get(DataSource)
    .getRepository(AuditEventRow)
    .find({ order: { seq: 'ASC' } });
  expect(rows.at(-1)).toMatchObject({ seq: sent[1]?.seq, hash: sent[1]?.hash });
  // how the VMA came in: asked by itself, from its address, and let in
  const actions = rows.map(({ action, actorKind, address }) => [action, actorKind, address]);
  expect(actions).toContainEqual(['vma.enrolment-request', 'vma', '127.0.0.1']);
  expect(actions).toContainEqual(['vma.approve', 'appliance', null]);
});
