import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { UseKey, type OfferedKey } from '@ossea/agent-protocol';
import { Agent } from '../agent/agent.js';
import { parseMessage } from './parse-message.js';

@Controller('api/v1/key-rotation')
export class KeyRotationController {
  constructor(private readonly agent: Agent) {}

  @Post()
  @HttpCode(200)
  offer(): Promise<OfferedKey> {
    return this.agent.offerKey();
  }

  /** Answered before anything is dialled: the answer goes through the connection that is replaced. */
  @Post('use')
  @HttpCode(200)
  async use(@Body() body: unknown): Promise<object> {
    await this.agent.useKey(parseMessage(UseKey, body).publicKey);
    return {};
  }
}
