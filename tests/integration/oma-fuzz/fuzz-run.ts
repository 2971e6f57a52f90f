import { Problem } from '@ossea/api-contract';
import fc from 'fast-check';
import { Appliance, type Answer, type Call } from '../oma-shell/appliance.js';
import { signIn } from '../oma-access/people.js';
import { idValues, spoiled, valuesOf, type JsonSchema } from './schema-values.js';

interface Operation {
  readonly security?: readonly unknown[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly schema?: JsonSchema;
  }[];
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema }>> };
}

export interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

interface Shot {
  readonly path: string;
  readonly call: Call;
}

export interface Finding {
  readonly request: string;
  readonly why: string;
}

/** Would end what everything else is asked with, or wait for people. */
const LEFT_OUT = new Set(['POST /api/v1/access/sign-out', 'DELETE /api/v1/access/sessions/{id}']);

/** Throws generated requests at every route of an appliance, and judges each answer. */
export class FuzzRun implements AsyncDisposable {
  readonly findings: Finding[] = [];
  readonly statuses = new Map<number, number>();
  private session = '';
  private readonly ids = ['job_01J00000000000000000000000', 'usr_01J00000000000000000000000'];

  private constructor(
    private readonly oma: Appliance,
    readonly routes: readonly Route[],
    private readonly definitions: Readonly<Record<string, JsonSchema>>,
  ) {}

  static async start(): Promise<FuzzRun> {
    const oma = await Appliance.start({ config: { log: { level: 'error' } } });
    const { body } = await oma.call('/api/docs/openapi.json', { token: null });
    const paths = body['paths'] as Record<string, Record<string, Operation>>;
    const { schemas = {} } = (body['components'] ?? {}) as { schemas?: Record<string, JsonSchema> };
    const routes = Object.entries(paths)
      .flatMap(([path, operations]) =>
        Object.entries(operations).map(([method, operation]) => ({
          method: method.toUpperCase(),
          path,
          operation,
        })),
      )
      .filter(({ method, path }) => !LEFT_OUT.has(`${method} ${path}`));
    const run = new FuzzRun(oma, routes, schemas);
    run.session = await signIn(oma);
    return run;
  }

  /** @param cases how many requests. @param seed says which. */
  async run(cases: number, seed: number): Promise<void> {
    const shots = fc.sample(this.shots(), { numRuns: cases, seed });
    for (const shot of shots) await this.fire(shot);
    const health = await this.oma.call('health', { token: null });
    if (health.status !== 200)
      this.findings.push({ request: 'GET health', why: `${health.status} at the end` });
  }

  private shots(): fc.Arbitrary<Shot> {
    return fc.oneof(...this.routes.map((route) => this.shotsAt(route)));
  }

  private shotsAt(route: Route): fc.Arbitrary<Shot> {
    const { operation, path, method } = route;
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
    const inPath = fc.tuple(...names.map(() => idValues(this.ids)));
    const queries = (operation.parameters ?? []).filter((one) => one.in === 'query');
    const query = fc.record(
      Object.fromEntries(
        queries.map(({ name, schema = {} }) => [
          name,
          fc.oneof(
            valuesOf(schema, this.definitions),
            fc.constantFrom('', '-1', 'x'.repeat(500), '\u0000', '1e99'),
          ),
        ]),
      ),
      { requiredKeys: [] },
    );
    const body = this.bodies(operation);
    const token = fc.constantFrom<string | null | undefined>(
      undefined,
      undefined,
      undefined,
      this.session,
      this.session,
      null,
    );
    return fc.tuple(inPath, query, body, token).map(([ids, asked, sent, who]) => {
      let at = 0;
      const filled = path.replace(/\{\w+\}/g, () => ids[at++] ?? '');
      const search = Object.entries(asked)
        .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(wellFormed(value))}`)
        .join('&');
      const call: Call = {
        method,
        ...(who === undefined ? {} : { token: who }),
        ...(sent === undefined || method === 'GET' ? {} : { body: sent }),
      };
      return { path: search === '' ? filled : `${filled}?${search}`, call };
    });
  }

  private bodies(operation: Operation): fc.Arbitrary<unknown> {
    const schema = operation.requestBody?.content?.['application/json']?.schema;
    if (!schema) return fc.constant(undefined);
    const good = valuesOf(schema, this.definitions);
    const broken = fc.constantFrom(
      '{',
      '[1,',
      '{"a":1,"a":2}',
      'null',
      '"x"',
      '{"__proto__":{"x":1}}',
      'NaN',
      '\ufeff{}',
      '',
    );
    return fc.oneof(
      { weight: 3, arbitrary: good },
      { weight: 5, arbitrary: spoiled(good) },
      { weight: 1, arbitrary: broken },
    );
  }

  private async fire({ path, call }: Shot): Promise<void> {
    const request = `${call.method ?? ''} ${path} ${JSON.stringify(call.body)?.slice(0, 600) ?? ''}`;
    let answer: Answer;
    try {
      answer = await this.oma.call(path, call);
    } catch (error) {
      // a request that the client itself refuses to send says nothing about the appliance
      if (error instanceof TypeError && /Invalid URL|Failed to parse/.test(String(error.cause ?? error)))
        return;
      this.findings.push({
        request,
        why: `no answer: ${String(error)} ${String((error as Error).cause ?? '')}`,
      });
      return;
    }
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
    const why = this.wrongWith(answer);
    if (why !== undefined) this.findings.push({ request, why });
  }

  private wrongWith({ status, headers, body }: Answer): string | undefined {
    if (status >= 500) return `${status} ${JSON.stringify(body).slice(0, 600)}`;
    if (status < 400) return undefined;
    if (!/^application\/problem\+json/.test(headers.get('content-type') ?? ''))
      return `${status} is no problem document`;
    const problem = Problem.safeParse(body);
    if (!problem.success)
      return `${status} is a wrong problem document: ${problem.error.message.slice(0, 300)}`;
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.oma[Symbol.asyncDispose]();
  }
}

function wellFormed(value: unknown): string {
  return String(value).replace(/[\ud800-\udfff]/g, '?');
}
