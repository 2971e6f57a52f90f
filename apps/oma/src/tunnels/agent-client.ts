import http, { type IncomingMessage } from 'node:http';
import { Inject, Injectable } from '@nestjs/common';
import {
  AGENT_PROTOCOL_VERSION,
  CORRELATION_HEADER,
  PROTOCOL_HEADER,
  signAgentToken,
} from '@ossea/agent-protocol';
import { MigrationError, isMigrationError, throwIfAborted } from '@ossea/errors';
import type { z } from 'zod';
import { AGENT_TOKEN_KEY } from './appliance-keys.js';
import { answeredProblem, checkProtocol, tunnelDown } from './agent-faults.js';
import { CallGuard } from './call-guard.js';
import { KnownVmas, type KnownVma } from './known-vmas.js';

export interface AgentCall {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** One of `agentPaths`, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly signal: AbortSignal;
  /** Milliseconds without a byte from the VMA after which it is taken for gone. */
  readonly silenceMs?: number;
  readonly correlationId?: string;
}

const SILENCE_MS = 60_000;
const DOCUMENT_BYTES = 64 << 20;
const LINE_CHARACTERS = 1 << 20;

/**
 * Calls to the agents of VMAs, through their tunnels. Every call is signed for its VMA alone. Out come `MigrationError`s:
 * what the VMA answered, `tunnel.down` when it cannot be reached or stops in mid-answer, `call.aborted`,
 * `agent.version`, `auth.rejected`, `peer.protocol`, and `request.not-found` for a VMA that is not approved.
 */
@Injectable()
export class AgentClient {
  constructor(
    private readonly known: KnownVmas,
    @Inject(AGENT_TOKEN_KEY) private readonly agentTokenKey: string,
  ) {}

  /** A call that is answered with one JSON document. */
  async json<S extends z.ZodType>(vmaId: string, call: AgentCall, schema: S): Promise<z.output<S>> {
    const { vma, bytes } = await this.whole(vmaId, call, DOCUMENT_BYTES);
    return parsed(vma, call, bytes.toString('utf8'), schema);
  }

  /** A call that is answered with bytes: all of them, or it throws. */
  async bytes(vmaId: string, call: AgentCall): Promise<Buffer> {
    return (await this.whole(vmaId, call, Number.MAX_SAFE_INTEGER)).bytes;
  }

  /**
   * A call that is answered with one JSON document a line. Ends when the answer ends: whether that was its proper end
   * is for the caller to know. Leaving the loop ends the call.
   */
  async *lines<S extends z.ZodType>(
    vmaId: string,
    call: AgentCall,
    schema: S,
  ): AsyncGenerator<z.output<S>, void, undefined> {
    const vma = this.known.get(vmaId);
    const guard = new CallGuard(call.signal, call.silenceMs ?? SILENCE_MS);
    try {
      const response = await this.answered(vma, call, guard);
      let rest = '';
      response.setEncoding('utf8');
      for await (const chunk of response as AsyncIterable<string>) {
        guard.heard();
        rest += chunk;
        for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
          const line = rest.slice(0, end);
          rest = rest.slice(end + 1);
          const item = parsed(vma, call, line, schema);
          // what the consumer does in between is no silence of the VMA's
          guard.rest();
          yield item;
          throwIfAborted(call.signal);
          guard.heard();
        }
        if (rest.length > LINE_CHARACTERS) throw odd(vma, call, 'a line without an end');
      }
    } catch (error) {
      throw fault(vma, guard, error);
    } finally {
      guard.end();
    }
  }

  private async whole(
    vmaId: string,
    call: AgentCall,
    maxBytes: number,
  ): Promise<{ readonly vma: KnownVma; readonly bytes: Buffer }> {
    const vma = this.known.get(vmaId);
    const guard = new CallGuard(call.signal, call.silenceMs ?? SILENCE_MS);
    try {
      const response = await this.answered(vma, call, guard);
      return { vma, bytes: await readAll(response, guard, maxBytes, vma, call) };
    } catch (error) {
      throw fault(vma, guard, error);
    } finally {
      guard.end();
    }
  }

  /** The beginning of an answer that is a success; throws what any other one stands for. */
  private async answered(vma: KnownVma, call: AgentCall, guard: CallGuard): Promise<IncomingMessage> {
    throwIfAborted(call.signal);
    const response = await this.send(vma, call, guard);
    guard.heard();
    checkProtocol(vma, response.headers);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    const text = (await readAll(response, guard, LINE_CHARACTERS, vma, call)).toString('utf8');
    throw answeredProblem(vma, status, jsonOrNothing(text));
  }

  private send(vma: KnownVma, call: AgentCall, guard: CallGuard): Promise<IncomingMessage> {
    const { method, path, body, correlationId } = call;
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const request = http.request({
        socketPath: vma.agentSocketPath,
        // a connection for each call: none that died unnoticed with its tunnel is ever used again
        agent: false,
        method,
        path,
        headers: {
          host: 'agent',
          authorization: `Bearer ${signAgentToken(this.agentTokenKey, vma.id)}`,
          [PROTOCOL_HEADER]: String(AGENT_PROTOCOL_VERSION),
          ...(correlationId === undefined ? {} : { [CORRELATION_HEADER]: correlationId }),
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      });
      guard.watch(request);
      request.once('error', reject);
      request.once('response', resolve);
      request.end(text);
    });
  }
}

async function readAll(
  response: IncomingMessage,
  guard: CallGuard,
  maxBytes: number,
  vma: KnownVma,
  call: AgentCall,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    guard.heard();
    length += chunk.length;
    if (length > maxBytes) throw odd(vma, call, 'too much');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What ended a call. */
function fault(vma: KnownVma, guard: CallGuard, error: unknown): MigrationError {
  if (guard.aborted) return new MigrationError('call.aborted', 'The call was aborted.');
  if (guard.silentMs !== undefined)
    return tunnelDown(vma, `it said nothing for ${guard.silentMs} ms.`, error);
  if (isMigrationError(error)) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const why: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'its tunnel is down.',
    ENOENT: 'its tunnel is down.',
    ECONNRESET: 'the connection was lost.',
    EPIPE: 'the connection was lost.',
  };
  return tunnelDown(vma, why[code] ?? (error instanceof Error ? error.message : String(error)), error);
}

function odd(vma: KnownVma, { method, path }: AgentCall, what: string): MigrationError {
  return new MigrationError('peer.protocol', `The VMA "${vma.name}" answered ${what} to ${method} ${path}.`, {
    context: { vma: vma.name, vmaId: vma.id },
  });
}

function parsed<S extends z.ZodType>(vma: KnownVma, call: AgentCall, text: string, schema: S): z.output<S> {
  const result = schema.safeParse(jsonOrNothing(text));
  if (!result.success) throw odd(vma, call, 'something unexpected');
  return result.data;
}

function jsonOrNothing(text: string): unknown {
  try {
    // an answer without a body is an empty document
    return text === '' ? {} : JSON.parse(text);
  } catch {
    return undefined;
  }
}
