import { Body, Controller, Delete, Get, HttpCode, Inject, Ip, Param, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  AccessMatrix,
  ChangePassword,
  CurrentAccess,
  Id,
  PERMISSIONS,
  Permission,
  Reauthenticate,
  ROLES,
  Role,
  SessionList,
  ruleOf,
} from '@ossea/api-contract';
import type { Response } from 'express';
import { Answers, AnswersNothing } from '../http/answers.js';
import { NotReplayed } from '../idempotency/not-replayed.js';
import { Accessing, type Access } from './access.js';
import { ACCESS_SETTINGS, type AccessSettings } from './access-settings.js';
import { currentAccessView, sessionView } from './access-views.js';
import { Needs } from './needs.js';
import { sessionCookie } from './session-cookie.js';
import { Sessions } from './sessions.js';
import { SignIns } from './sign-ins.js';

/** One's own access. */
@ApiTags('access')
@Controller('api/v1/access')
export class AccessController {
  constructor(
    private readonly signIns: SignIns,
    private readonly sessions: Sessions,
    @Inject(ACCESS_SETTINGS) private readonly settings: AccessSettings,
  ) {}

  @Get('session')
  @Needs('self.use')
  @Answers('Who calls, and what is allowed', CurrentAccess)
  current(@Accessing() access: Access): CurrentAccess {
    return currentAccessView(access);
  }

  @Get('permissions')
  @Needs('self.use')
  @Answers('Which role may do what', AccessMatrix)
  matrix(): AccessMatrix {
    return {
      roles: Role.options.map((role) => ({ role, purpose: ROLES[role] })),
      permissions: Permission.options.map((permission) => {
        const { recent, inPersonOnly } = ruleOf(permission);
        const { label, roles } = PERMISSIONS[permission];
        return {
          permission,
          label,
          roles: [...roles],
          recent: recent === true,
          inPersonOnly: inPersonOnly === true,
        };
      }),
    };
  }

  @Post('sign-out')
  @Needs('self.change')
  @NotReplayed()
  @AnswersNothing('Ends this session')
  async signOut(@Accessing() access: Access, @Res({ passthrough: true }) response: Response): Promise<void> {
    await this.signIns.end(access, (id) => id === access.accessId);
    if (access.kind === 'cookie')
      response.setHeader('Set-Cookie', sessionCookie(undefined, new Date(0), this.settings.overTls));
  }

  @Post('reauthenticate')
  @Needs('self.change')
  @NotReplayed()
  @HttpCode(200)
  @Answers('The password again, for what needs it', CurrentAccess)
  async reauthenticate(
    @Body({ schema: Reauthenticate }) { password }: Reauthenticate,
    @Accessing() access: Access,
    @Ip() address: string,
  ): Promise<CurrentAccess> {
    const authenticatedAt = await this.signIns.reauthenticate(access, password, address);
    return currentAccessView({ ...access, authenticatedAt });
  }

  @Post('password')
  @Needs('self.change')
  @NotReplayed()
  @AnswersNothing('Changes your own password, and ends all your other sessions')
  changePassword(
    @Body({ schema: ChangePassword }) body: ChangePassword,
    @Accessing() access: Access,
    @Ip() address: string,
  ): Promise<void> {
    return this.signIns.changePassword(access, body, address);
  }

  @Get('sessions')
  @Needs('self.change')
  @Answers('Your own sessions', SessionList)
  async list(@Accessing() { userId, accessId }: Access): Promise<SessionList> {
    const rows = await this.sessions.of(userId);
    return { items: rows.map((row) => sessionView(row, accessId)) };
  }

  @Delete('sessions/:id')
  @Needs('self.change')
  @AnswersNothing('Ends one of your own sessions; one that has ended already is no error')
  async end(@Param('id', { schema: Id }) id: string, @Accessing() access: Access): Promise<void> {
    await this.signIns.end(access, (one) => one === id);
  }
}
