// A VMA as a process of its own, from the build, whose only plugin shows one disk that an NBD server serves already.
// Its configuration and the disk stand in argv as JSON; there are no secrets in them.
import { CONTRACT_VERSION, z } from '@ossea/plugin-sdk';
import { startVma } from '../../../apps/vma/dist/start-vma.js';

const { config, socket, sizeBytes } = JSON.parse(process.argv[2]);
const plugin = {
  manifest: { id: 'disk', kind: 'source', displayName: 'Disk', contract: CONTRACT_VERSION, capabilities: [] },
  settings: z.strictObject({}),
  connect: async () => ({
    disks: {
      open: async () => ({
        value: { transport: 'nbd-unix', path: socket, exportName: '', sizeBytes },
        [Symbol.asyncDispose]: () => Promise.resolve(),
      }),
    },
    can: {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }),
};
const vma = await startVma(
  { ...config, plugins: { packages: ['disk'] } },
  { import: async () => ({ plugin }) },
);
process.once('SIGTERM', async () => {
  await vma[Symbol.asyncDispose]();
  process.exit(0);
});
