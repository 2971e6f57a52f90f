import { Global, Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessCodes } from './access-codes.js';
import { AccessController } from './access.controller.js';
import { AccessEndings } from './access-endings.js';
import { AccessGuard } from './access.guard.js';
import { ACCESS_SETTINGS, type AccessSettings } from './access-settings.js';
import { ApiTokens } from './api-tokens.js';
import { Callers } from './callers.js';
import { DoorsController } from './doors.controller.js';
import { FirstAccess } from './first-access.js';
import { Passwords } from './passwords.js';
import { Sessions } from './sessions.js';
import { SignInLimits } from './sign-in-limits.js';
import { SignIns } from './sign-ins.js';
import { TokenDesk } from './token-desk.js';
import { TokensController } from './tokens.controller.js';
import { Users } from './users.js';
import { UsersController } from './users.controller.js';

/** Who may call, and for what. */
@Global()
@Module({})
export class AccessModule {
  /** @param options.stateDir keeps the one-time codes until they are used. */
  static with({
    stateDir,
    settings,
  }: {
    readonly stateDir: string;
    readonly settings: AccessSettings;
  }): DynamicModule {
    return {
      module: AccessModule,
      controllers: [DoorsController, AccessController, TokensController, UsersController],
      providers: [
        { provide: ACCESS_SETTINGS, useValue: settings },
        { provide: AccessCodes, useValue: new AccessCodes(stateDir) },
        { provide: Passwords, useValue: new Passwords() },
        AccessEndings,
        Sessions,
        ApiTokens,
        Callers,
        SignInLimits,
        SignIns,
        FirstAccess,
        Users,
        TokenDesk,
        { provide: APP_GUARD, useClass: AccessGuard },
      ],
      exports: [Callers, AccessEndings, ACCESS_SETTINGS],
    };
  }
}
