import { redact } from '@ossea/errors';

const MASK = '[redacted]';

const SECRETS: readonly (readonly [what: RegExp, instead: string])[] = [
  // nbdkit --verbose tells every parameter: a password may hold blanks, so the rest of the line goes
  [/(config key=[^\s,]*(?:pass|secret|token|cookie|header)[^\s,]*, value=).*/gi, `$1${MASK}`],
  // what stands in quotes may hold blanks, too
  [/((?:pass(?:word|wd|phrase)?|secret|token)\s*[=:]\s*)(["']).*?\2/gi, `$1${MASK}`],
  [/\b((?:set-)?cookie|authorization)\s*:.*/gi, `$1: ${MASK}`],
  [/(vmware_soap_session\s*=\s*)(?:"[^"]*"|[^\s;]+)/gi, `$1${MASK}`],
  // the ticket of an NFC session, as VDDK shows it behind the path of a disk
  [/![0-9a-f]{2}(?: [0-9a-f]{2}){7}-[0-9a-f]{2}(?: [0-9a-f]{2}){7}/gi, `!${MASK}`],
];

/**
 * What nbdkit, VDDK or curl said, without what gives access to anything: on top of `redact`, which does not know
 * how these three put it.
 */
export function scrubStderr(text: string): string {
  return SECRETS.reduce((clean, [what, instead]) => clean.replace(what, instead), redact(text));
}
