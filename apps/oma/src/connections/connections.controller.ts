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
import { MigrationError } from '@ossea/errors';
import type { Response } from 'express';
import { Answers, AnswersNothing } from '../http/answers.js';
import { ConnectionsService } from './connections.service.js';

@ApiTags('connections')
@Controller('api/v1/connections')
export class ConnectionsController {
  constructor(private readonly connections: ConnectionsService) {}

  @Get()
  @Answers('Configured plugins, newest first; secrets are masked', ConnectionPage)
  list(@Query({ schema: ListQuery }) query: ListQuery): Promise<ConnectionPage> {
    return this.connections.list(query);
  }

  @Post()
  @HttpCode(201)
  @Answers('Configures a plugin', Connection, 201)
  create(@Body({ schema: CreateConnection }) body: CreateConnection): Promise<Connection> {
    return this.connections.create(body);
  }

  @Get(':id')
  @Answers('One connection', Connection)
  async get(
    @Param('id', { schema: Id }) id: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Connection> {
    const connection = await this.connections.get(id);
    response.setHeader('ETag', `"${connection.version}"`);
    return connection;
  }

  @Patch(':id')
  @Answers('Changes a connection; a masked secret stays as it is', Connection)
  update(
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: UpdateConnection }) body: UpdateConnection,
    @Headers('if-match') ifMatch?: string,
  ): Promise<Connection> {
    return this.connections.update(id, body, versionOf(ifMatch));
  }

  @Delete(':id')
  @AnswersNothing('Removes a connection that no VM uses')
  async remove(@Param('id', { schema: Id }) id: string): Promise<void> {
    await this.connections.remove(id);
  }

  @Post(':id/test')
  @HttpCode(200)
  @Answers('Really connects, and says what the connection can do', ConnectionTest)
  test(
    @Param('id', { schema: Id }) id: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ConnectionTest> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    return this.connections.test(id, gone.signal);
  }
}

function versionOf(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined;
  const version = /^"(\d{1,9})"$/.exec(ifMatch)?.[1];
  if (version === undefined)
    throw new MigrationError('request.invalid', 'If-Match: expected an ETag of this resource.');
  return Number(version);
}
