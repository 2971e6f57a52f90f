import http, { type IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import { buffer } from 'node:stream/consumers';
import {
  AGENT_PROTOCOL_VERSION,
  PROTOCOL_HEADER,
  agentPaths,
  signAgentToken,
  type CopyEvent,
  type SourceCallName,
  type StartCopy,
} from '@ossea/agent-protocol';

export interface Call {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  readonly body?: unknown;
  /** Instead of `body`. */
  readonly rawBody?: string;
  /** Over the usual ones; `undefined` leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  /** Hangs up. */
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly bytes: Buffer;
  /** Parsed; `undefined` when it is no JSON. */
  readonly body: unknown;
}

/** A VMA's API, called as the OMA calls it, or as somebody else would. */
export class AgentApi {
  constructor(
    readonly where: { readonly socketPath: string } | { readonly port: number },
    private readonly privateKey: string,
    private readonly vmaId: string,
  ) {}

  async call(path: string, call: Call = {}): Promise<Answer> {
    const response = await this.begin(path, call);
    const bytes = await buffer(response);
    return { status: response.statusCode ?? 0, headers: response.headers, bytes, body: jsonOf(bytes) };
  }

  /** The beginning of an answer, which is not read yet. */
  begin(
    path: string,
    { method = 'GET', body, rawBody, headers = {}, signal }: Call = {},
  ): Promise<IncomingMessage> {
    const text = rawBody ?? (body === undefined ? undefined : JSON.stringify(body));
    const all: Record<string, string | undefined> = {
      authorization: `Bearer ${signAgentToken(this.privateKey, this.vmaId)}`,
      [PROTOCOL_HEADER]: String(AGENT_PROTOCOL_VERSION),
      ...(text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
      ...headers,
    };
    const sent = Object.fromEntries(
      Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          ...this.where,
          host: '127.0.0.1',
          agent: false,
          method,
          path,
          headers: sent,
          ...(signal ? { signal } : {}),
        },
        resolve,
      );
      request.once('error', reject);
      request.end(text);
    });
  }

  openSession(session: string, pluginId: string, settings: object): Promise<Answer> {
    return this.call(agentPaths.session(session), { method: 'PUT', body: { pluginId, settings } });
  }

  source(session: string, name: SourceCallName, params: object): Promise<Answer> {
    return this.call(agentPaths.call(session, name), { method: 'POST', body: params });
  }

  startCopy(copy: string, order: StartCopy): Promise<Answer> {
    return this.call(agentPaths.copy(copy), { method: 'PUT', body: order });
  }

  /** The events of a copy up to its end; `until` leaves earlier. */
  async copyEvents(copy: string, until: (event: CopyEvent) => boolean = () => false): Promise<CopyEvent[]> {
    const response = await this.begin(agentPaths.copyEvents(copy));
    const events: CopyEvent[] = [];
    for await (const line of createInterface({ input: response })) {
      const event = JSON.parse(line) as CopyEvent;
      events.push(event);
      if (until(event)) break;
    }
    response.destroy();
    return events;
  }
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The documents of a streamed answer. */
export function linesOf({ bytes }: Answer): unknown[] {
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}
