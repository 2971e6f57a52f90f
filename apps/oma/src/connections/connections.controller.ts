import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  Connection,
  ConnectionPage,
  ConnectionTest,
  CreateConnection,
  Id,
  ListQuery,
  UpdateConnection,
} from '@ossea/api-contract';
import type { Response } from 'express';
import { Needs } from '../access/needs.js';
import { Answers, AnswersNothing } from '../http/answers.js';
import { Caller } from '../http/caller.js';
import { goneSignal } from '../http/gone-signal.js';
import { InvalidRequest } from '../http/request-validation.js';
import { ConnectionSessions } from './connection-sessions.js';
import { ConnectionTrials } from './connection-trials.js';
import { ConnectionsService } from './connections.service.js';

@ApiTags('connections')
@Controller('api/v1/connections')
export class ConnectionsController {
  constructor(
    private readonly connections: ConnectionsService,
    private readonly sessions: ConnectionSessions,
    private readonly trials: ConnectionTrials,
  ) {}

  @Get()
  @Needs('state.read')
  @Answers('Configured plugins, newest first; secrets are masked', ConnectionPage)
  list(@Query({ schema: ListQuery }) query: ListQuery): Promise<ConnectionPage> {
    return this.connections.list(query);
  }

  @Post()
  @Needs('connections.manage')
  @HttpCode(201)
  @Answers('Configures a plugin', Connection, 201)
  async create(
    @Body({ schema: CreateConnection }) body: CreateConnection,
    @Caller() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Connection> {
    return tagged(await this.connections.create(body, caller), response);
  }

  @Get(':id')
  @Needs('state.read')
  @Answers('One connection', Connection)
  async get(
    @Param('id', { schema: Id }) id: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Connection> {
    return tagged(await this.connections.get(id), response);
  }

  @Patch(':id')
  @Needs('connections.manage')
  @Answers('Changes a connection; a masked secret stays as it is', Connection)
  async update(
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: UpdateConnection }) body: UpdateConnection,
    @Caller() caller: Caller,
    @Res({ passthrough: true }) response: Response,
    @Headers('if-match') ifMatch?: string,
  ): Promise<Connection> {
    return tagged(await this.connections.update(id, body, versionOf(ifMatch), caller), response);
  }

  @Delete(':id')
  @Needs('connections.remove')
  @AnswersNothing('Removes a connection that no VM uses')
  async remove(
    @Param('id', { schema: Id }) id: string,
    @Caller() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<void> {
    await this.connections.remove(id, versionOf(ifMatch), caller);
    await this.sessions.close(id);
  }

  @Post(':id/test')
  @Needs('connections.manage')
  @HttpCode(200)
  @Answers('Really connects, and says what the connection can do', ConnectionTest)
  test(
    @Param('id', { schema: Id }) id: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ConnectionTest> {
    return this.trials.test(id, goneSignal(response));
  }
}

function tagged(connection: Connection, response: Response): Connection {
  response.setHeader('ETag', `"${connection.version}"`);
  return connection;
}

function versionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const version = /^"(\d{1,9})"$/.exec(ifMatch)?.[1];
  if (version === undefined)
    throw new InvalidRequest([
      { pointer: '/headers/If-Match', message: 'An ETag of this resource is expected.' },
    ]);
  return Number(version);
}
