import type { Readable, Writable } from 'node:stream';
import { MigrationError } from '@ossea/errors';
import type { VmaConfig } from '../config/config.schema.js';
import { StateFiles } from '../state/state-files.js';
import { enrol, type EnrolInput } from './enrol.js';
import { enrolWizard } from './wizard.js';

const MAX_INPUT_CHARS = 8_192;

/**
 * `enrol`: at a terminal a conversation; else one JSON document on standard input, one line of JSON on standard output.
 */
export async function enrolCommand(
  config: VmaConfig,
  input: Readable,
  say: (line: string) => void,
  /** Where to talk with people, when `input` is a terminal. */
  output?: Writable,
): Promise<void> {
  const signal = new AbortController().signal;
  if (output && 'isTTY' in input && input.isTTY === true) {
    const files = new StateFiles(config.stateDir);
    await files.prepare();
    const state = await enrolWizard(config, files, { input, output }, signal);
    if (state !== 'approved')
      throw new MigrationError('enrolment.rejected', `The OMA did not approve this VMA: ${state}.`);
    return;
  }
  const document = await readDocument(input);
  const files = new StateFiles(config.stateDir);
  await files.prepare();
  const enrolled = await enrol(config, files, document as EnrolInput, signal);
  say(JSON.stringify(enrolled));
}

/** Ends with the line that completes the document: people who type do not close their input. */
async function readDocument(input: Readable): Promise<unknown> {
  let text = '';
  for await (const chunk of input.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_INPUT_CHARS) throw new MigrationError('request.invalid', 'The input is too long.');
    const document = text.endsWith('\n') ? parsed(text) : undefined;
    if (document !== undefined) return document;
  }
  const document = parsed(text);
  if (document !== undefined) return document;
  // no word of what was read: it may hold the code
  throw new MigrationError(
    'request.invalid',
    'Expected one line of JSON on standard input: {"code", "hostKeyFingerprint", "name"}.',
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
