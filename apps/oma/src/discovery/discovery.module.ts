import { Global, Module } from '@nestjs/common';
import { ContextViews } from './context-views.js';
import { DiscoveryController } from './discovery.controller.js';
import { DiscoveryService } from './discovery.service.js';
import { ManagedVms } from './managed-vms.js';

@Global()
@Module({
  controllers: [DiscoveryController],
  providers: [ContextViews, ManagedVms, DiscoveryService],
  exports: [ContextViews],
})
export class DiscoveryModule {}
