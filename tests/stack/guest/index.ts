export {
  buildGuestImages,
  copyGuestImages,
  type GuestImages,
  type GuestImagesSpec,
} from './build-guest-images.js';
export { cachedGuestImages } from './cached-guest-images.js';
export { checkRecords, type RawImage, type RecordCheck } from './check-records.js';
export { readGuestConsole, type GuestConsole } from './guest-console.js';
export { guestMachine } from './guest-machine.js';
