import { mkdtemp, rm } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import {
  AGENT_PROTOCOL_VERSION,
  PROTOCOL_HEADER,
  generateAgentKeyPair,
  type AgentKeyPair,
} from '@ossea/agent-protocol';
import { MigrationError, toProblem } from '@ossea/errors';
import { AgentClient } from './agent-client.js';
import type { KnownVmas } from './known-vmas.js';

export type Answer = (request: IncomingMessage, response: ServerResponse, body: unknown) => void;

/** Its only VMA. */
export const LYING_VMA = 'vma_1';

/**
 * For specs only: an agent that answers late, half, wrongly or not at all, as the test says, and a client that knows no
 * other. A real one, through a real tunnel, answers in tests/contract and tests/integration/oma-tunnels.
 */
export class LyingAgent implements AsyncDisposable {
  readonly keys: AgentKeyPair = generateAgentKeyPair();
  /** What it was asked: `GET /path`. */
  readonly asked: string[] = [];
  readonly client: AgentClient;
  private server: http.Server | undefined;

  private constructor(private readonly directory: string) {
    const known: Pick<KnownVmas, 'get'> = {
      get(id) {
        if (id !== LYING_VMA)
          throw new MigrationError('request.not-found', 'There is no approved VMA with this id.');
        return { id, name: 'site-a', agentSocketPath: join(directory, 's') };
      },
    };
    this.client = new AgentClient(known as KnownVmas, this.keys.privateKey);
  }

  static async create(): Promise<LyingAgent> {
    return new LyingAgent(await mkdtemp(join(tmpdir(), 'ag-')));
  }

  async listen(answer: Answer): Promise<void> {
    const server = http.createServer((request, response) => {
      this.asked.push(`${request.method} ${request.url}`);
      response.setHeader(PROTOCOL_HEADER, String(AGENT_PROTOCOL_VERSION));
      void text(request).then((sent) =>
        answer(request, response, sent === '' ? undefined : JSON.parse(sent)),
      );
    });
    this.server = server;
    await new Promise<void>((resolve) => server.listen(join(this.directory, 's'), resolve));
  }

  /** What was asked with this method. */
  of(method: string): string[] {
    return this.asked.filter((line) => line.startsWith(`${method} `));
  }

  /** As when the tunnel goes down. */
  async vanish(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vanish();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export function answerJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function answerProblem(response: ServerResponse, error: MigrationError): void {
  const problem = toProblem(error);
  answerJson(response, problem, problem.status);
}

/** Cuts the connection in mid-answer. */
export function cutOff(response: ServerResponse): void {
  response.socket?.destroy();
}
