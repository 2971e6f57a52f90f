import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { LeftBehind } from '@ossea/api-contract';
import { DataSource, In } from 'typeorm';
import { Needs } from '../access/needs.js';
import { Answers } from '../http/answers.js';
import { LedgerEntry } from '../replication/runs/run.entities.js';
import { VolumesService } from '../volumes/volumes.service.js';

@ApiTags('support')
@Controller('api/v1/support')
export class SupportController {
  constructor(
    private readonly database: DataSource,
    private readonly volumes: VolumesService,
  ) {}

  @Get('left-behind')
  @Needs('support.read')
  @Answers('Everything of ours that exists now and must be given back one day', LeftBehind)
  async leftBehind(): Promise<LeftBehind> {
    const here = await this.volumes.leftBehind();
    const rows = await this.database.getRepository(LedgerEntry).findBy({ state: In(['claimed', 'held']) });
    return LeftBehind.parse({
      ...here,
      ledger: rows.map(({ contextId, resource, key, state }) => ({ contextId, resource, key, state })),
    });
  }
}
