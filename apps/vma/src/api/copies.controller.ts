import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query, Res, UseGuards } from '@nestjs/common';
import { COPY_PING_MS, CopyId, StartCopy, type CopyEvent, type CopyState } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import type { Response } from 'express';
import { Copies } from '../copying/copies.js';
import { AgentTokenGuard } from './agent-token.guard.js';
import { NdjsonWriter } from './ndjson.js';
import { parseMessage } from './parse-message.js';

/** At most four lines of progress a second. */
const PROGRESS_EVERY_MS = 250;

@Controller('api/v1/copies')
@UseGuards(AgentTokenGuard)
export class CopiesController {
  constructor(private readonly copies: Copies) {}

  @Put(':copy')
  start(@Param('copy') copy: string, @Body() body: unknown): CopyState {
    return this.copies.start(parseMessage(CopyId, copy), parseMessage(StartCopy, body)).state;
  }

  /** Answers when the copy has stopped: no byte of it is written after that. */
  @Delete(':copy')
  stop(@Param('copy') copy: string): Promise<CopyState> {
    return this.copies.stop(parseMessage(CopyId, copy));
  }

  @Delete()
  @HttpCode(204)
  async forget(@Query('prefix') prefix: unknown): Promise<void> {
    await this.copies.forgetAll(parseMessage(CopyId, prefix));
  }

  @Get(':copy/events')
  events(@Param('copy') id: string, @Res() response: Response): void {
    const copy = this.copies.get(parseMessage(CopyId, id));
    const writer = new NdjsonWriter(response);
    let latest: CopyEvent | undefined;
    let resting: NodeJS.Timeout | undefined;
    const tell = (event: CopyEvent): void => void writer.line(event);
    const ping = setInterval(() => tell({ ping: true }), COPY_PING_MS);
    const rest = (): void => {
      resting = setTimeout(() => {
        resting = undefined;
        if (!latest) return;
        tell(latest);
        latest = undefined;
        rest();
      }, PROGRESS_EVERY_MS);
    };
    const stop = (): void => {
      clearInterval(ping);
      clearTimeout(resting);
      unlisten();
    };
    let unlisten = (): void => undefined;
    unlisten = copy.listen((event) => {
      if ('progress' in event) {
        if (resting) {
          latest = event;
          return;
        }
        tell(event);
        rest();
        return;
      }
      stop();
      if (latest) tell(latest);
      void writer.line(event).then(() => writer.end());
    });
    writer.signal.addEventListener('abort', stop, { once: true });
  }

  @Get(':copy/journal')
  async journal(@Param('copy') id: string, @Res() response: Response): Promise<void> {
    const path = this.copies.journalPath(parseMessage(CopyId, id));
    try {
      await (await open(path)).close();
    } catch (cause) {
      throw new MigrationError('resource.not-found', 'There is no such journal here.', {
        context: { copy: id },
        cause,
      });
    }
    response.status(200).type('application/octet-stream');
    // a reader that goes away is no fault of ours
    await pipeline(createReadStream(path), response).catch(() => response.destroy());
  }
}
