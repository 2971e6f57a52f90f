import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { agentPublicKeyOf, generateAgentKeyPair } from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import { fingerprint, generateKeyPair, publicKeyOf } from '@ossea/tunnel';
import { syncDirectory } from '../volumes/durable-files.js';

const HOST_KEY_FILE = 'tunnel-host-key';
const NEXT_HOST_KEY_FILE = 'tunnel-next-host-key';
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

/** The host key that shall take the place of the present one, while it has not yet. */
export async function nextHostKey(stateDir: string): Promise<string | undefined> {
  return readOrNothing(join(stateDir, NEXT_HOST_KEY_FILE));
}

/** The same; made where there is none. */
export function makeNextHostKey(stateDir: string): Promise<string> {
  return loadOrMake(join(stateDir, NEXT_HOST_KEY_FILE), () => generateKeyPair().privateKey);
}

/** The next host key becomes the one that is loaded from now on. */
export async function promoteNextHostKey(stateDir: string): Promise<void> {
  await rename(join(stateDir, NEXT_HOST_KEY_FILE), join(stateDir, HOST_KEY_FILE));
  await syncDirectory(stateDir);
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
  const found = await readOrNothing(path);
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

function readOrNothing(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new MigrationError('config.invalid', 'A key in the state directory cannot be read.', {
      cause: error,
    });
  });
}
