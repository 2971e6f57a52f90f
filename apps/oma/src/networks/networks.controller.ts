import { Body, Controller, Get, Put, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  NetworkMapping,
  NetworkMappingList,
  NetworkMappingQuery,
  SetNetworkMapping,
  TargetNetworkList,
  TargetNetworkQuery,
} from '@ossea/api-contract';
import type { Response } from 'express';
import { Needs } from '../access/needs.js';
import { Answers } from '../http/answers.js';
import { Caller } from '../http/caller.js';
import { goneSignal } from '../http/gone-signal.js';
import { NetworksService } from './networks.service.js';

@ApiTags('networks')
@Controller('api/v1')
export class NetworksController {
  constructor(private readonly networks: NetworksService) {}

  @Get('networks/available')
  @Needs('state.read')
  @Answers('The networks of a target, as it lists them now', TargetNetworkList)
  available(
    @Query({ schema: TargetNetworkQuery }) { connectionId }: TargetNetworkQuery,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TargetNetworkList> {
    return this.networks.available(connectionId, goneSignal(response));
  }

  @Get('network-mappings')
  @Needs('state.read')
  @Answers('The network mappings of a machine', NetworkMappingList)
  list(
    @Query({ schema: NetworkMappingQuery }) { contextId }: NetworkMappingQuery,
  ): Promise<NetworkMappingList> {
    return this.networks.list(contextId);
  }

  @Put('network-mappings')
  @Needs('networks.manage')
  @Answers('Replaces the mapping of one source network', NetworkMapping)
  set(
    @Body({ schema: SetNetworkMapping }) body: SetNetworkMapping,
    @Caller() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<NetworkMapping> {
    return this.networks.set(body, caller, goneSignal(response));
  }
}
