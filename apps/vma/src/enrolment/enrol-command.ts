import { MigrationError } from '@ossea/errors';
import type { VmaConfig } from '../config/config.schema.js';
import { StateFiles } from '../state/state-files.js';
import { enrol, type EnrolInput } from './enrol.js';

const MAX_INPUT_CHARS = 8_192;

/** `enrol`: one JSON document on standard input, one on standard output. */
export async function enrolCommand(config: VmaConfig): Promise<void> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_INPUT_CHARS) throw new MigrationError('request.invalid', 'The input is too long.');
  }
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch {
    // the text may hold the code
    throw new MigrationError(
      'request.invalid',
      'Expected one JSON document on standard input: {"code", "hostKeyFingerprint", "name"}.',
    );
  }
  const enrolled = await enrol(
    config,
    new StateFiles(config.stateDir),
    input as EnrolInput,
    new AbortController().signal,
  );
  process.stdout.write(`${JSON.stringify(enrolled)}\n`);
}
