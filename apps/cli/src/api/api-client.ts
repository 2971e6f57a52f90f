import { randomUUID } from 'node:crypto';
import type { Writable } from 'node:stream';
import { Problem } from '@ossea/api-contract';
import type { z } from 'zod';
import { CliError, EXIT } from '../exit-codes.js';
import { send, sendAndStream, type Received, type Sent } from './transport.js';

export interface Access {
  readonly server: URL;
  readonly token?: string;
  readonly ca?: string;
  readonly signal: AbortSignal;
  /** Of every request that changes something; one of our own unless told. */
  readonly idempotencyKey?: string;
}

export type Query = Readonly<Record<string, string | number | undefined>>;

/** An answer as the schema knows it, and as it came. */
export interface Answer<T> {
  readonly value: T;
  readonly body: unknown;
}

/** The appliance refused, and said why. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(readonly problem: Problem) {
    super(problem.cause);
  }
}

/** The appliance could not be asked. */
export class UnreachableError extends CliError {
  constructor(server: URL, error: unknown) {
    super(EXIT.error, `${server.origin} cannot be reached: ${reasonOf(error)}`, { cause: error });
  }
}

const TIMEOUT_MS = 120_000;
const PAGE_ITEMS = 500;

/** The REST API of an OMA. Throws `ProblemError`, `UnreachableError` and `CliError`. */
export class ApiClient {
  constructor(private readonly access: Access) {}

  get<T>(path: string, schema: z.ZodType<T>, query: Query = {}): Promise<Answer<T>> {
    return this.ask('GET', path, schema, { query });
  }

  post<T>(path: string, schema: z.ZodType<T>, body: object = {}): Promise<Answer<T>> {
    return this.ask('POST', path, schema, { body });
  }

  put<T>(path: string, schema: z.ZodType<T>, body: object): Promise<Answer<T>> {
    return this.ask('PUT', path, schema, { body });
  }

  patch<T>(path: string, schema: z.ZodType<T>, body: object): Promise<Answer<T>> {
    return this.ask('PATCH', path, schema, { body });
  }

  delete<T>(path: string, schema: z.ZodType<T>): Promise<Answer<T>> {
    return this.ask('DELETE', path, schema, {});
  }

  /** All pages of a list as one. */
  async list<T>(
    path: string,
    schema: z.ZodType<{ items: T[]; page: { next?: string | undefined } }>,
    query: Query = {},
  ): Promise<Answer<T[]>> {
    const value: T[] = [];
    const items: unknown[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await this.get(path, schema, { limit: PAGE_ITEMS, ...query, cursor });
      value.push(...page.value.items);
      items.push(...(page.body as { items: unknown[] }).items);
      cursor = page.value.page.next;
      if (cursor === undefined) return { value, body: { items, page: {} } };
    }
  }

  /** Anything, as it comes; the text where it is not JSON. */
  async raw(method: string, path: string, body?: string): Promise<unknown> {
    return this.exchange(method, this.address(path), body);
  }

  /** An answer of any length, written as it comes. */
  async download(path: string, to: Writable, query: Query = {}): Promise<void> {
    const url = this.address(path, query);
    const refused = await this.reached(() => sendAndStream(this.request('GET', url), to));
    if (refused) bodyOf(refused, url);
  }

  private async ask<T>(
    method: string,
    path: string,
    schema: z.ZodType<T>,
    { query = {}, body }: { query?: Query; body?: object },
  ): Promise<Answer<T>> {
    const url = this.address(path, query);
    const answer = await this.exchange(method, url, body && JSON.stringify(body));
    const parsed = schema.safeParse(answer);
    if (!parsed.success)
      throw new CliError(
        EXIT.error,
        `${method} ${path}: the answer is not what this version of ossea expects. Is the appliance of another version?`,
        { cause: parsed.error },
      );
    return { value: parsed.data, body: answer };
  }

  private address(path: string, query: Query = {}): URL {
    const url = new URL(path, this.access.server);
    // the token goes to the appliance and to nobody else
    if (url.origin !== this.access.server.origin)
      throw new CliError(EXIT.usage, `"${path}" is not a path on ${this.access.server.origin}.`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    return url;
  }

  private async exchange(method: string, url: URL, body?: string): Promise<unknown> {
    return bodyOf(await this.reached(() => send(this.request(method, url, body))), url);
  }

  private request(method: string, url: URL, body?: string): Sent {
    const { token, ca, signal, idempotencyKey } = this.access;
    return {
      method,
      url,
      timeoutMs: TIMEOUT_MS,
      signal,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(method === 'GET' ? {} : { 'idempotency-key': idempotencyKey ?? randomUUID() }),
      },
      ...(body === undefined ? {} : { body }),
      ...(ca === undefined ? {} : { ca }),
    };
  }

  private async reached<T>(call: () => Promise<T>): Promise<T> {
    const { server, signal } = this.access;
    try {
      return await call();
    } catch (error) {
      if (signal.aborted) throw error;
      throw new UnreachableError(server, error);
    }
  }
}

function bodyOf({ status, contentType, text }: Received, url: URL): unknown {
  const body: unknown = contentType.includes('json') ? parse(text, url) : text;
  if (status < 400) return body;
  const problem = Problem.safeParse(body);
  if (problem.success) throw new ProblemError(problem.data);
  throw new CliError(EXIT.error, `${url.origin} answered with HTTP ${status}. Is it an OMA?`);
}

function parse(text: string, url: URL): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CliError(EXIT.error, `${url.origin} answered with half a document.`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (/CERT|SELF_SIGNED|VERIFY/.test(code))
    return `its certificate is not trusted (${code}); name it with --ca-file after you have compared its fingerprint`;
  return code || (error instanceof Error ? error.message : String(error));
}
