import { readFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { ApiClient } from './api/api-client.js';
import type { Environment } from './config/environment.js';
import { LoginFile, type Login } from './config/login-file.js';
import { CliError, EXIT } from './exit-codes.js';
import { Talk, type Input } from './input.js';
import { Printer, type Format } from './output/printer.js';

/** Everything that a command touches outside itself. */
export interface Host {
  readonly environment: Environment;
  readonly stdin: Input;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Fires when people press Ctrl-C. */
  readonly signal: AbortSignal;
}

interface GlobalOptions {
  readonly output: Format;
  readonly server?: string;
  readonly caFile?: string;
  readonly idempotencyKey?: string;
}

/** One run of one command. */
export class Invocation {
  readonly print: Printer;
  readonly talk: Talk;
  readonly loginFile: LoginFile;
  private readonly options: GlobalOptions;

  constructor(
    readonly host: Host,
    command: Command,
  ) {
    this.options = command.optsWithGlobals<GlobalOptions>();
    this.print = new Printer(host.stdout, this.options.output);
    this.talk = new Talk(host.stdin, host.stderr, host.signal);
    this.loginFile = new LoginFile(host.environment.configDir);
  }

  get signal(): AbortSignal {
    return this.host.signal;
  }

  /** The appliance as somebody who has signed in. */
  async api(): Promise<ApiClient> {
    const { environment, signal } = this.host;
    const login = await this.loginFile.read();
    const server = this.options.server ?? environment.server ?? login?.server;
    if (server === undefined)
      throw new CliError(EXIT.usage, 'No appliance is known: run "ossea login --server https://…" first.');
    const url = serverUrl(server);
    // a token that was given by one appliance is not told to another one
    const kept = login !== undefined && serverUrl(login.server).origin === url.origin ? login : undefined;
    const token = environment.token ?? kept?.token;
    const ca = (await this.ca()) ?? kept?.ca;
    const { idempotencyKey } = this.options;
    return new ApiClient({
      server: url,
      signal,
      ...(token === undefined ? {} : { token }),
      ...(ca === undefined ? {} : { ca }),
      ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    });
  }

  /** Where to sign in, and the appliance as somebody who has not. */
  async door(): Promise<{ readonly login: Omit<Login, 'token'>; readonly api: ApiClient }> {
    const { environment, signal } = this.host;
    const known = await this.loginFile.read();
    const server = this.options.server ?? environment.server ?? known?.server;
    if (server === undefined)
      throw new CliError(EXIT.usage, 'Which appliance? Name it: ossea login --server https://…');
    const url = serverUrl(server);
    const ca = (await this.ca()) ?? (known?.server === url.origin ? known.ca : undefined);
    const trust = ca === undefined ? {} : { ca };
    return { login: { server: url.origin, ...trust }, api: new ApiClient({ server: url, signal, ...trust }) };
  }

  private async ca(): Promise<string | undefined> {
    const file = this.options.caFile ?? this.host.environment.caFile;
    if (file === undefined) return undefined;
    try {
      return await readFile(file, 'utf8');
    } catch (error) {
      throw new CliError(EXIT.usage, `${file} cannot be read: a file with certificates in PEM is expected.`, {
        cause: error,
      });
    }
  }
}

/** Binds a command's action to the invocation that runs it. */
export type Acting = <A extends readonly unknown[], O extends object = object>(
  act: (call: Invocation, args: A, options: O) => Promise<void>,
) => (this: Command) => Promise<void>;

export function actingOn(host: Host): Acting {
  return <A extends readonly unknown[], O extends object>(
    act: (call: Invocation, args: A, options: O) => Promise<void>,
  ) =>
    function (this: Command) {
      return act(new Invocation(host, this), this.processedArgs as unknown as A, this.opts<O>());
    };
}

function serverUrl(text: string): URL {
  const address = text.includes('://') ? text : `https://${text}`;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw new CliError(EXIT.usage, `"${text}" is not the address of an appliance, such as https://oma:3001.`);
  return url;
}
