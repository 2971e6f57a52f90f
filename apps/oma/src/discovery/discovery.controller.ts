import { Body, Controller, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  AddedVms,
  AddVms,
  DescribedVm,
  DescribeVm,
  DiscoveredVms,
  DiscoverVms,
  Id,
  VmContext,
  VmContextListQuery,
  VmContextPage,
} from '@ossea/api-contract';
import type { Response } from 'express';
import { Needs } from '../access/needs.js';
import { Answers } from '../http/answers.js';
import { Caller } from '../http/caller.js';
import { goneSignal } from '../http/gone-signal.js';
import { DiscoveryService } from './discovery.service.js';
import { VmAdditions } from './vm-additions.js';

@ApiTags('discovery')
@Controller('api/v1')
export class DiscoveryController {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly additions: VmAdditions,
  ) {}

  @Post('discovery/discover-vms')
  @Needs('machines.manage')
  @HttpCode(200)
  @Answers('What a source holds now', DiscoveredVms)
  discover(
    @Body({ schema: DiscoverVms }) body: DiscoverVms,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DiscoveredVms> {
    return this.discovery.discover(body, goneSignal(response));
  }

  @Post('discovery/describe-vm')
  @Needs('machines.manage')
  @HttpCode(200)
  @Answers('What one machine is made of, and what stands in its way', DescribedVm)
  describe(
    @Body({ schema: DescribeVm }) body: DescribeVm,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DescribedVm> {
    return this.discovery.describe(body, goneSignal(response));
  }

  @Post('discovery/add-vms')
  @Needs('machines.manage')
  @HttpCode(201)
  @Answers('Takes machines under management without replicating them', AddedVms, 201)
  add(@Body({ schema: AddVms }) body: AddVms, @Caller() caller: Caller): Promise<AddedVms> {
    return this.additions.add(body, caller);
  }

  @Get('vm-contexts')
  @Needs('state.read')
  @Answers('Machines under management, newest first', VmContextPage)
  list(@Query({ schema: VmContextListQuery }) query: VmContextListQuery): Promise<VmContextPage> {
    return this.discovery.list(query);
  }

  @Get('vm-contexts/:id')
  @Needs('state.read')
  @Answers('One machine under management', VmContext)
  get(@Param('id', { schema: Id }) id: string): Promise<VmContext> {
    return this.discovery.get(id);
  }
}
