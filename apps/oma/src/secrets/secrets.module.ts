import { Module, type DynamicModule } from '@nestjs/common';
import { KeyFiles } from './key-files.js';
import { KeyRotation } from './key-rotation.js';
import { RotationNotes } from './rotation-notes.js';
import { Rewrapping } from './rewrapping.js';
import { SecretsController } from './secrets.controller.js';
import { SecretsService } from './secrets.service.js';

/** The keys that seal secrets. Needs the box that the connections' room exports. */
@Module({})
export class SecretsModule {
  static with(keys: KeyFiles): DynamicModule {
    return {
      module: SecretsModule,
      controllers: [SecretsController],
      providers: [
        { provide: KeyFiles, useValue: keys },
        KeyRotation,
        Rewrapping,
        RotationNotes,
        SecretsService,
      ],
    };
  }
}
