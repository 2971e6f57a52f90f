import { link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { agentPublicKeyOf, generateAgentKeyPair } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import { fingerprint, generateKeyPair, publicKeyOf } from '@ossea/tunnel';
import { syncDirectory } from '../volumes/durable-files.js';

const HOST_KEY_FILE = 'tunnel-host-key';
const AGENT_KEY_FILE = 'agent-token-key';

/** Token of `ApplianceKeys`, and of its part that signs agent tokens. */
export const APPLIANCE_KEYS = Symbol('ApplianceKeys');
export const AGENT_TOKEN_KEY = Symbol('AgentTokenKey');

/** The keys by which VMAs know this appliance. Made at the first start; losing them means enrolling every VMA again. */
export interface ApplianceKeys {
  /** OpenSSH private key of the tunnel server. */
  readonly hostKey: string;
  /** `SHA256:…` of the host key: shown with every pairing code. */
  readonly hostKeyFingerprint: string;
  /** PKCS#8 PEM of the key that signs agent tokens. */
  readonly agentTokenKey: string;
  /** Its public half, which a VMA gets with its approval. */
  readonly agentTokenPublicKey: string;
}

/** Reads the keys, or makes those that are missing. Throws `config.invalid` for a file that holds no such key. */
export async function loadApplianceKeys(stateDir: string): Promise<ApplianceKeys> {
  const hostKey = await loadOrMake(join(stateDir, HOST_KEY_FILE), () => generateKeyPair().privateKey);
  const agentTokenKey = await loadOrMake(
    join(stateDir, AGENT_KEY_FILE),
    () => generateAgentKeyPair().privateKey,
  );
  return {
    hostKey,
    hostKeyFingerprint: fingerprint(publicKeyOf(hostKey)),
    agentTokenKey,
    agentTokenPublicKey: agentPublicHalf(agentTokenKey),
  };
}

function agentPublicHalf(privateKey: string): string {
  try {
    return agentPublicKeyOf(privateKey);
  } catch {
    // the parser's message may quote the key
    throw new MigrationError('config.invalid', `${AGENT_KEY_FILE}: expected an Ed25519 private key in PEM.`);
  }
}

/** Written under another name and synced first: a key that VMAs trust must never be half a file. */
export async function loadOrMake(path: string, make: () => string): Promise<string> {
  const found = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new MigrationError('config.invalid', 'A key in the state directory cannot be read.', {
      cause: error,
    });
  });
  if (found !== undefined) return found;
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(make());
    await file.sync();
  } finally {
    await file.close();
  }
  await link(draft, path);
  await rm(draft);
  await syncDirectory(join(path, '..'));
  return readFile(path, 'utf8');
}
