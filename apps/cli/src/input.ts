import { createInterface } from 'node:readline/promises';
import { Writable, type Readable } from 'node:stream';
import { CliError, EXIT } from './exit-codes.js';

const MAX_INPUT_BYTES = 1024 * 1024;

export type Input = Readable & { readonly isTTY?: boolean };

/** What people and scripts say on standard input; questions go to standard error. */
export class Talk {
  constructor(
    private readonly input: Input,
    private readonly errors: Writable,
    private readonly signal: AbortSignal,
  ) {}

  say(line: string): void {
    this.errors.write(`${line}\n`);
  }

  get isSomebodyThere(): boolean {
    return this.input.isTTY === true;
  }

  /** A secret: typed without being shown, or the lines of standard input. */
  async secretLines(prompts: readonly string[]): Promise<string[]> {
    if (!this.isSomebodyThere) return (await this.all()).split(/\r?\n/).slice(0, prompts.length);
    const lines: string[] = [];
    for (const prompt of prompts) lines.push(await this.ask(prompt, true));
    return lines;
  }

  /** Throws where nobody could be asked. */
  async confirm(question: string, insteadOf: string): Promise<void> {
    if (!this.isSomebodyThere)
      throw new CliError(EXIT.usage, `Nobody to ask "${question}": say it with ${insteadOf}.`);
    const answer = await this.ask(`${question} [y/N] `, false);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliError(EXIT.error, 'Left as it was.');
  }

  /** One JSON document from standard input. */
  async json(what: string): Promise<unknown> {
    if (this.isSomebodyThere) this.say(`${what} as JSON, then Ctrl-D:`);
    const text = await this.all();
    try {
      return JSON.parse(text);
    } catch {
      // the text may hold secrets: no word of it in the message
      throw new CliError(EXIT.usage, `${what}: standard input is not JSON.`);
    }
  }

  private async all(): Promise<string> {
    const parts: Buffer[] = [];
    let bytes = 0;
    for await (const part of this.input as AsyncIterable<Buffer | string>) {
      const data = Buffer.from(part as string);
      bytes += data.length;
      if (bytes > MAX_INPUT_BYTES) throw new CliError(EXIT.usage, 'Standard input is longer than 1 MiB.');
      parts.push(data);
    }
    return Buffer.concat(parts).toString('utf8').trim();
  }

  private async ask(prompt: string, hidden: boolean): Promise<string> {
    this.errors.write(prompt);
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const asking = createInterface({
      input: this.input,
      output: hidden ? silent : this.errors,
      terminal: this.isSomebodyThere,
    });
    try {
      return await asking.question('', { signal: this.signal });
    } finally {
      asking.close();
      if (hidden) this.errors.write('\n');
    }
  }
}
