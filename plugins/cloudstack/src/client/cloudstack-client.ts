import { MigrationError, SecretScrubber, throwIfAborted } from '@ossea/errors';
import type { CallOptions, Logger, Trust, z } from '@ossea/plugin-sdk';
import { GatewayTrouble, contentOf, pageOf, unwrap, type Content } from './answer.js';
import { ApiFault, OutcomeUnknown } from './api-fault.js';
import { SYSTEM_CLOCK, type Clock } from './clock.js';
import { HttpTransport, Unanswered, type HttpAnswer } from './http-transport.js';
import { JOB_DEADLINE_MS, POLL_DELAYS_MS, jobResult } from './job-poller.js';
import { PAGE_SIZE, allPages } from './pages.js';
import { flattenParams, type Params } from './params.js';
import { delayBeforeNext } from './repetition.js';
import { sign } from './signature.js';
import { asyncJobSchema, startedSchema } from './wire.js';

export interface CloudstackClientOptions {
  /** `https://cloudstack.example:8443/client/api`, as `normalizeApiUrl` gives it. */
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly secretKey: string;
  /** Whom to believe over https; by the system's CAs without it. */
  readonly trust?: Trust;
  readonly log?: Logger;
  readonly clock?: Clock;
  /** The project that is worked in, where it is one and not the account itself. */
  readonly projectId?: string;
  /** Milliseconds before each look at a job, the last one repeated. */
  readonly pollDelaysMs?: readonly number[];
  /** Milliseconds to wait for a job; 65 minutes unless told: CloudStack itself gives one up after 60. */
  readonly jobDeadlineMs?: number;
}

export interface StartedJob {
  readonly jobId: string;
  /** Of what is being made, with the commands that make something. */
  readonly id?: string;
}

/** Commands whose scope or owner a project is. With others `projectid` means something else, or nothing. */
const OF_A_PROJECT = new Set([
  'listVirtualMachines',
  'listVolumes',
  'listSnapshots',
  'listVMSnapshot',
  'listNetworks',
  'listTemplates',
  'listResourceLimits',
  'listTags',
  'createVolume',
  'createNetwork',
  'deployVirtualMachine',
]);
/** Milliseconds for which a request may be used; a server that enforces it allows 15 minutes at most. */
const VALID_MS = 10 * 60_000;
const MAX_QUERY_CHARS = 4_000;

/** One account at a CloudStack management server, over its signed API. Disposing ends its connections. */
export class CloudstackClient implements AsyncDisposable {
  private readonly transport: HttpTransport;
  private readonly clock: Clock;
  private readonly scrubber: SecretScrubber;
  private pageSize = PAGE_SIZE;
  private skewMs: number | undefined;

  constructor(private readonly options: CloudstackClientOptions) {
    this.clock = options.clock ?? SYSTEM_CLOCK;
    this.transport = new HttpTransport(options.apiUrl, options.trust ?? { by: 'ca' }, this.clock);
    this.scrubber = new SecretScrubber([options.apiKey, options.secretKey]);
  }

  /** Requests sent so far, repeated ones too. */
  get requestCount(): number {
    return this.transport.requestCount;
  }

  /** Milliseconds by which our clock is ahead of the server's, to a second; unknown before the first answer. */
  get clockSkewMs(): number | undefined {
    return this.skewMs;
  }

  /**
   * One answer of a command that changes nothing, by GET; sent again when the account is throttled (after the wait that
   * the server names), at 503 and 530, and on a lost connection.
   * @param schema of the object, the list or the flat answer that stands in the envelope.
   * Throws `ApiFault`, `peer.unreachable`, `peer.untrusted`, `peer.protocol` or `call.aborted`.
   */
  async read<T>(command: string, params: Params, schema: z.ZodType<T>, { signal }: CallOptions): Promise<T> {
    const content = await this.fetch(command, params, signal);
    return this.parse(command, schema, unwrap(content));
  }

  /** All of a list, each item once, always paged and compared with the count. Throws as `read` does. */
  async list<T>(
    command: string,
    params: Params,
    schema: z.ZodType<T>,
    { signal }: CallOptions,
  ): Promise<T[]> {
    const items = await allPages(
      async (page, pagesize) => pageOf(await this.fetch(command, { ...params, page, pagesize }, signal)),
      this.pageSize,
      (size) => (this.pageSize = size),
    );
    return items.map((item) => this.parse(command, schema, item));
  }

  /**
   * A synchronous command that changes something, by POST. It is sent once; again only where the server has certainly
   * not begun: no connection was made, or the account was throttled.
   * Throws `ApiFault` where it was refused, `OutcomeUnknown` where the answer was lost, and as `read` does.
   */
  async write<T>(command: string, params: Params, schema: z.ZodType<T>, { signal }: CallOptions): Promise<T> {
    const content = await this.post(command, params, signal);
    const success = String(content['success'] ?? 'true').toLowerCase() === 'true';
    if (!success) {
      const text = this.scrubber.text(String(content['displaytext'] ?? 'it has not succeeded'));
      throw new ApiFault({ command, httpStatus: 200, errorCode: 530, text, inJob: false });
    }
    return this.parseEffect(command, schema, unwrap(content));
  }

