import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { AuditExportQuery, AuditHead, AuditListQuery, AuditPage } from '@ossea/api-contract';
import type { Response } from 'express';
import { Needs } from '../access/needs.js';
import { Answers } from '../http/answers.js';
import { AuditAnchors } from './audit-anchors.js';
import { AuditLog } from './audit-log.js';

const JSON_LINES = 'application/x-ndjson';

@ApiTags('audit')
@Controller('api/v1/audit')
export class AuditController {
  constructor(
    private readonly log: AuditLog,
    private readonly anchors: AuditAnchors,
  ) {}

  @Get()
  @Needs('audit.read')
  @Answers('Who changed what, newest first; also what was refused', AuditPage)
  list(@Query({ schema: AuditListQuery }) query: AuditListQuery): Promise<AuditPage> {
    return this.log.list(query);
  }

  @Get('head')
  @Needs('audit.read')
  @Answers('The end of the chain, signed, with the public key of the signature', AuditHead)
  async head(): Promise<AuditHead> {
    return { anchor: await this.anchors.head(), publicKey: this.anchors.publicKey };
  }

  @Get('export')
  @Needs('audit.read')
  @ApiOperation({ summary: 'The log as JSON lines, oldest first, to be verified elsewhere' })
  @ApiResponse({
    status: 200,
    description: 'One row a line.',
    content: { [JSON_LINES]: { schema: { $ref: '#/components/schemas/AuditEvent' } } },
  })
  async export(
    @Query({ schema: AuditExportQuery }) query: AuditExportQuery,
    @Res() response: Response,
  ): Promise<void> {
    response.type(JSON_LINES);
    response.setHeader('Content-Disposition', 'attachment; filename="audit.jsonl"');
    await pipeline(Readable.from(this.log.lines(query)), response);
  }
}
