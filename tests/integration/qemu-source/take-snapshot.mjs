// Takes a snapshot as an appliance would, in a process of its own: the test kills it whenever it likes.
//   node take-snapshot.mjs <machinesDir> <vm> <key>
import { plugin } from '@ossea/plugin-qemu-source';
import { createProcessRunner } from '@ossea/process';

const [machinesDir, vm, key] = process.argv.slice(2);
const log = { debug() {}, info() {}, warn() {}, error() {} };
const { signal } = new globalThis.AbortController();
const context = { log, scratchDir: machinesDir, run: createProcessRunner() };
const session = await plugin.connect({ machinesDir }, context, { signal });
process.send('connected');
const ref = await session.snapshots.create({ vm, quiesce: true }, { key, signal });
process.send(ref);
// it never gets as far as noting it
process.on('message', () => {});
