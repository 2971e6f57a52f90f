import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { LoggerModule } from 'nestjs-pino';
import type { OmaConfig } from '../config/config.schema.js';
import { accessLog } from './access-log.js';
import { ProblemFilter } from './problem-filter.js';
import { RequestValidation } from './request-validation.js';

/** How every request is read, logged and, when it fails, answered. */
@Module({})
export class HttpModule {
  static with({ level }: OmaConfig['log']): DynamicModule {
    return {
      module: HttpModule,
      imports: [LoggerModule.forRoot(accessLog(level))],
      providers: [
        { provide: APP_FILTER, useClass: ProblemFilter },
        { provide: APP_PIPE, useFactory: () => new RequestValidation() },
      ],
    };
  }
}
