import type { Job } from '@ossea/api-contract';
import { fromProblem, type MigrationError, type Problem } from '@ossea/errors';
import { request } from 'node:http';
import { until } from './probe.js';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** The REST API as an integrator uses it. A problem document becomes the error it stands for. */
export class ApiClient {
  constructor(
    public baseUrl: string,
    public token = '',
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
  delete<T>(path: string): Promise<T> {
    return this.call<T>('DELETE', path);
  }

  /** The error of a call that must fail. */
  async problemOf(call: Promise<unknown>): Promise<MigrationError> {
    try {
      await call;
    } catch (error) {
      return error as MigrationError;
    }
    throw new Error('the call succeeded, a problem was expected');
  }

  /** The job when it has ended, however; goes on asking while the appliance is away. */
  async ended(job: Job, timeoutMs = 300_000): Promise<Job> {
    return until(
      `job ${job.kind} ends`,
      async () => {
        const now = await this.get<Job>(`/api/v1/jobs/${job.id}?wait=5s`);
        return now.endedAt === undefined ? undefined : now;
      },
      { timeoutMs, everyMs: 50 },
    );
  }

  /** Starts a job and gives it when it has succeeded; its problem is the error otherwise. */
  async run(path: string, body: object = {}, timeoutMs?: number): Promise<Job> {
    const job = await this.ended(await this.post<Job>(path, body), timeoutMs);
    if (job.state !== 'succeeded')
      throw new Error(`${job.kind} ${job.state}: ${JSON.stringify(job.problem)}`);
    return job;
  }

  private async call<T>(method: string, path: string, body?: object): Promise<T> {
    const { status, body: answer } = await send(method, `${this.baseUrl}${path}`, this.token, body);
    if (status >= 400) throw fromProblem(answer as Problem);
    return answer as T;
  }
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
          resolve({ status, body: isJson ? (JSON.parse(text) as unknown) : text });
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.once('timeout', () => outgoing.destroy(new Error(`${method} ${url} was not answered`)));
    outgoing.end(sent);
  });
}
