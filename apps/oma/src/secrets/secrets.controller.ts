import { Controller, Get, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { SecretKeys, type Job } from '@ossea/api-contract';
import { Needs } from '../access/needs.js';
import { Answers, StartsJob } from '../http/answers.js';
import { Caller } from '../http/caller.js';
import { SecretsService } from './secrets.service.js';

@ApiTags('secrets')
@Controller('api/v1/admin/secrets')
export class SecretsController {
  constructor(private readonly secrets: SecretsService) {}

  @Get()
  @Needs('secrets.read')
  @Answers('The keys that seal secrets, by their ids, and how many secrets each seals', SecretKeys)
  view(): Promise<SecretKeys> {
    return this.secrets.view();
  }

  @Post('rotate')
  @Needs('secrets.rotate')
  @StartsJob('Makes a new key, seals every secret under it, and destroys the old one')
  rotate(@Caller() caller: Caller): Promise<Job> {
    return this.secrets.rotate(caller);
  }

  @Post('rewrap')
  @Needs('secrets.rotate')
  @StartsJob('Seals every secret under the present key, and destroys old ones that nothing needs')
  rewrap(@Caller() caller: Caller): Promise<Job> {
    return this.secrets.rewrap(caller);
  }
}
