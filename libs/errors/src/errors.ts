import { CALLER_ERRORS } from './caller-errors.js';
import type { ErrorSpec } from './error-spec.js';

export type { ErrorSpec, Recovery } from './error-spec.js';

/** Every error the product can surface. Adding one means choosing its recovery and its remedy. */
export const ERRORS = {
  ...CALLER_ERRORS,
  'config.invalid': {
    recovery: 'fix-and-retry',
    status: 422,
    remedy: 'Correct the settings that are named.',
  },
  'config.missing': { recovery: 'fix-and-retry', status: 422, remedy: 'Supply the setting that is named.' },
  'secrets.keys-not-ours': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy:
      'Put the new key beside the present one as the operations manual says, restart, then rewrap the secrets.',
  },
  'plugin.unknown': {
    recovery: 'fix-and-retry',
    status: 422,
    remedy: 'Choose one of the installed plugins, or install this one.',
  },
  'plugin.contract-version': {
    recovery: 'fix-and-retry',
    status: 422,
    remedy: 'Install a release of the plugin that is written for this contract version.',
  },
  'plugin.broken-contract': {
    recovery: 'give-up',
    status: 500,
    remedy: 'Report this to the author of the plugin.',
  },
  'plugin.unsupported': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy: 'Choose a way that does not need this capability, or another connection.',
  },
  'auth.rejected': { recovery: 'fix-and-retry', status: 422, remedy: 'Check the account and its password.' },
  'peer.unreachable': {
    recovery: 'retry',
    status: 503,
    remedy: 'Check the network path to the endpoint and that its service runs.',
  },
  'peer.protocol': {
    recovery: 'give-up',
    status: 502,
    remedy: 'Check that the endpoint speaks the expected protocol and version.',
  },
  'peer.untrusted': {
    recovery: 'fix-and-retry',
    status: 422,
    remedy:
      'Compare the certificate that is shown with the one at the endpoint; correct the pin or the CA, or renew it.',
  },
  'peer.forbidden': {
    recovery: 'fix-and-retry',
    status: 422,
    remedy: 'Give the account at the endpoint the privilege that is named.',
  },
  'license.restricted': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy: 'Assign a licence to the host that allows this operation through its API.',
  },
  'source.blocked': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy: 'Resolve at the source machine what is named.',
  },
  'peer.throttled': {
    recovery: 'retry',
    status: 503,
    remedy: 'Wait, or have the limit on calls of the account at the endpoint raised.',
  },
  'peer.fault': {
    recovery: 'retry',
    status: 502,
    remedy: 'Look at what the endpoint said, and at its own log of events and tasks.',
  },
  'resource.not-found': { recovery: 'give-up', status: 404, remedy: 'Refresh the inventory.' },
  'resource.conflict': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy: 'Rename or remove the existing resource.',
  },
  'resource.busy': { recovery: 'retry', status: 409, remedy: 'Wait until the other operation has ended.' },
  'quota.exhausted': { recovery: 'fix-and-retry', status: 409, remedy: 'Free capacity or raise the quota.' },
  'capacity.exhausted': {
    recovery: 'retry',
    status: 503,
    remedy: 'Free capacity at the target, or add hosts or storage to it; it is tried again.',
  },
  'outcome.unknown': {
    recovery: 'retry',
    status: 502,
    remedy: 'Nothing is repeated blindly: what became of it is read back before anything is done again.',
  },
  'disk.size-invalid': {
    recovery: 'fix-and-retry',
    status: 422,
    remedy: 'Give the source disk a size above zero that is a multiple of 512 bytes.',
  },
  'disk.too-large': {
    recovery: 'fix-and-retry',
    status: 422,
    remedy: 'Use a target file system or storage that can hold a disk of this size.',
  },
  'disk.size-mismatch': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy: 'Make the target disk at least as large as the source disk, then replicate in full.',
  },
  'disk.identity-changed': {
    recovery: 'retry',
    status: 409,
    remedy: 'A full cycle will be made, because this is not the disk that was replicated before.',
  },
  'disk.corrupt': {
    recovery: 'give-up',
    status: 500,
    remedy: 'Replicate this disk in full; the stored copy does not match its digest.',
  },
  'volume.in-use': { recovery: 'retry', status: 409, remedy: 'The fold waits until the volume is free.' },
  'volume.no-slot': {
    recovery: 'retry',
    status: 409,
    remedy: 'Wait until volumes of another machine are detached, or share the work with a second appliance.',
  },
  'volume.lease-lost': {
    recovery: 'give-up',
    status: 409,
    remedy: 'A newer owner holds the disk; start the operation again.',
  },
  'storage.full': {
    recovery: 'fix-and-retry',
    status: 507,
    remedy: 'Free space on the target storage, then retry: nothing that was copied is lost.',
  },
  'storage.io-failed': {
    recovery: 'retry',
    status: 500,
    remedy: 'Check the storage for errors; the next cycle continues where this one ended.',
  },
  'nbd.no-flush': {
    recovery: 'fix-and-retry',
    status: 502,
    remedy: 'Use an NBD server that offers FLUSH: without it no copy can be called durable.',
  },
  'nbd.connection-lost': {
    recovery: 'retry',
    status: 503,
    remedy: 'The copy continues from its journal when the connection is back.',
  },
  'nbd.export-missing': {
    recovery: 'retry',
    status: 404,
    remedy: 'The export is added again when the storage daemon is back.',
  },
  'nbd.request-failed': {
    recovery: 'retry',
    status: 502,
    remedy: 'Check the NBD server at the end that is named.',
  },
  'nbd.read-only': { recovery: 'give-up', status: 409, remedy: 'Open the export for writing.' },
  'copy.stalled': {
    recovery: 'retry',
    status: 504,
    remedy: 'Check source, tunnel and target; the copy continues from its journal.',
  },
  'copy.incomplete': {
    recovery: 'retry',
    status: 500,
    remedy: 'The cycle is repeated: the written clusters do not equal the journal.',
  },
  'tracking.reset': { recovery: 'retry', status: 409, remedy: 'A full cycle will be made.' },
  'snapshot.failed': {
    recovery: 'retry',
    status: 409,
    remedy: 'Check the source machine for other snapshots and free space.',
  },
  'machine.boot-failed': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy: 'Look at the console picture and the serial log of the target machine.',
  },
  'machine.start-failed': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy: 'Look at the cause; the volumes are untouched.',
  },
  'machine.not-stopped': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy: 'Shut the source machine down by hand, then retry.',
  },
  'network.unmapped': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy: 'Map each source network to a target network.',
  },
  'failover.blocked': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy: 'Resolve the blockers that the pre-flight names.',
  },
  'tunnel.down': {
    recovery: 'retry',
    status: 503,
    remedy: 'Check that the migration appliance at the source runs and reaches port 443.',
  },
  'tunnel.host-key-changed': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy:
      'Compare the host-key fingerprint with the console, then enrol again if it was changed on purpose.',
  },
  'enrolment.rejected': { recovery: 'fix-and-retry', status: 403, remedy: 'Ask for a new pairing code.' },
  'enrolment.pending': {
    recovery: 'retry',
    status: 409,
    remedy: 'Compare the fingerprints and approve the appliance.',
  },
  'agent.version': {
    recovery: 'fix-and-retry',
    status: 409,
    remedy: 'Bring both appliances to the same release.',
  },
  'job.disowned': {
    recovery: 'give-up',
    status: 409,
    remedy: 'Another process owns this job now and goes on with it; look at the job log.',
  },
  'call.aborted': { recovery: 'give-up', status: 499, remedy: 'The operation was cancelled.' },
  'process.failed': {
    recovery: 'retry',
    status: 500,
    remedy: 'Look at the end of the log of the process that is named.',
  },
  'process.not-ready': {
    recovery: 'retry',
    status: 504,
    remedy: 'Look at the end of the log of the process that is named.',
  },
  'process.missing': { recovery: 'fix-and-retry', status: 500, remedy: 'Install the program that is named.' },
  'database.unavailable': { recovery: 'retry', status: 503, remedy: 'Check that the database runs.' },
  'internal.unexpected': {
    recovery: 'give-up',
    status: 500,
    remedy: 'Make a support bundle and report this.',
  },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;
