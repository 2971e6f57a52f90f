import { Controller, Get, Header } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Health, HealthDetail } from '@ossea/api-contract';
import { Open } from '../access/open.js';
import { Needs } from '../access/needs.js';
import { Answers } from '../http/answers.js';
import { HealthRegistry } from './health-registry.js';

@ApiTags('health')
@Controller('api/v1/health')
export class HealthController {
  constructor(private readonly registry: HealthRegistry) {}

  @Get()
  @Open()
  @Header('Cache-Control', 'no-store')
  @Answers('Whether the appliance is well', Health)
  async health(): Promise<Health> {
    const { status } = await this.registry.detail();
    return { status };
  }

  @Get('detail')
  @Needs('state.read')
  @Header('Cache-Control', 'no-store')
  @Answers('How each part of the appliance is', HealthDetail)
  detail(): Promise<HealthDetail> {
    return this.registry.detail();
  }
}
