import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { KeepAnchor, type KeptAnchor } from '@ossea/agent-protocol';
import { AnchorFile } from '../audit/anchor-file.js';
import { parseMessage } from './parse-message.js';

@Controller('api/v1/audit-anchors')
export class AuditAnchorsController {
  constructor(private readonly anchors: AnchorFile) {}

  @Post()
  @HttpCode(200)
  async keep(@Body() body: unknown): Promise<KeptAnchor> {
    const anchor = parseMessage(KeepAnchor, body);
    await this.anchors.keep(anchor);
    return { seq: anchor.seq };
  }
}
