import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeepAnchor } from '@ossea/agent-protocol';

const FILE = 'audit-anchors.jsonl';
/** Months of anchors; the months before stand in the file with `.1`. */
const MAX_BYTES = 8 << 20;

/** The heads of the OMA's audit log, kept where nobody of the OMA can change them. */
export class AnchorFile {
  private writing: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly directory: string,
    private readonly maxBytes = MAX_BYTES,
  ) {}

  /** Appends a line, one caller after the other; it is durable when this settles. */
  keep(anchor: KeepAnchor): Promise<void> {
    const kept = this.writing.then(() => this.append(`${JSON.stringify(anchor)}\n`));
    this.writing = kept.catch(() => undefined);
    return kept;
  }

  private async append(line: string): Promise<void> {
    const path = join(this.directory, FILE);
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    if (size + line.length > this.maxBytes) await rename(path, `${path}.1`);
    const file = await open(path, 'a', 0o600);
    try {
      await file.write(line);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}
