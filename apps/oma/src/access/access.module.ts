import { Global, Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessController } from './access.controller.js';
import { AccessService } from './access.service.js';
import { ApiTokens } from './api-tokens.js';
import { SetUpCode } from './set-up-code.js';
import { TokenGuard } from './token.guard.js';

/** Who may call. */
@Global()
@Module({})
export class AccessModule {
  /** @param settings.stateDir keeps the set-up code until it is used. */
  static with({ stateDir }: { readonly stateDir: string }): DynamicModule {
    return {
      module: AccessModule,
      controllers: [AccessController],
      providers: [
        { provide: SetUpCode, useValue: new SetUpCode(stateDir) },
        ApiTokens,
        AccessService,
        { provide: APP_GUARD, useClass: TokenGuard },
      ],
      exports: [ApiTokens],
    };
  }
}
