import { Global, Module } from '@nestjs/common';
import { ContextViews } from './context-views.js';
import { DiscoveryController } from './discovery.controller.js';
import { DiscoveryService } from './discovery.service.js';
import { ManagedVms } from './managed-vms.js';
import { VmAdditions } from './vm-additions.js';

/** Needs the rooms of connections, jobs and plugins. */
@Global()
@Module({
  controllers: [DiscoveryController],
  providers: [ContextViews, ManagedVms, DiscoveryService, VmAdditions],
  exports: [ContextViews],
})
export class DiscoveryModule {}
