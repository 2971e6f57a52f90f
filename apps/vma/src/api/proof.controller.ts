import { Controller, Get, Query, Req } from '@nestjs/common';
import { AgentProofQuery, type AgentProof } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import type { Request } from 'express';
import { Agent } from '../agent/agent.js';
import { parseMessage } from './parse-message.js';

/** At the loopback port, where anybody can ask. The tunnel comes by the Unix socket, and asks once a call. */
const PROOFS_PER_SECOND = 200;

@Controller('api/v1')
export class ProofController {
  private second = 0;
  private given = 0;

  constructor(private readonly agent: Agent) {}

  /** Open to everyone who reaches the port: that this is the VMA with this key is no secret. */
  @Get('proof')
  async proof(@Req() request: Request, @Query() query: unknown): Promise<AgentProof> {
    const { nonce } = parseMessage(AgentProofQuery, { ...(query as object) });
    // a stranger who floods the port shall not keep the tunnel's calls from being proven
    if (request.socket.remoteAddress !== undefined) this.count();
    return { signature: await this.agent.prove(nonce) };
  }

  private count(): void {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.second) this.given = 0;
    this.second = second;
    this.given += 1;
    if (this.given > PROOFS_PER_SECOND)
      throw new MigrationError('access.throttled', 'Too many proofs were asked for.');
  }
}