  /**
   * An asynchronous command: by POST as in `write`, and then its job is waited for.
   * @param options.onStarted told the job's id, and that of what is being made, before the first look at the job: keep
   *   them. It is told also where the call was aborted meanwhile.
   * @param options.deadlineMs milliseconds to wait for the job; 65 minutes unless told.
   * Throws as `write` and `waitForJob` do.
   */
  async job<T>(
    command: string,
    params: Params,
    schema: z.ZodType<T>,
    options: CallOptions & {
      readonly onStarted?: (started: StartedJob) => void;
      readonly deadlineMs?: number;
    },
  ): Promise<T> {
    const { signal, onStarted, deadlineMs } = options;
    const content = await this.post(command, params, signal);
    const { jobid, id } = this.parseEffect(command, startedSchema, content);
    onStarted?.({ jobId: jobid, ...(id === undefined ? {} : { id }) });
    throwIfAborted(signal);
    return this.waitForJob(jobid, schema, {
      signal,
      command,
      ...(deadlineMs === undefined ? {} : { deadlineMs }),
    });
  }

  /**
   * Waits until a job is final, and gives what it was about.
   * @param options.command what the job is of, for messages.
   * Throws `ApiFault` (`inJob`) for one that has failed; `OutcomeUnknown` where it does not end in time, is forgotten, or
   * was given up by the server while its work may go on; `call.aborted` at an abort, which does not end the job.
   */
  waitForJob<T>(
    jobId: string,
    schema: z.ZodType<T>,
    options: CallOptions & { readonly command?: string; readonly deadlineMs?: number },
  ): Promise<T> {
    const { signal, command = 'a job' } = options;
    const deadlineMs = options.deadlineMs ?? this.options.jobDeadlineMs ?? JOB_DEADLINE_MS;
    const query = () => this.read('queryAsyncJobResult', { jobid: jobId }, asyncJobSchema, { signal });
    const text = (words: string) => this.scrubber.text(words);
    const delaysMs = this.options.pollDelaysMs ?? POLL_DELAYS_MS;
    return jobResult(
      { jobId, command, signal, deadlineMs, clock: this.clock, delaysMs, query, text },
      schema,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transport.close();
  }

  private fetch(command: string, params: Params, signal: AbortSignal): Promise<Content> {
    return this.persist('read', command, signal, () => {
      const signed = this.signed(command, params);
      // servers refuse a long address; a long list of ids makes one
      return signed.length > MAX_QUERY_CHARS
        ? this.transport.post(signed, signal)
        : this.transport.get(signed, signal);
    });
  }

  private post(command: string, params: Params, signal: AbortSignal): Promise<Content> {
    return this.persist('write', command, signal, () =>
      this.transport.post(this.signed(command, params), signal),
    );
  }

  /** Each time signed anew: a request is valid for ten minutes. */
  private signed(command: string, params: Params): string {
    const { projectId, apiKey, secretKey } = this.options;
    const scope = projectId !== undefined && OF_A_PROJECT.has(command) ? { projectid: projectId } : {};
    const parameters: Record<string, string> = {
      ...flattenParams({ ...scope, ...params }),
      command,
      response: 'json',
      apikey: apiKey,
      signatureversion: '3',
      // with an offset in digits: releases before DateUtil took the letter want it so
      expires: new Date(this.clock.now() + VALID_MS).toISOString().replace(/\.\d+Z$/, '+0000'),
    };
    const signature = sign(parameters, secretKey);
    return new URLSearchParams({ ...parameters, signature }).toString();
  }

  private async persist(
    kind: 'read' | 'write',
    command: string,
    signal: AbortSignal,
    send: () => Promise<HttpAnswer>,
  ): Promise<Content> {
    for (let tries = 1; ; tries += 1) {
      throwIfAborted(signal);
      try {
        return this.understand(command, await send());
      } catch (fault) {
        const delayMs = delayBeforeNext(fault, kind, tries);
        if (delayMs === undefined) throw told(command, kind, fault);
        const because =
          fault instanceof ApiFault ? fault.text : (fault as Unanswered | GatewayTrouble).error.message;
        this.options.log?.warn('A call to CloudStack is sent again.', { command, because, tries, delayMs });
        await this.clock.sleep(delayMs, signal).catch(() => undefined);
      }
    }
  }

  private understand(command: string, answer: HttpAnswer): Content {
    const theirs = Date.parse(String(answer.headers['date'] ?? ''));
    if (!Number.isNaN(theirs)) this.skewMs = this.clock.now() - theirs;
    try {
      return contentOf(command, answer, (words) => this.scrubber.text(words));
    } catch (fault) {
      if (!(fault instanceof ApiFault) || this.skewMs === undefined) throw fault;
      throw new ApiFault({ ...fault, clockSkewMs: this.skewMs });
    }
  }

  private parse<T>(command: string, schema: z.ZodType<T>, value: unknown): T {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    // the names of the fields, never what they hold
    const fields = parsed.error.issues.map(({ path }) => path.join('.') || 'all of it').join(', ');
    throw new MigrationError('peer.protocol', `The answer to ${command} is not as expected: ${fields}.`, {
      context: { command },
    });
  }

  /** What cannot be read was done all the same. */
  private parseEffect<T>(command: string, schema: z.ZodType<T>, value: unknown): T {
    try {
      return this.parse(command, schema, value);
    } catch (cause) {
      throw new OutcomeUnknown(command, 'its answer cannot be read.', undefined, { cause });
    }
  }
}

/** What the caller is told of a request that is not sent again. */
function told(command: string, kind: 'read' | 'write', fault: unknown): unknown {
  if (!(fault instanceof Unanswered) && !(fault instanceof GatewayTrouble)) return fault;
  const mayBeDone = kind === 'write' && (fault instanceof GatewayTrouble || fault.sent);
  return mayBeDone
    ? new OutcomeUnknown(command, fault.error.message, undefined, { cause: fault.error })
    : fault.error;
}
