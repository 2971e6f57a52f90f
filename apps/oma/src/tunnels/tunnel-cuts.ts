import { Injectable } from '@nestjs/common';
import { AuditedWork } from '../audit/audited-work.js';
import { TunnelPresence } from './tunnel-presence.js';
import { TunnelSupervisor } from './tunnel-supervisor.js';
import { VmasService } from './vmas.service.js';

/** Cuts live sessions by somebody's word. */
@Injectable()
export class TunnelCuts {
  constructor(
    private readonly vmas: VmasService,
    private readonly presence: TunnelPresence,
    private readonly tunnel: TunnelSupervisor,
    private readonly work: AuditedWork,
  ) {}

  /** Cuts all connections of a VMA, which dials anew: revoking is what keeps it out. Throws `request.not-found`. */
  async cut(vmaId: string): Promise<void> {
    await this.vmas.get(vmaId);
    const sessions = this.presence.connections(vmaId).length;
    await this.work.run(
      () => Promise.resolve(),
      () => ({ action: 'tunnel.cut', subject: { type: 'vma', id: vmaId }, detail: { sessions } }),
    );
    this.presence.expectCut(vmaId, 'It was cut by hand.');
    this.tunnel.cut(vmaId);
  }
}
