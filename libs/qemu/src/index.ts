export { CLUSTER_BYTES, type ClusterRun } from './allocation-map.js';
export type { ImageFormat, StorageKind } from './block-node.js';
export type { FoldRequest } from './fold-delta.js';
export { fsyncDirectory, fsyncFile } from './fsync-path.js';
export * from './image-tool.js';
export * from './qmp-client.js';
export * from './storage-daemon.js';
