export { CLUSTER_BYTES, type ClusterRun } from './allocation-map.js';
export type { ImageFormat, StorageKind } from './block-node.js';
export type { FoldRequest } from './fold-delta.js';
export { fsyncDirectory, fsyncFile } from './fsync-path.js';
export * from './image-tool.js';
export * from './qmp-client.js';
export { sparseCopy } from './sparse-copy.js';
export * from './storage-daemon.js';
export { readDirtyRanges, type DirtyBitmapSource, type DirtyRange } from './dirty-ranges.js';
export { diskDeviceId, diskTop, diskTopNode } from './machine-arguments.js';
export {
  diskPath,
  machineDefinitionSchema,
  machinePaths,
  type Accelerator,
  type MachineDefinition,
  type MachineDisk,
  type MachinePaths,
} from './machine-definition.js';
export * from './machine-launcher.js';
export type { MachineProcess } from './machine-process.js';
export * from './probe-accelerator.js';
export { imageArgument, storageKindOf } from './block-node.js';
