import { Global, Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { UnitOfWork } from './unit-of-work.js';

/** The open database, for every room. Whoever opened it closes it. */
@Global()
@Module({})
export class DatabaseModule {
  static with(database: DataSource): DynamicModule {
    return {
      module: DatabaseModule,
      providers: [{ provide: DataSource, useValue: database }, UnitOfWork],
      exports: [DataSource, UnitOfWork],
    };
  }
}
