import {
  AGENT_PROTOCOL_VERSION,
  EnrolAnswer,
  PairingCodeText,
  enrolMessage,
  fingerprintWords,
  statusMessage,
} from '@ossea/agent-protocol';
import { MigrationError } from '@ossea/errors';
import { exchangeEnrolment, fingerprint, type KeyPair } from '@ossea/tunnel';
import { z } from 'zod';
import type { VmaConfig } from '../config/config.schema.js';
import type { Enrolment, StateFiles } from '../state/state-files.js';
import { VERSION } from '../version.js';

/** What an administrator gives the VMA: by standard input, because the code is a secret. */
export const EnrolInput = z.strictObject({
  code: PairingCodeText,
  /** `SHA256:…`, shown together with the code. */
  hostKeyFingerprint: z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/, 'SHA256:…'),
  name: z.string().trim().min(1).max(100),
  /** Needed when this VMA is approved already: it would lose its place. */
  again: z.boolean().default(false),
});
export type EnrolInput = z.input<typeof EnrolInput>;

export interface Enrolled {
  readonly vmaId: string;
  /** Of this VMA's key: an administrator compares it at the OMA. */
  readonly fingerprint: string;
  /** The same in six words, of the OMA's host key too. */
  readonly words: string;
  readonly state: Enrolment['state'];
}

/**
 * Sends the pairing code with this VMA's own key. The OMA's host key is checked before a word is said.
 * Throws `request.conflict` when it is approved already, `tunnel.host-key-changed`, `enrolment.rejected`, `peer.unreachable`.
 */
export async function enrol(
  config: Pick<VmaConfig, 'oma'>,
  files: StateFiles,
  input: EnrolInput,
  signal: AbortSignal,
): Promise<Enrolled> {
  const { code, hostKeyFingerprint, name, again } = parseInput(input);
  const { oma } = config;
  const known = await files.enrolment();
  if (known?.state === 'approved' && !again)
    throw new MigrationError(
      'request.conflict',
      'This VMA is enrolled and approved already; say "again": true to enrol it anew.',
    );
  const keys = await usableKeys(files, oma, known && { ...known, hostKeyFingerprint }, signal);
  const answer = await exchange(
    { ...oma, privateKey: keys.privateKey, hostKeyFingerprint },
    enrolMessage(code, name, VERSION),
    signal,
  );
  await files.saveEnrolment(merged(oma, hostKeyFingerprint, answer));
  const shown = fingerprint(keys.publicKey);
  const words = fingerprintWords(shown, hostKeyFingerprint);
  return { vmaId: answer.vmaId, fingerprint: shown, words, state: answer.state };
}

/**
 * Asks where we stand with the OMA, and stores the answer.
 * @returns what is stored now: another enrolment, where one has taken the place of `known` meanwhile.
 */
export async function askState(
  oma: VmaConfig['oma'],
  files: StateFiles,
  known: Enrolment,
  signal: AbortSignal,
): Promise<Enrolment | undefined> {
  const now = await stateNow(oma, files, known, signal);
  return files.updateEnrolment(known, now);
}

async function stateNow(
  oma: VmaConfig['oma'],
  files: StateFiles,
  { hostKeyFingerprint, nextHostKeyFingerprint: next }: Enrolment,
  signal: AbortSignal,
): Promise<Enrolment> {
  const { privateKey } = await files.keyPair();
  const answer = await exchange({ ...oma, privateKey, hostKeyFingerprint }, statusMessage(), signal);
  const more = next === undefined ? {} : { nextHostKeyFingerprint: next };
  return { ...merged(oma, hostKeyFingerprint, answer), ...more };
}

/** Our key, or a new one: an OMA that has revoked a key never takes it again. */
async function usableKeys(
  files: StateFiles,
  oma: VmaConfig['oma'],
  known: Enrolment | undefined,
  signal: AbortSignal,
): Promise<KeyPair> {
  if (!known) return files.keyPair();
  // a VMA that was away does not know yet that it was revoked
  const { state } =
    known.state === 'approved' ? await stateNow(oma, files, known, signal).catch(() => known) : known;
  return state === 'revoked' ? files.renewKeyPair() : files.keyPair();
}

async function exchange(
  dial: Parameters<typeof exchangeEnrolment>[0],
  message: ReturnType<typeof statusMessage>,
  signal: AbortSignal,
): Promise<EnrolAnswer> {
  const parsed = EnrolAnswer.safeParse(await exchangeEnrolment(dial, message, signal));
  if (!parsed.success)
    throw new MigrationError('peer.protocol', 'The OMA answered the enrolment with something else.');
  if (parsed.data.protocol !== AGENT_PROTOCOL_VERSION)
    throw new MigrationError('agent.version', 'The OMA speaks another version of the agent protocol.', {
      context: { ours: AGENT_PROTOCOL_VERSION, theirs: parsed.data.protocol },
    });
  return parsed.data;
}

function merged(
  { host, port }: VmaConfig['oma'],
  hostKeyFingerprint: string,
  { vmaId, state, agentTokenKey, endpoints }: EnrolAnswer,
): Enrolment {
  const key = agentTokenKey === undefined ? {} : { agentTokenKey };
  const numbers = endpoints === undefined ? {} : { endpoints };
  return { omaHost: host, omaPort: port, hostKeyFingerprint, vmaId, state, ...key, ...numbers };
}

function parseInput(input: EnrolInput): z.output<typeof EnrolInput> {
  const parsed = EnrolInput.safeParse(input);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`);
  throw new MigrationError('request.invalid', `The enrolment's input is wrong. ${fields.join('; ')}.`);
}
