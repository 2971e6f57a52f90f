import type { Job } from '@ossea/api-contract';
import { fromProblem, type MigrationError, type Problem } from '@ossea/errors';
import { request } from 'node:http';
import { until } from './probe.js';

interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** As it came over the wire, with its headers. */
  readonly raw: string;
}

/** Told of every answer: to what, and as it came over the wire. */
export type Heard = (what: string, raw: string) => void;

/** A job that did not succeed, with the problem it told. */
export class JobError extends Error {
  override readonly name = 'JobError';

  constructor(readonly job: Job) {
    super(`${job.kind} ${job.state}: ${JSON.stringify(job.problem)}`);
  }
}

/** The REST API as an integrator uses it. A problem document becomes the error it stands for. */
export class ApiClient {
  constructor(
    public baseUrl: string,
    public token = '',
    /** Ends all waiting. */
    private readonly signal?: AbortSignal,
    private readonly heard: Heard = () => undefined,
  ) {}

  get<T>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }
  post<T>(path: string, body: object = {}): Promise<T> {
    return this.call<T>('POST', path, body);
  }
  put<T>(path: string, body: object): Promise<T> {
    return this.call<T>('PUT', path, body);
  }
  patch<T>(path: string, body: object): Promise<T> {
    return this.call<T>('PATCH', path, body);
  }
  delete<T>(path: string): Promise<T> {
    return this.call<T>('DELETE', path);
  }

  /** The problem document that a call must be refused with. */
  async problemOf(method: string, path: string, body?: object): Promise<Problem> {
    const { status, body: answer } = await this.send(method, path, body);
    if (status < 400) throw new Error(`${method} ${path} succeeded, a problem was expected`);
    return answer as Problem;
  }

  /** The job when it has ended, however; goes on asking while the appliance is away. */
  async ended(job: Pick<Job, 'id' | 'kind'>, timeoutMs = 600_000): Promise<Job> {
    return until(
      `job ${job.kind} ends`,
      async () => {
        const now = await this.get<Job>(`/api/v1/jobs/${job.id}?wait=2s`);
        return now.endedAt === undefined ? undefined : now;
      },
      { timeoutMs, everyMs: 50, ...(this.signal ? { signal: this.signal } : {}) },
    );
  }

  /** The job when it has succeeded. Throws `JobError`. */
  async succeeded(job: Pick<Job, 'id' | 'kind'>, timeoutMs?: number): Promise<Job> {
    const ended = await this.ended(job, timeoutMs);
    if (ended.state !== 'succeeded') throw new JobError(ended);
    return ended;
  }

  /** Starts a job and gives it when it has succeeded. Throws `JobError`. */
  async run(path: string, body: object = {}, timeoutMs?: number): Promise<Job> {
    return this.succeeded(await this.post<Job>(path, body), timeoutMs);
  }

  private async call<T>(method: string, path: string, body?: object): Promise<T> {
    this.signal?.throwIfAborted();
    const { status, body: answer } = await this.send(method, path, body);
    if (status >= 400) throw errorOf(answer);
    return answer as T;
  }

  private async send(method: string, path: string, body?: object): Promise<Answer> {
    const answer = await send(method, `${this.baseUrl}${path}`, this.token, body);
    this.heard(`${method} ${path}`, answer.raw);
    return answer;
  }
}

function errorOf(answer: unknown): MigrationError {
  return fromProblem(typeof answer === 'object' && answer !== null ? answer : { cause: String(answer) });
}

function send(method: string, url: string, token: string, body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const outgoing = request(
      url,
      {
        method,
        agent: false,
        timeout: 60_000,
        headers: {
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
          ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
        },
      },
      (incoming) => {
        let text = '';
        incoming.setEncoding('utf8').on('data', (data: string) => (text += data));
        incoming.once('error', reject);
        incoming.once('end', () => {
          const isJson = (incoming.headers['content-type'] ?? '').includes('json');
          const status = incoming.statusCode ?? 0;
          const raw = `${incoming.rawHeaders.join('\n')}\n\n${text}`;
          resolve({ status, raw, body: isJson ? (JSON.parse(text) as unknown) : text });
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.once('timeout', () => outgoing.destroy(new Error(`${method} ${url} was not answered`)));
    outgoing.end(sent);
  });
}
