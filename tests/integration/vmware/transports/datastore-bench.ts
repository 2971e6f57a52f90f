import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createTransports,
  readersSchema,
  type DiskTransport,
  type TransportHost,
} from '../../../../plugins/vmware/src/transports/index.js';
import type { KeyAndCertificate } from './certificates.js';
import { serveDatastores, type DatastoreServer } from './datastore-server.js';
import { MIB, call, hostOf, openBench, type Bench } from './reader-bench.js';

export interface DatastoreBench extends Bench {
  readonly server: DatastoreServer;
  /** The file of `[LocalDS_0] vm1/disk1.vmdk`. */
  readonly file: string;
  /** The datastore reader for that server. */
  transport(
    more?: Partial<TransportHost>,
    options?: { readonly keepAliveMs?: number },
  ): Promise<DiskTransport>;
}

/** A server with one disk, reached at 127.0.0.1. */
export async function openDatastoreBench(
  shown: KeyAndCertificate,
  name = 'DC0|LocalDS_0|vm1/disk1-flat.vmdk',
): Promise<DatastoreBench> {
  const bench = await openBench();
  const file = join(bench.scratchDir, 'disk1-flat.vmdk');
  await writeFile(file, randomBytes(8 * MIB));
  const server = await serveDatastores(shown, { [name]: file });
  return {
    ...bench,
    server,
    file,
    transport: async (more = {}, options = {}) => {
      const host = hostOf(bench, more.certificate?.pem ?? shown.cert, { port: server.port, ...more });
      const settings = readersSchema.parse({ order: ['datastore'] });
      return (await createTransports(settings, host, call, options))[0]!;
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      await bench[Symbol.asyncDispose]();
    },
  };
}
