import { MigrationError } from '@ossea/errors';
import { ApiFault } from './api-fault.js';
import { Unanswered, type HttpAnswer } from './http-transport.js';

/** A proxy before the management server says that there is none: what became of a request behind it is not known. */
export class GatewayTrouble {
  constructor(readonly status: number) {}

  get error(): MigrationError {
    return new MigrationError(
      'peer.unreachable',
      `What stands before CloudStack has answered ${this.status}: the management server is not there.`,
      { context: { status: this.status } },
    );
  }
}

export type Content = Readonly<Record<string, unknown>>;

/** What of a text says that it is a web page, or XML. */
const MARKUP = /^\s*</;
const GATEWAY = new Set([502, 503, 504]);

/**
 * What stands in the one envelope of an answer (CloudStack ApiResponseSerializer: `{"listzonesresponse":{…}}`).
 * @param text cleans words of the server of what must not be told.
 * Throws `ApiFault` for a refusal, `GatewayTrouble`, `Unanswered` for what was cut off, or `peer.protocol` for anything
 * that is not CloudStack's.
 */
export function contentOf(command: string, answer: HttpAnswer, text: (words: string) => string): Content {
  const { status } = answer;
  if (status >= 300 && status < 400) throw new MigrationError('peer.protocol', redirectOf(answer));
  const type = String(answer.headers['content-type'] ?? '').split(';')[0];
  if (type === 'text/html' || MARKUP.test(answer.text)) {
    if (GATEWAY.has(status)) throw new GatewayTrouble(status);
    throw new MigrationError(
      'peer.protocol',
      `The endpoint has answered with a page and not with JSON (${status}): it is not the API of CloudStack. Its path is /client/api as a rule.`,
      { context: { status, command } },
    );
  }
  const { content, whole } = envelopeOf(answer.text);
  if (content === undefined) {
    if (GATEWAY.has(status)) throw new GatewayTrouble(status);
    const error = new MigrationError(
      'peer.protocol',
      `The endpoint has not answered ${command} as CloudStack does (${status}).`,
      { context: { status, command } },
    );
    throw whole || status >= 400 ? error : new Unanswered(error, true);
  }
  const { errorcode, cserrorcode, errortext } = content;
  if (typeof errorcode !== 'number' && status < 400) return content;
  const said = typeof errortext === 'string' ? errortext : String(answer.headers['x-description'] ?? '');
  throw new ApiFault({
    command,
    httpStatus: status,
    errorCode: typeof errorcode === 'number' ? errorcode : status,
    ...(typeof cserrorcode === 'number' ? { csErrorCode: cserrorcode } : {}),
    text: text(said),
    inJob: false,
  });
}

function envelopeOf(text: string): { readonly whole: boolean; readonly content?: Content } {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return { whole: false };
  }
  const entries = isContent(parsed) ? Object.entries(parsed) : [];
  const [key, inner] = entries[0] ?? ['', undefined];
  const isEnvelope = entries.length === 1 && /response$/i.test(key) && isContent(inner);
  return { whole: true, ...(isEnvelope ? { content: inner } : {}) };
}

/**
 * What a command is about: the list or the object under the one key that is not `count`. Which key that is cannot be
 * told from the command (`listVMSnapshot` gives `vmSnapshot`). A flat answer (`{"success":true}`) is what it is.
 */
export function unwrap(content: Content): unknown {
  const inner = Object.entries(content).filter(([key]) => key.toLowerCase() !== 'count');
  const [only] = inner;
  const wrapped = inner.length === 1 && typeof only?.[1] === 'object' && only[1] !== null;
  return wrapped ? only[1] : content;
}

/** One page of a list. An empty one has neither a count nor an array, one behind the end a count only. */
export function pageOf(content: Content): { readonly items: readonly unknown[]; readonly count?: number } {
  const lists = Object.values(content).filter((value) => Array.isArray(value));
  const count = Object.entries(content).find(([key]) => key.toLowerCase() === 'count')?.[1];
  if (lists.length > 1)
    throw new MigrationError('peer.protocol', 'The endpoint has answered with two lists at once.');
  return {
    items: (lists[0] ?? []) as readonly unknown[],
    ...(typeof count === 'number' ? { count } : {}),
  };
}

export function isContent(value: unknown): value is Content {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where it goes on, without the query: that holds the key and the signature. */
function redirectOf({ status, headers }: HttpAnswer): string {
  const location = String(headers['location'] ?? '');
  const to = URL.canParse(location) ? new URL(location) : undefined;
  const where = to === undefined ? location.split('?')[0] : `${to.origin}${to.pathname}`;
  return `The endpoint sends its callers elsewhere (${status}, to ${where}); give that address where it is CloudStack's.`;
}
