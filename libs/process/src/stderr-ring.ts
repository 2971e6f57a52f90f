import { redact } from '@ossea/errors';

const KEPT_CHARACTERS = 16_384;

/** The end of what a child says on standard error: enough to explain a failure, bounded however chatty it is. */
export class StderrRing {
  private kept = '';

  add(text: string): void {
    this.kept = (this.kept + text).slice(-2 * KEPT_CHARACTERS);
  }

  /** The kept end, redacted. Redacted as a whole, because a secret may have come in two pieces. */
  tail(): string {
    return redact(this.kept).slice(-KEPT_CHARACTERS).trim();
  }
}

/** The last few hundred characters, for a message that a person reads. */
export function lastWords(text: string, maxCharacters = 600): string {
  const trimmed = text.trim();
  return trimmed.length <= maxCharacters ? trimmed : `…${trimmed.slice(-maxCharacters)}`;
}

const LINE_CHARACTERS = 4_096;

/** Cuts what a child says into lines; a line longer than any honest one is handed on in pieces. */
export class StderrLines {
  private rest = '';

  constructor(private readonly onLine: (line: string) => void) {}

  add(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) this.onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (this.rest.length <= LINE_CHARACTERS) return;
    this.onLine(this.rest);
    this.rest = '';
  }
}
