import { Body, Controller, Delete, Get, Param, Patch, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ApiTokenList, ChangeUser, CreateUser, Id, SessionList, User, UserList } from '@ossea/api-contract';
import { Answers, AnswersNothing } from '../http/answers.js';
import { NotReplayed } from '../idempotency/not-replayed.js';
import { sessionView } from './access-views.js';
import { Needs } from './needs.js';
import { Sessions } from './sessions.js';
import { TokenDesk } from './token-desk.js';
import { Users } from './users.js';

/** Everybody's access, for administrators. */
@ApiTags('access')
@Controller('api/v1/admin')
export class UsersController {
  constructor(
    private readonly users: Users,
    private readonly sessions: Sessions,
    private readonly desk: TokenDesk,
  ) {}

  @Get('users')
  @Needs('users.read')
  @Answers('All users', UserList)
  async list(): Promise<UserList> {
    return { items: await this.users.list() };
  }

  @Post('users')
  @Needs('users.manage')
  @NotReplayed()
  @Answers('A new user', User, 201)
  create(@Body({ schema: CreateUser }) body: CreateUser): Promise<User> {
    return this.users.create(body);
  }

  @Get('users/:id')
  @Needs('users.read')
  @Answers('One user', User)
  get(@Param('id', { schema: Id }) id: string): Promise<User> {
    return this.users.get(id);
  }

  @Patch('users/:id')
  @Needs('users.manage')
  @NotReplayed()
  @Answers('Changes role, state or password of a user', User)
  change(
    @Param('id', { schema: Id }) id: string,
    @Body({ schema: ChangeUser }) body: ChangeUser,
  ): Promise<User> {
    return this.users.change(id, body);
  }

  @Delete('users/:id')
  @Needs('users.manage')
  @AnswersNothing('Removes a user, whose sessions and tokens end at once')
  remove(@Param('id', { schema: Id }) id: string): Promise<void> {
    return this.users.remove(id);
  }

  @Get('users/:id/sessions')
  @Needs('users.read')
  @Answers('The sessions of a user', SessionList)
  async sessionsOf(@Param('id', { schema: Id }) id: string): Promise<SessionList> {
    await this.users.get(id);
    return { items: (await this.sessions.of(id)).map((row) => sessionView(row, '')) };
  }

  @Delete('users/:id/sessions')
  @Needs('users.manage')
  @AnswersNothing('Ends all sessions of a user')
  endSessions(@Param('id', { schema: Id }) id: string): Promise<void> {
    return this.users.endSessions(id);
  }

  @Get('tokens')
  @Needs('users.read')
  @Answers("Everybody's API tokens", ApiTokenList)
  async tokens(): Promise<ApiTokenList> {
    return { items: await this.desk.list() };
  }

  @Delete('tokens/:id')
  @Needs('users.manage')
  @AnswersNothing("Ends anybody's token; one that has ended already is no error")
  endToken(@Param('id', { schema: Id }) id: string): Promise<void> {
    return this.desk.end(id);
  }
}
