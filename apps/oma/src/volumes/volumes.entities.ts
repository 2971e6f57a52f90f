import { Delta } from './delta.entity.js';
import { DiskLease } from './disk-lease.entity.js';
import { NbdExport } from './nbd-export.entity.js';
import { VolumeHold } from './volume-hold.entity.js';
import { VolumeSnapshot } from './volume-snapshot.entity.js';
import { Volume } from './volume.entity.js';

export const VOLUME_ENTITIES = [Volume, DiskLease, NbdExport, Delta, VolumeHold, VolumeSnapshot];
