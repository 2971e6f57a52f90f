import type { DiskExport, DiskVolume, VolumeSnapshots as SnapshotSet } from '@ossea/core';
import type { Journal } from '@ossea/copy-engine';
import type { CallOptions, DiskDescription, IdempotencyKey } from '@ossea/plugin-sdk';
import type { EntityManager } from 'typeorm';
