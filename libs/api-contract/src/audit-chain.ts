import { AuditAnchor, AuditEvent } from './audit.js';
import { canonicalJson } from './canonical-json.js';

/** What the first row of a chain follows. */
export const AUDIT_GENESIS = '0'.repeat(64);

/** SHA-256 over the previous hash, as it is written, and the canonical JSON of the row without its own hash. */
export async function auditHash({ hash: _, ...row }: Omit<AuditEvent, 'hash'> & { hash?: string }) {
  const bytes = new TextEncoder().encode(row.previousHash + canonicalJson(row));
  const digest = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What the signature of an anchor covers. */
export function anchorText({
  signature: _,
  ...anchor
}: Omit<AuditAnchor, 'signature'> & { signature?: string }) {
  return canonicalJson(anchor);
}

export interface AuditCheck {
  /** Whether the signature over this text is the appliance's. */
  readonly isSigned: (text: string, signature: string) => boolean;
  /** The lines of files with anchors. */
  readonly anchors: readonly string[];
  /** The export is a part of the chain: it begins and ends anywhere. */
  readonly isPart: boolean;
}

export type AuditVerdict =
  | {
      readonly intact: true;
      readonly rows: number;
      readonly anchors: number;
      readonly notes: readonly string[];
    }
  | { readonly intact: false; readonly row: number; readonly why: string };

type Broken = Extract<AuditVerdict, { intact: false }>;

/** Checks the lines of an export against themselves and against anchors. Tells the first row that is not as it was written. */
export async function verifyAudit(
  lines: AsyncIterable<string> | Iterable<string>,
  { isSigned, anchors, isPart }: AuditCheck,
): Promise<AuditVerdict> {
  const known = readAnchors(anchors, isSigned);
  if ('intact' in known) return known;
  let last: AuditEvent | undefined;
  let [rows, seen] = [0, 0];
  for await (const line of lines) {
    if (line.trim() === '') continue;
    const expected = last ? last.seq + 1 : isPart ? undefined : 1;
    const row = parsed(line);
    if (!row) return broken(expected ?? 1, 'This line is no row of an audit log.');
    const why = await faultOf(row, last, expected);
    if (why !== undefined) return broken(expected ?? row.seq, why);
    const before = known.at.get(row.seq - 1);
    if (!last && before !== undefined && before.hash !== row.previousHash)
      return broken(row.seq, `The anchor of ${before.at} saw another row before this one.`);
    const anchor = known.at.get(row.seq);
    if (anchor && anchor.hash !== row.hash)
      return broken(row.seq, `The anchor of ${anchor.at} saw another row here: the chain was written anew.`);
    if (anchor) seen += 1;
    last = row;
    rows += 1;
  }
  const end = last?.seq ?? 0;
  const later = [...known.at.values()].filter(({ seq }) => seq > end).sort((a, b) => a.seq - b.seq)[0];
  if (!isPart && later)
    return broken(end + 1, `The end is missing: the anchor of ${later.at} saw the row ${later.seq}.`);
  return { intact: true, rows, anchors: seen, notes: known.notes };
}

async function faultOf(
  row: AuditEvent,
  last: AuditEvent | undefined,
  expected: number | undefined,
): Promise<string | undefined> {
  if (expected !== undefined && row.seq !== expected)
    return `The row ${expected} is missing here; the row ${row.seq} stands in its place.`;
  const previous = last ? last.hash : row.seq === 1 ? AUDIT_GENESIS : undefined;
  if (previous !== undefined && row.previousHash !== previous) return 'It does not follow the row before it.';
  if ((await auditHash(row)) !== row.hash) return 'It was changed: its hash is that of another row.';
  return undefined;
}

interface KnownAnchors {
  readonly at: ReadonlyMap<number, AuditAnchor>;
  readonly notes: readonly string[];
}

function readAnchors(lines: readonly string[], isSigned: AuditCheck['isSigned']): KnownAnchors | Broken {
  const at = new Map<number, AuditAnchor>();
  const notes: string[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const anchor = AuditAnchor.safeParse(json(line));
    if (!anchor.success) {
      // a power cut may have left half a line
      notes.push(`Line ${index + 1} of the anchors cannot be read.`);
      continue;
    }
    const { data } = anchor;
    if (!isSigned(anchorText(data), data.signature))
      return broken(data.seq, `Line ${index + 1} of the anchors is not signed by this key.`);
    const other = at.get(data.seq);
    if (other && other.hash !== data.hash)
      return broken(data.seq, `The anchors of ${other.at} and of ${data.at} saw different rows.`);
    at.set(data.seq, data);
  }
  at.delete(0);
  return { at, notes };
}

function parsed(line: string): AuditEvent | undefined {
  const row = AuditEvent.safeParse(json(line));
  return row.success ? row.data : undefined;
}

function json(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function broken(row: number, why: string): Broken {
  return { intact: false, row, why };
}
