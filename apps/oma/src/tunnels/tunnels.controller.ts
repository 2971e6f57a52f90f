import { Controller, Get, Header, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Id, ListQuery, TunnelEventPage, TunnelList } from '@ossea/api-contract';
import { Needs } from '../access/needs.js';
import { Answers, AnswersNothing } from '../http/answers.js';
import { TunnelCuts } from './tunnel-cuts.js';
import { TunnelsService } from './tunnels.service.js';

@ApiTags('tunnels')
@Controller('api/v1/tunnels')
export class TunnelsController {
  constructor(
    private readonly tunnels: TunnelsService,
    private readonly cuts: TunnelCuts,
  ) {}

  @Get()
  @Needs('state.read')
  @Header('Cache-Control', 'no-store')
  @Answers('How the tunnel of every approved VMA is now, both directions', TunnelList)
  async list(): Promise<TunnelList> {
    return { items: await this.tunnels.list() };
  }

  @Post(':vmaId/cut')
  @Needs('vmas.revoke')
  @AnswersNothing('Cuts the live sessions of a VMA, which dials anew')
  cut(@Param('vmaId', { schema: Id }) vmaId: string): Promise<void> {
    return this.cuts.cut(vmaId);
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
