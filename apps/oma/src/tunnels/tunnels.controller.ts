import { Controller, Get, Header, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Id, ListQuery, TunnelEventPage, TunnelList } from '@ossea/api-contract';
import { Needs } from '../access/needs.js';
import { Answers } from '../http/answers.js';
import { TunnelsService } from './tunnels.service.js';

@ApiTags('tunnels')
@Controller('api/v1/tunnels')
export class TunnelsController {
  constructor(private readonly tunnels: TunnelsService) {}

  @Get()
  @Needs('state.read')
  @Header('Cache-Control', 'no-store')
  @Answers('How the tunnel of every approved VMA is now, both directions', TunnelList)
  async list(): Promise<TunnelList> {
    return { items: await this.tunnels.list() };
  }

  @Get(':vmaId/history')
  @Needs('state.read')
  @Answers('What the tunnel of a VMA became, newest first', TunnelEventPage)
  history(
    @Param('vmaId', { schema: Id }) vmaId: string,
    @Query({ schema: ListQuery }) query: ListQuery,
  ): Promise<TunnelEventPage> {
    return this.tunnels.history(vmaId, query);
  }
}
