import { createInterface, type Interface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { PairingCodeText } from '@ossea/agent-protocol';
import { MigrationError, asMigrationError } from '@ossea/errors';
import type { z } from 'zod';
import type { VmaConfig } from '../config/config.schema.js';
import type { Enrolment, StateFiles } from '../state/state-files.js';
import { AskSchedule } from './ask-schedule.js';
import { EnrolInput, askState, enrol } from './enrol.js';

const LOOK_EVERY_MS = 200;
const { hostKeyFingerprint: HostKey, name: Name } = EnrolInput.shape;

const OUTCOMES: Readonly<Record<Exclude<Enrolment['state'], 'pending'>, string>> = {
  approved: 'Approved. This VMA is enrolled.',
  rejected: 'Rejected by an administrator. Ask for a new pairing code and try again.',
  revoked: 'This VMA was revoked. Ask for a new pairing code and try again.',
  expired: 'Nobody approved this VMA in time. Ask for a new pairing code and try again.',
};

/**
 * Enrols this VMA in a conversation with whoever sits at its terminal, and waits for the decision. The code is shown
 * while it is typed: it is of no use ten minutes later. Rejects as `enrol` does, and when `signal` is aborted.
 */
export async function enrolWizard(
  config: VmaConfig,
  files: StateFiles,
  terminal: { readonly input: Readable; readonly output: Writable },
  signal: AbortSignal,
): Promise<Enrolment['state']> {
  const say = (text: string): void => void terminal.output.write(`${text}\n`);
  const lines = createInterface({ ...terminal, terminal: false });
  const gone = new AbortController();
  lines.once('close', () => gone.abort(new MigrationError('call.aborted', 'The input has ended.')));
  const talk = AbortSignal.any([signal, gone.signal]);
  try {
    say(`This VMA enrols with the OMA at ${config.oma.host}:${config.oma.port}.`);
    say('Make a pairing code there: it shows the code and the fingerprint of its host key.\n');
    const code = await ask(lines, say, 'Pairing code (XXXX-XXXX-XXXX): ', PairingCodeText, talk);
    const hostKeyFingerprint = await ask(lines, say, 'Host key (SHA256:…): ', HostKey, talk);
    const name = await ask(lines, say, 'Name of this VMA: ', Name, talk);
    const again = (await files.enrolment())?.state === 'approved' && (await isSure(lines, talk));
    const enrolled = await enrol(config, files, { code, hostKeyFingerprint, name, again }, signal);
    say('\nThe OMA has the request. Compare there, before you approve:\n');
    say(`    ${enrolled.fingerprint}\n    ${enrolled.words}\n`);
    say('Waiting for the decision; you may leave with Ctrl-C, the VMA goes on asking by itself.');
  } finally {
    lines.close();
  }
  const state = await decision(config, files, signal);
  say(OUTCOMES[state]);
  return state;
}

/** Asks until the answer has the right form. */
async function ask(
  lines: Interface,
  say: (text: string) => void,
  question: string,
  form: z.ZodType<string>,
  signal: AbortSignal,
): Promise<string> {
  for (;;) {
    const line = await lines.question(question, { signal }).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
    const parsed = form.safeParse(line.trim());
    if (parsed.success) return parsed.data;
    say('That does not have the right form; compare it with what the OMA shows.');
  }
}

async function isSure(lines: Interface, signal: AbortSignal): Promise<boolean> {
  const question = 'This VMA is approved already and would lose its place. Enrol it anew? (yes/no): ';
  return (await lines.question(question, { signal })).trim() === 'yes';
}

/** The running service may ask as well; whoever hears it first writes it down. */
async function decision(
  { oma, enrolment }: VmaConfig,
  files: StateFiles,
  signal: AbortSignal,
): Promise<Exclude<Enrolment['state'], 'pending'>> {
  const schedule = new AskSchedule(enrolment.askEveryMs, enrolment.askAtMostEveryMs);
  for (;;) {
    signal.throwIfAborted();
    const known = await files.enrolment();
    if (known && known.state !== 'pending') return known.state;
    if (known && schedule.due())
      await askState(oma, files, known, signal).catch((error: unknown) => {
        // an OMA that is away for a moment comes back
        const { code } = asMigrationError(error);
        if (code !== 'peer.unreachable' && code !== 'resource.busy') throw error;
      });
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
