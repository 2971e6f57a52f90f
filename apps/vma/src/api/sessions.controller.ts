import {
  Body,
  Controller,
  Delete,
  HttpCode,
  Logger,
  Param,
  Post,
  Put,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import {
  CORRELATION_HEADER,
  OpenSession,
  SOURCE_CALLS,
  type SessionOpened,
  type SourceCallName,
} from '@ossea/agent-protocol';
import { MigrationError, toProblem } from '@ossea/errors';
import type { Request, Response } from 'express';
import { CALLS } from '../sources/source-calls.js';
import { SourceSessions, type HostedSession } from '../sources/source-sessions.js';
import { AgentTokenGuard } from './agent-token.guard.js';
import { NdjsonWriter } from './ndjson.js';
import { parseAnswer, parseMessage } from './parse-message.js';

type LooseCall = (
  hosted: HostedSession,
  params: unknown,
  call: { readonly signal: AbortSignal },
) => Promise<unknown> | AsyncIterable<unknown>;

@Controller('api/v1/sessions/:session')
@UseGuards(AgentTokenGuard)
export class SessionsController {
  private readonly logger = new Logger('api');

  constructor(private readonly sessions: SourceSessions) {}

  @Put()
  open(@Param('session') session: string, @Body() body: unknown): Promise<SessionOpened> {
    return this.sessions.open(session, parseMessage(OpenSession, body));
  }

  @Delete()
  @HttpCode(204)
  async close(@Param('session') session: string): Promise<void> {
    await this.sessions.close(session);
  }

  @Delete('leases/:lease')
  @HttpCode(204)
  async release(@Param('session') session: string, @Param('lease') lease: string): Promise<void> {
    const hosted = await this.sessions.get(session).catch(() => undefined);
    const held = hosted?.leases.get(lease);
    hosted?.leases.delete(lease);
    await held?.[Symbol.asyncDispose]();
  }

  @Post('calls/:call')
  async call(
    @Param('session') session: string,
    @Param('call') name: string,
    @Body() body: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    if (!Object.hasOwn(SOURCE_CALLS, name))
      throw new MigrationError('request.not-found', 'There is no such call.', {
        context: { call: name.slice(0, 64) },
      });
    const call = name as SourceCallName;
    const spec = SOURCE_CALLS[call];
    const params = parseMessage(spec.params, body ?? {});
    const hosted = await this.sessions.get(session);
    this.logger.debug({ call, session, correlationId: request.header(CORRELATION_HEADER)?.slice(0, 64) });
    const run = CALLS[call] as LooseCall;
    if (spec.streams) return this.stream(call, (signal) => run(hosted, params, { signal }), response);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const answer = parseAnswer(spec.result, call, await run(hosted, params, { signal: gone.signal }));
    response.status(200).json(answer);
  }

  /** Items, then exactly one end or problem: a stream without either was cut off. */
  private async stream(
    call: SourceCallName,
    open: (signal: AbortSignal) => Promise<unknown> | AsyncIterable<unknown>,
    response: Response,
  ): Promise<void> {
    const writer = new NdjsonWriter(response);
    try {
      for await (const item of open(writer.signal) as AsyncIterable<unknown>) {
        if (writer.signal.aborted) return;
        await writer.line({ item: parseAnswer(SOURCE_CALLS[call].result, call, item) });
      }
      await writer.line({ end: true });
    } catch (error) {
      await writer.line({ problem: toProblem(error) });
    }
    writer.end();
  }
}
