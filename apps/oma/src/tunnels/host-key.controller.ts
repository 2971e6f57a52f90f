import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { HostKeyChange, RotateHostKey } from '@ossea/api-contract';
import { Needs } from '../access/needs.js';
import { Answers } from '../http/answers.js';
import { Caller, type CurrentCaller } from '../http/caller.js';
import { AccessJobs } from './access-jobs.js';
import { HostKeyRotation } from './host-key-rotation.js';

@ApiTags('tunnels')
@Controller('api/v1/admin/tunnel')
export class HostKeyController {
  constructor(
    private readonly rotation: HostKeyRotation,
    private readonly jobs: AccessJobs,
  ) {}

  @Post('rotate-host-key')
  @Needs('vmas.revoke')
  @HttpCode(200)
  @Answers('Announces another host key to all VMAs, and uses it when they know it', HostKeyChange)
  rotate(
    @Body({ schema: RotateHostKey }) { force }: RotateHostKey,
    @Caller() caller: CurrentCaller,
  ): Promise<HostKeyChange> {
    return this.jobs.run({
      kind: 'rotate-host-key',
      label: 'Changing the host key of the tunnel',
      requester: caller,
      input: { force: String(force) },
      run: () => this.rotation.rotate(force),
      result: (change) => change,
    });
  }
}
