import { Body, Controller, Delete, Get, Header, Inject, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiTokenList, CreateApiToken, Id, IssuedToken } from '@ossea/api-contract';
import { Answers, AnswersNothing } from '../http/answers.js';
import { NotReplayed } from '../idempotency/not-replayed.js';
import { Accessing, type Access } from './access.js';
import { ACCESS_SETTINGS, type AccessSettings } from './access-settings.js';
import { Needs } from './needs.js';
import { TokenDesk } from './token-desk.js';

/** One's own API tokens. */
@ApiTags('access')
@Controller('api/v1/access/tokens')
export class TokensController {
  constructor(
    private readonly desk: TokenDesk,
    @Inject(ACCESS_SETTINGS) private readonly settings: AccessSettings,
  ) {}

  @Get()
  @Needs('self.change')
  @Answers('Your own API tokens', ApiTokenList)
  async list(@Accessing() { userId }: Access): Promise<ApiTokenList> {
    return { items: await this.desk.list(userId) };
  }

  @Post()
  @Needs('self.change')
  @NotReplayed()
  @Header('Cache-Control', 'no-store')
  @Answers('An API token, shown this once', IssuedToken, 201)
  issue(
    @Body({ schema: CreateApiToken }) body: CreateApiToken,
    @Accessing() access: Access,
  ): Promise<IssuedToken> {
    return this.desk.issue(body, access, this.settings.recentMinutes);
  }

  @Delete(':id')
  @Needs('self.change')
  @AnswersNothing('Ends one of your own tokens; one that has ended already is no error')
  end(@Param('id', { schema: Id }) id: string, @Accessing() { userId }: Access): Promise<void> {
    return this.desk.end(id, userId);
  }
}
