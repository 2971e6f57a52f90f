import { Body, Controller, Delete, HttpCode, Param, Post, Put, Req, Res } from '@nestjs/common';
import { OpenSession, SOURCE_CALLS, type SessionOpened, type SourceCallName } from '@ossea/agent-protocol';
import { MigrationError, toProblem } from '@ossea/errors';
import type { Request, Response } from 'express';
import { checkedAnswer } from '../sources/checked-answer.js';
import { isCallName, runCall } from '../sources/source-calls.js';
import { SourceSessions } from '../sources/source-sessions.js';
import { correlationOf } from './correlation.js';
import { NdjsonWriter } from './ndjson.js';
import { parseMessage } from './parse-message.js';

@Controller('api/v1/sessions/:session')
export class SessionsController {
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
  async giveBack(@Param('session') session: string, @Param('lease') lease: string): Promise<void> {
    // a session that is not there has taken its leases with it
    const hosted = await this.sessions.get(session).catch(() => undefined);
    await hosted?.giveBack(lease);
  }

  /** Runs a call of the session; it is aborted when whoever asked has gone, and when the session is closed. */
  @Post('calls/:call')
  async call(
    @Param('session') session: string,
    @Param('call') call: string,
    @Body() body: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    if (!isCallName(call))
      throw new MigrationError('request.not-found', 'There is no such call.', {
        context: { call: call.slice(0, 64) },
      });
    const { params, streams } = SOURCE_CALLS[call];
    const message = parseMessage(params, body ?? {});
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const hosted = await this.sessions.get(session);
    const signal = AbortSignal.any([gone.signal, hosted.closing]);
    const answer = runCall(hosted, call, message, { signal });
    if (streams) {
      await stream(call, answer as AsyncIterable<unknown>, response, correlationOf(request));
      return;
    }
    const document = checkedAnswer(call, await answer);
    if (!response.destroyed) response.status(200).json(document);
  }
}

/** Items, then exactly one end or problem: a stream without either was cut off. */
async function stream(
  call: SourceCallName,
  items: AsyncIterable<unknown>,
  response: Response,
  correlationId: string | undefined,
): Promise<void> {
  const writer = new NdjsonWriter(response);
  try {
    for await (const item of items) {
      if (writer.signal.aborted) return;
      await writer.line({ item: checkedAnswer(call, item) });
    }
    await writer.line({ end: true });
  } catch (error) {
    await writer.line({ problem: toProblem(error, correlationId) });
  }
  writer.end();
}
