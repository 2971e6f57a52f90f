import { z } from '@ossea/plugin-sdk';

/*
 * A source session, call by call, as it travels from the OMA to the VMA. Parameters are checked where they arrive,
 * results where they come back, so neither appliance trusts the other's release.
 */

const Text = z.string().min(1).max(4096);
/** What a caller names may be anything, nothing included: the plugin knows what it is, and says so its own way. */
const Named = z.string().max(4096);
const Vm = z.strictObject({ vm: Named });
const DiskOfSnapshot = z.strictObject({ disk: Named, snapshot: Named });
const Nothing = z.strictObject({});
const Done = z.object({});
const Power = z.enum(['running', 'stopped', 'suspended']);
const Bytes = z.int().nonnegative();
const Key = z.string().regex(/^[a-z0-9-]{1,64}$/);

export const VmSummaryMessage = z.object({
  id: Text,
  name: z.string(),
  power: Power,
  path: z.string().optional(),
});

export const VmDescriptionMessage = VmSummaryMessage.extend({
  hostId: z.string(),
  cpus: z.int(),
  memoryBytes: Bytes,
  firmware: z.enum(['bios', 'uefi']),
  guestOs: z.string().optional(),
  hostName: z.string().optional(),
  runsOn: z.string().optional(),
  secureBoot: z.boolean().optional(),
  vTpm: z.boolean().optional(),
  guestTools: z.enum(['running', 'stopped', 'absent']).optional(),
  snapshots: z.array(z.object({ name: z.string(), createdAt: z.string(), ours: z.boolean() })).optional(),
  disks: z.array(
    z.object({
      key: Text,
      backing: z.string(),
      label: z.string(),
      sizeBytes: Bytes,
      boot: z.boolean(),
      storage: z.string().optional(),
      provisioning: z.enum(['thin', 'thick-lazy-zeroed', 'thick-eager-zeroed']).optional(),
      controller: z.string().optional(),
    }),
  ),
  nics: z.array(
    z.object({
      key: z.string(),
      mac: z.string(),
      network: z.string(),
      model: z.string().optional(),
      addresses: z.array(z.string()).optional(),
    }),
  ),
  concerns: z.array(
    z.object({
      code: z.string(),
      severity: z.enum(['blocker', 'warning', 'information']),
      message: z.string(),
      remedy: z.string(),
    }),
  ),
});

const Endpoint = z.discriminatedUnion('transport', [
  z.object({ transport: z.literal('nbd-unix'), path: Text, exportName: z.string(), sizeBytes: Bytes }),
  z.object({
    transport: z.literal('nbd-tcp'),
    host: Text,
    port: z.int(),
    exportName: z.string(),
    sizeBytes: Bytes,
  }),
]);
const ExtentMessage = z.object({ offset: Bytes, length: Bytes });

/** Every call of a source session. `streams`: the answer is NDJSON, one `StreamLine` of `result` a line. */
export const SOURCE_CALLS = {
  'inventory.list': { params: Nothing, result: VmSummaryMessage, streams: true },
  'inventory.describe': { params: Vm, result: VmDescriptionMessage, streams: false },
  'snapshots.create': {
    params: z.strictObject({ vm: Named, quiesce: z.boolean(), key: Key }),
    result: z.object({ ref: Text }),
    streams: false,
  },
  'snapshots.find': {
    params: z.strictObject({ key: Key }),
    result: z.object({ found: z.object({ ref: Text, complete: z.boolean() }).optional() }),
    streams: false,
  },
  'snapshots.remove': { params: z.strictObject({ ref: Named }), result: Done, streams: false },
  /** What a session without such an answer says: nothing. */
  'snapshots.consistency': {
    params: z.strictObject({ ref: Named }),
    result: z.object({
      consistency: z.object({ guestFlushed: z.boolean(), because: z.string().optional() }).optional(),
    }),
    streams: false,
  },
  'disks.open': {
    params: DiskOfSnapshot,
    result: z.object({ lease: Text, endpoint: Endpoint }),
    streams: false,
  },
  'changedBlocks.enable': { params: Vm, result: Done, streams: false },
  'changedBlocks.disable': { params: Vm, result: Done, streams: false },
  'changedBlocks.token': { params: DiskOfSnapshot, result: z.object({ token: Text }), streams: false },
  'changedBlocks.changes': {
    params: z.strictObject({ disk: Named, since: Named, until: Named }),
    result: ExtentMessage,
    streams: true,
  },
  'power.state': { params: Vm, result: z.object({ state: Power }), streams: false },
  'power.stop': {
    params: z.strictObject({ vm: Named, force: z.boolean(), timeoutMs: z.int().positive() }),
    result: Done,
    streams: false,
  },
  'power.start': { params: Vm, result: Done, streams: false },
  'consoleScreenshot.screenshot': {
    params: Vm,
    result: z.object({ mediaType: z.literal('image/png'), base64: z.string() }),
    streams: false,
  },
  'privileges.list': {
    params: Nothing,
    result: z.object({
      privileges: z.array(
        z.object({ id: Text, neededFor: z.string(), required: z.boolean(), granted: z.boolean() }),
      ),
    }),
    streams: false,
  },
} as const;

export type SourceCallName = keyof typeof SOURCE_CALLS;
export type SourceCallParams<N extends SourceCallName> = z.input<(typeof SOURCE_CALLS)[N]['params']>;
export type SourceCallResult<N extends SourceCallName> = z.output<(typeof SOURCE_CALLS)[N]['result']>;

/**
 * One line of a streamed answer. The last line is `end` or `problem`; a stream that stops without either was cut
 * off and must not be taken for a short list (a half list of changed blocks would lose data).
 */
export const StreamLine = z.union([
  z.strictObject({ item: z.unknown() }),
  z.strictObject({ end: z.literal(true) }),
  z.strictObject({ problem: z.record(z.string(), z.unknown()) }),
]);
export type StreamLine = z.infer<typeof StreamLine>;

/** Opens a session for a configured connection. Repeating it with the same settings finds the open one. */
export const OpenSession = z.strictObject({
  pluginId: z.string().min(1).max(64),
  /** Plain values, secrets included: this travels inside the tunnel and is kept in memory only. */
  settings: z.record(z.string(), z.unknown()),
});
export type OpenSession = z.infer<typeof OpenSession>;

export const SessionOpened = z.object({
  /** Names this life of the session; leases and copies belong to it. */
  instance: z.string(),
  /** Keys of the session's `can`. */
  capabilities: z.array(z.string()),
});
export type SessionOpened = z.infer<typeof SessionOpened>;
