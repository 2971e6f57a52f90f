import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type {
  CloudstackKeys,
  CloudstackSimulator,
} from '../../simulators/cloudstack/cloudstack-simulator.js';
import { repositoryRoot } from '../../stack/repository-root.js';

export interface CsError {
  readonly errorcode?: number;
  readonly cserrorcode?: number;
  readonly errortext: string;
}

/** What `cs` could not do, as the server said it: an answer that is no 200, or a job that failed. */
export class CsRefusal extends Error {
  override readonly name = 'CsRefusal';

  constructor(
    readonly status: number,
    readonly error: CsError,
  ) {
    super(error.errortext);
  }
}

type Value = string | number | boolean | readonly string[] | object;
export type Parameters = Readonly<Record<string, Value | undefined>>;

/** Fields of whatever an answer is; a test reads what it knows to be there. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = any;

export interface CallOptions {
  readonly keys?: CloudstackKeys;
  readonly method?: 'get' | 'post';
  /** Whether a job is waited for; it is unless told. */
  readonly wait?: boolean;
}

/** Debian's client `cs`, which knows nothing of the simulator. */
export class CsClient implements AsyncDisposable {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly simulator: CloudstackSimulator) {
    const driver = join(repositoryRoot, 'tests/integration/cloudstack-simulator/cs-driver.py');
    this.child = spawn('/usr/bin/python3', [driver], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C.UTF-8' },
    });
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  /** One call after the other: a job that is waited for holds up those that follow. */
  call(command: string, parameters: Parameters = {}, options: CallOptions = {}): Promise<Json> {
    const mine = this.last.then(() => this.send(command, parameters, options));
    this.last = mine.catch(() => undefined);
    return mine;
  }

  /** A call that must be refused; gives how. */
  async refused(command: string, parameters: Parameters = {}, options: CallOptions = {}): Promise<CsRefusal> {
    const answer: unknown = await this.call(command, parameters, options).catch((error: unknown) => error);
    if (answer instanceof CsRefusal) return answer;
    throw new Error(`${command} was not refused: ${JSON.stringify(answer)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin!.end();
    await ended;
  }

  private async send(command: string, parameters: Parameters, options: CallOptions): Promise<Json> {
    const { keys = this.simulator.keys.user, method = 'get', wait = true } = options;
    const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
    const texts = given.map(([name, value]) => [name, typeof value === 'boolean' ? String(value) : value]);
    const call = {
      url: this.simulator.url,
      ...keys,
      method,
      wait,
      command,
      parameters: Object.fromEntries(texts),
    };
    this.child.stdin!.write(`${JSON.stringify(call)}\n`);
    const answer = JSON.parse(String((await this.lines.next()).value)) as {
      readonly result?: Json;
      readonly status?: number;
      readonly error?: CsError;
    };
    if (answer.error) throw new CsRefusal(answer.status ?? 0, answer.error);
    return answer.result;
  }
}
