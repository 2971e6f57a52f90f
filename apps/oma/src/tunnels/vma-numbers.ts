import { Injectable, Inject } from '@nestjs/common';
import type { Endpoints } from '@ossea/agent-protocol';
import { IsNull, Not, type EntityManager } from 'typeorm';
import { UnitOfWork } from '../database/unit-of-work.js';
import { TUNNELS_SETTINGS, type TunnelsSettings } from './tunnels-ports.js';
import { Vma } from './vma.entity.js';

const HIGHEST_PORT = 65_535;
const HOST = '127.0.0.1';

type Numbers = Pick<Vma, 'agentPort' | 'nbdPort'>;

/** The loopback numbers of VMAs: no two have the same one, and none is an agent's and an NBD's at once. */
@Injectable()
export class VmaNumbers {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    @Inject(TUNNELS_SETTINGS) private readonly settings: TunnelsSettings,
  ) {}

  /** Numbers that no VMA has, or those that this one has already; none where any will do, or where all are taken. */
  async free(manager: EntityManager, has: Numbers = { agentPort: null, nbdPort: null }): Promise<Numbers> {
    const vmas = manager.getRepository(Vma);
    const rows = await vmas.find({ where: [{ agentPort: Not(IsNull()) }, { nbdPort: Not(IsNull()) }] });
    const taken = new Set(rows.flatMap(({ agentPort, nbdPort }) => [agentPort, nbdPort]));
    const agentPort = has.agentPort ?? lowest(this.settings.firstAgentPort, taken);
    const nbdPort = has.nbdPort ?? lowest(this.settings.firstNbdPort, taken.add(agentPort));
    return { agentPort, nbdPort };
  }

  /** Gives numbers to VMAs that were approved while none were needed. */
  async fillIn(): Promise<void> {
    if (this.settings.transport === 'ssh2') return;
    await this.unitOfWork.run(async (manager) => {
      const vmas = manager.getRepository(Vma);
      const approved = await vmas.findBy({ state: 'approved' });
      for (const row of approved) {
        if (row.agentPort !== null && row.nbdPort !== null) continue;
        await vmas.update({ id: row.id }, { ...(await this.free(manager, row)), updatedAt: new Date() });
      }
    });
  }

  /** What a VMA has to ask the tunnel server for; absent where it is the usual. */
  endpointsOf({ agentPort, nbdPort }: Numbers): Endpoints | undefined {
    if (this.settings.transport === 'ssh2' || agentPort === null || nbdPort === null) return undefined;
    return { nbd: { host: HOST, port: nbdPort }, agent: { host: HOST, port: agentPort } };
  }
}

function lowest(first: number, taken: ReadonlySet<number | null>): number | null {
  if (first === 0) return null;
  let port = first;
  while (taken.has(port)) port += 1;
  return port <= HIGHEST_PORT ? port : null;
}
