export type { Assessment, DiskTransport, SnapshotDisk, TransportHost } from './disk-transport.js';
export { createTransports } from './create-transports.js';
export {
  chooseTransport,
  describeChoice,
  describeReaders,
  type Choice,
  type Refusal,
} from './choose-transport.js';
export { readersSchema, type ReaderSettings } from './transport-settings.js';
