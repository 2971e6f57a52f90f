import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { NextHostKey } from '@ossea/agent-protocol';
import { Agent } from '../agent/agent.js';
import { parseMessage } from './parse-message.js';

@Controller('api/v1/host-key')
export class HostKeyController {
  constructor(private readonly agent: Agent) {}

  @Post()
  @HttpCode(200)
  async announce(@Body() body: unknown): Promise<NextHostKey> {
    const next = parseMessage(NextHostKey, body);
    await this.agent.expectHostKey(next.fingerprint);
    return next;
  }
}
