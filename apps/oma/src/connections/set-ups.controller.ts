import { Body, Controller, Get, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Connection,
  DiscoverAll,
  Id,
  Job,
  PluginId,
  SaveSetUp,
  TargetSetUp,
  ValidateSetUp,
} from '@ossea/api-contract';
import type { Response } from 'express';
import { Needs } from '../access/needs.js';
import { Answers, StartsJob } from '../http/answers.js';
import { Caller } from '../http/caller.js';
import { goneSignal } from '../http/gone-signal.js';
import { SetUps } from './set-ups.js';

/** `settings/cloudstack/discover-all` is a name that integrators know; each plugin with a set-up has its own. */
@ApiTags('set-up')
@Controller('api/v1/settings/:plugin')
export class SetUpsController {
  constructor(private readonly setUps: SetUps) {}

  @Post('discover-all')
  @Needs('connections.manage')
  @HttpCode(200)
  @Answers('Step one: everything the account can see, in one call; the credentials are sealed', TargetSetUp)
  discoverAll(
    @Param('plugin', { schema: PluginId }) plugin: string,
    @Body({ schema: DiscoverAll }) body: DiscoverAll,
    @Res({ passthrough: true }) response: Response,
  ): Promise<TargetSetUp> {
    return this.setUps.discoverAll(plugin, body, goneSignal(response));
  }

  @Get('set-ups/:id')
  @Needs('connections.manage')
  @Answers('A set-up that is under way', TargetSetUp)
  get(
    @Param('plugin', { schema: PluginId }) plugin: string,
    @Param('id', { schema: Id }) id: string,
  ): Promise<TargetSetUp> {
    return this.setUps.get(plugin, id);
  }

  @Post('validate')
  @Needs('connections.manage')
  @StartsJob('Step two: tries a selection, with a volume that is made, written, read and removed')
  validate(
    @Param('plugin', { schema: PluginId }) plugin: string,
    @Body({ schema: ValidateSetUp }) body: ValidateSetUp,
    @Caller() caller: Caller,
  ): Promise<Job> {
    return this.setUps.validate(plugin, body, caller);
  }

  @Post('save')
  @Needs('connections.manage')
  @HttpCode(201)
  @Answers('Step three: a connection of the selection that was validated', Connection, 201)
  save(
    @Param('plugin', { schema: PluginId }) plugin: string,
    @Body({ schema: SaveSetUp }) body: SaveSetUp,
    @Caller() caller: Caller,
  ): Promise<Connection> {
    return this.setUps.save(plugin, body, caller);
  }
}
