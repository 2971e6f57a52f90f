import { Injectable, Inject } from '@nestjs/common';
import { MigrationError } from '@ossea/errors';
import { DataSource } from 'typeorm';
import { NBD_SOCKETS, TUNNELS_SETTINGS, type NbdSockets, type TunnelsSettings } from './tunnels-ports.js';
import type { IdentityMessage } from './server/control-messages.js';
import { VmaKeys } from './vma-keys.js';
import { Vma } from './vma.entity.js';
import { agentSocketFor } from './vma-sockets.js';

/** An approved VMA, as calls to it need it. */
export interface KnownVma {
  readonly id: string;
  readonly name: string;
  readonly agentSocketPath: string;
}

/** The approved VMAs: a copy of the table in memory, taken anew whenever something was decided. */
@Injectable()
export class KnownVmas {
  private known = new Map<string, KnownVma>();

  constructor(
    private readonly database: DataSource,
    private readonly keys: VmaKeys,
    @Inject(NBD_SOCKETS) private readonly nbdSockets: NbdSockets,
    @Inject(TUNNELS_SETTINGS) private readonly settings: TunnelsSettings,
  ) {}

  /** Reads the table, and gives it as the tunnel server needs it: a line for every key that is good. */
  async refresh(): Promise<IdentityMessage[]> {
    const rows = await this.database.getRepository(Vma).findBy({ state: 'approved' });
    const { runDir } = this.settings;
    this.known = new Map(
      rows.map(({ id, name }) => [id, { id, name, agentSocketPath: agentSocketFor(runDir, id) }]),
    );
    const good = await this.keys.good();
    const entries = rows.flatMap((row) =>
      good.filter(({ vmaId }) => vmaId === row.id).map((key) => ({ row, key })),
    );
    return entries.map(({ row: { id, agentPort, nbdPort }, key: { publicKey, expiresAt } }) => ({
      id,
      publicKey,
      expiresAtMs: expiresAt.getTime(),
      nbdSocketPath: this.nbdSockets.nbdSocketFor(id),
      agentSocketPath: agentSocketFor(runDir, id),
      agentPort: agentPort ?? 0,
      ...(nbdPort === null ? {} : { nbdPort }),
    }));
  }

  /** Throws `request.not-found` for a VMA that is not approved. */
  get(vmaId: string): KnownVma {
    const vma = this.known.get(vmaId);
    if (!vma)
      throw new MigrationError('request.not-found', 'There is no approved VMA with this id.', {
        context: { vma: vmaId.slice(0, 64) },
      });
    return vma;
  }
}
