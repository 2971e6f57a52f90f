import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  ApproveVma,
  CreatePairingCode,
  Id,
  PairingCode,
  PairingCodeList,
  PairingCodeRecord,
  Vma,
  VmaList,
} from '@ossea/api-contract';
import { Needs } from '../access/needs.js';
import { Answers } from '../http/answers.js';
import { Caller, type CurrentCaller } from '../http/caller.js';
import { NotReplayed } from '../idempotency/not-replayed.js';
import { VmasService } from './vmas.service.js';

@ApiTags('vmas')
@Controller('api/v1/admin/vma')
export class VmasController {
  constructor(private readonly vmas: VmasService) {}

  @Get()
  @Needs('state.read')
  @Answers('Every VMA that ever asked to be enrolled, newest first', VmaList)
  async list(): Promise<VmaList> {
    return { items: await this.vmas.list() };
  }

  @Post('pairing-code')
  @Needs('vmas.invite')
  @NotReplayed()
  @HttpCode(201)
  @Header('Cache-Control', 'no-store')
  @Answers('A pairing code, shown this once, with the host key that the VMA must check', PairingCode, 201)
  createPairingCode(
    @Body({ schema: CreatePairingCode }) { name }: CreatePairingCode,
    @Caller() caller: CurrentCaller,
  ): Promise<PairingCode> {
    return this.vmas.createPairingCode(caller, name);
  }

  @Get('pairing-code')
  @Needs('vmas.invite')
  @Answers('The pairing codes of the last day, newest first, without the codes', PairingCodeList)
  async pairingCodes(): Promise<PairingCodeList> {
    return { items: await this.vmas.pairingCodes() };
  }

  @Delete('pairing-code/:id')
  @Needs('vmas.invite')
  @Answers('Makes a pairing code void that no VMA has used', PairingCodeRecord)
  withdrawPairingCode(
    @Param('id', { schema: Id }) id: string,
    @Caller() caller: CurrentCaller,
  ): Promise<PairingCodeRecord> {
    return this.vmas.withdrawPairingCode(id, caller);
  }

  @Post('approve/:id')
  @Needs('vmas.decide')
  @HttpCode(200)
  @Answers('Lets a VMA in; the fingerprint, or the words for it, say which one was looked at', Vma)
  approve(
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: ApproveVma }) compared: ApproveVma,
    @Caller() caller: CurrentCaller,
  ): Promise<Vma> {
    return this.vmas.approve(id, compared, caller);
  }

  @Post('reject/:id')
  @Needs('vmas.decide')
  @HttpCode(200)
  @Answers('Turns a VMA away', Vma)
  reject(@Param('id', { schema: Id }) id: string, @Caller() caller: CurrentCaller): Promise<Vma> {
    return this.vmas.reject(id, caller);
  }

  @Post('rotate-key/:id')
  @Needs('vmas.revoke')
  @HttpCode(200)
  @Answers('Makes a connected VMA use another key, without a gap', Vma)
  rotateKey(@Param('id', { schema: Id }) id: string, @Caller() caller: CurrentCaller): Promise<Vma> {
    return this.vmas.rotateKey(id, caller);
  }

  @Delete('revoke/:id')
  @Needs('vmas.revoke')
  @Answers('Shuts a VMA out for good; its live sessions are cut before this answers', Vma)
  revoke(@Param('id', { schema: Id }) id: string, @Caller() caller: CurrentCaller): Promise<Vma> {
    return this.vmas.revoke(id, caller);
  }
}
