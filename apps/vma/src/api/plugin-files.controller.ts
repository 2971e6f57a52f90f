import { Body, Controller, Get, HttpCode, Param, Post, Put, Res } from '@nestjs/common';
import {
  InstallPluginFile,
  PluginFilePiece,
  type PluginFileStates,
  type ReceivedPiece,
} from '@ossea/agent-protocol';
import type { Response } from 'express';
import { PluginFiles } from '../plugin-files/plugin-files.js';
import { SourceSessions } from '../sources/source-sessions.js';
import { parseMessage } from './parse-message.js';

@Controller('api/v1/plugin-files')
export class PluginFilesController {
  constructor(
    private readonly files: PluginFiles,
    private readonly sessions: SourceSessions,
  ) {}

  @Get()
  async list(): Promise<PluginFileStates> {
    return { items: await this.files.list() };
  }

  @Put(':plugin/:file')
  async receive(
    @Param('plugin') plugin: string,
    @Param('file') file: string,
    @Body() body: unknown,
  ): Promise<ReceivedPiece> {
    const { offset, base64 } = parseMessage(PluginFilePiece, body);
    return { receivedBytes: await this.files.receive(plugin, file, offset, Buffer.from(base64, 'base64')) };
  }

  /** Sessions of the plugin that read nothing now are opened anew, with what was brought. */
  @Post(':plugin/:file/install')
  @HttpCode(200)
  async install(
    @Param('plugin') plugin: string,
    @Param('file') file: string,
    @Body() body: unknown,
    @Res({ passthrough: true }) response: Response,
  ): Promise<PluginFileStates> {
    const { sha256 } = parseMessage(InstallPluginFile, body);
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    await this.files.install(plugin, file, sha256, gone.signal);
    await this.sessions.closeIdle(plugin);
    return { items: await this.files.list() };
  }
}
