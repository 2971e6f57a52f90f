import { Body, Controller, Get, HttpCode, Param, Post, Put, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Id, InstallPluginFile, PluginFileList, ReceivedPiece, SendPiece } from '@ossea/api-contract';
import type { Response } from 'express';
import { z } from 'zod';
import { Needs } from '../access/needs.js';
import { Answers } from '../http/answers.js';
import { Caller, type CurrentCaller } from '../http/caller.js';
import { goneSignal } from '../http/gone-signal.js';
import { RemotePluginFiles } from './remote-plugin-files.js';

const Name = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/);

@ApiTags('vmas')
@Controller('api/v1/admin/vma/:id/plugin-files')
export class PluginFilesController {
  constructor(private readonly files: RemotePluginFiles) {}

  @Get()
  @Needs('state.read')
  @Answers('Software that the plugins of a VMA want brought, and what was', PluginFileList)
  list(
    @Param('id', { schema: Id }) vmaId: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<PluginFileList> {
    return this.files.list(vmaId, goneSignal(response));
  }

  @Put(':plugin/:file')
  @Needs('plugin-files.manage')
  @Answers('Sends a piece of an archive', ReceivedPiece)
  receive(
    @Param('id', { schema: Id }) vmaId: string,
    @Param('plugin', { schema: Name }) plugin: string,
    @Param('file', { schema: Name }) file: string,
    @Body({ schema: SendPiece }) piece: SendPiece,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ReceivedPiece> {
    return this.files.receive({ vmaId, plugin, file }, piece, goneSignal(response));
  }

  @Post(':plugin/:file/install')
  @Needs('plugin-files.manage')
  @HttpCode(200)
  @Answers('Unpacks what was sent, if just that has arrived', PluginFileList)
  install(
    @Param('id', { schema: Id }) vmaId: string,
    @Param('plugin', { schema: Name }) plugin: string,
    @Param('file', { schema: Name }) file: string,
    @Body({ schema: InstallPluginFile }) { sha256 }: InstallPluginFile,
    @Caller() caller: CurrentCaller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<PluginFileList> {
    return this.files.install({ vmaId, plugin, file }, sha256, caller, goneSignal(response));
  }
}
