import { open, type FileHandle } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query, Res } from '@nestjs/common';
import { CopyId, StartCopy, type CopyState } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import type { Response } from 'express';
import { Copies } from '../copying/copies.js';
import { copyEvents } from '../copying/copy-events.js';
import { NdjsonWriter } from './ndjson.js';
import { parseMessage } from './parse-message.js';

@Controller('api/v1/copies')
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
  async events(@Param('copy') copy: string, @Res() response: Response): Promise<void> {
    const known = this.copies.get(parseMessage(CopyId, copy));
    const writer = new NdjsonWriter(response);
    for await (const event of copyEvents(known, writer.signal)) await writer.line(event);
    writer.end();
  }

  @Get(':copy/journal')
  async journal(@Param('copy') id: string, @Res() response: Response): Promise<void> {
    const copy = parseMessage(CopyId, id);
    let file: FileHandle;
    try {
      file = await open(this.copies.journalPath(copy));
    } catch (cause) {
      throw new MigrationError('resource.not-found', 'There is no such journal here.', {
        context: { copy },
        cause,
      });
    }
    response.status(200).type('application/octet-stream');
    // a reader that goes away is no fault of ours, and one that stays must not take a part for the whole
    await pipeline(file.createReadStream(), response).catch(() => response.destroy());
  }
}
