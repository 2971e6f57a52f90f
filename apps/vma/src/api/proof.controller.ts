import { Controller, Get, Query } from '@nestjs/common';
import { AgentProofQuery, type AgentProof } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import { Agent } from '../agent/agent.js';
import { parseMessage } from './parse-message.js';

/** A tunnel server asks once a call; a stranger on the loopback shall not keep us signing. */
const PROOFS_PER_SECOND = 200;

@Controller('api/v1')
export class ProofController {
  private second = 0;
  private given = 0;

  constructor(private readonly agent: Agent) {}

  /** Open to everyone who reaches the port: that this is the VMA with this key is no secret. */
  @Get('proof')
  async proof(@Query() query: unknown): Promise<AgentProof> {
    const { nonce } = parseMessage(AgentProofQuery, { ...(query as object) });
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.second) this.given = 0;
    this.second = second;
    this.given += 1;
    if (this.given > PROOFS_PER_SECOND)
      throw new MigrationError('access.throttled', 'Too many proofs were asked for.');
    return { signature: await this.agent.prove(nonce) };
  }
}
