import { createPublicKey, verify, type KeyObject } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { verifyAudit } from '@ossea/api-contract';
import { CliError, EXIT } from './exit-codes.js';

export interface VerifyOptions {
  readonly file: string;
  readonly anchors: readonly string[];
  readonly publicKey: string;
  readonly part?: true;
}

/** Checks an export by its files alone. Gives a sentence; throws with the first row that is not as it was written. */
export async function verifyFiles({ file, anchors, publicKey, part }: VerifyOptions): Promise<string> {
  const key = await publicKeyOf(publicKey);
  const lines: string[] = [];
  for (const one of anchors) lines.push(...(await read(one)).split('\n'));
  const verdict = await verifyAudit(linesOf(file), {
    anchors: lines,
    isPart: part === true,
    isSigned: (text, signature) => verify(null, Buffer.from(text), key, Buffer.from(signature, 'base64')),
  });
  if (!verdict.intact) throw new CliError(EXIT.error, `BROKEN at row ${verdict.row}: ${verdict.why}`);
  const notes = verdict.notes.map((note) => `\n${note}`).join('');
  const bare =
    verdict.anchors === 0 ? '\nNo anchor is of one of these rows: nothing outside vouches for them.' : '';
  return `Intact: ${verdict.rows} rows, ${verdict.anchors} of them anchored.${bare}${notes}`;
}

async function publicKeyOf(file: string): Promise<KeyObject> {
  const pem = await read(file);
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // said below
  }
  throw new CliError(EXIT.usage, `${file}: an Ed25519 public key in PEM is expected.`);
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(EXIT.usage, `${file} cannot be read.`, { cause: error });
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(file, 'utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    throw new CliError(EXIT.usage, `${file} cannot be read.`, { cause: error });
  }
  yield rest;
}
