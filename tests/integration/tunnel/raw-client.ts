import { createRequire } from 'node:module';
import type { KeyPair } from '@ossea/tunnel';
import type { Site } from './site.js';

type Ssh2 = typeof import('ssh2');
const ssh2 = createRequire(import.meta.url)('ssh2') as Ssh2;

/** An SSH client that asks for anything: with `strictVendor` it would refuse some of it by itself. */
export function rawClient(site: Site, key: KeyPair, username = 'vma'): Promise<InstanceType<Ssh2['Client']>> {
  const client = new ssh2.Client();
  site.later(() => client.destroy());
  return new Promise((resolve, reject) => {
    client.on('error', reject);
    client.once('ready', () => resolve(client));
    client.connect({
      host: '127.0.0.1',
      port: site.port,
      username,
      privateKey: key.privateKey,
      strictVendor: false,
    });
  });
}
