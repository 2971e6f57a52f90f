import { randomBytes } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MigrationError, asMigrationError, toProblem } from '@ossea/errors';
import { fingerprint } from '@ossea/tunnel';
import type { VmaConfig } from '../config/config.schema.js';
import { enrol } from '../enrolment/enrol.js';
import type { StateFiles } from '../state/state-files.js';
import { ConsoleCode } from './console-code.js';
import { firstBootPage, type PageState } from './first-boot-html.js';

const MAX_FORM_BYTES = 4_096;
const LOOK_EVERY_MS = 1_000;

/**
 * The page by which a new VMA is enrolled from a browser. It is there while this VMA is nobody's, asks for a code that
 * stands on the VMA's own console with everything that it does (so no page of another site can use it), and closes
 * for good once the VMA is approved.
 */
export class FirstBootServer implements AsyncDisposable {
  private readonly code = new ConsoleCode();
  private readonly server = http.createServer((request, response) => {
    // a state directory that cannot be read must not end the VMA
    this.answer(request, response).catch(() => response.writeHead(500).end());
  });
  private readonly aborter = new AbortController();
  private readonly watch: NodeJS.Timeout;

  private constructor(
    private readonly config: VmaConfig,
    private readonly files: StateFiles,
  ) {
    this.server.maxConnections = 32;
    this.server.headersTimeout = 10_000;
    this.server.requestTimeout = 20_000;
    this.watch = setInterval(() => void this.closeWhenApproved(), LOOK_EVERY_MS).unref();
  }

  /**
   * Opens the page unless this VMA is approved already. Throws `config.invalid` when the address cannot be had.
   * @param say told where the page is, and the code: to the console, not to a log.
   */
  static async open(
    config: VmaConfig,
    files: StateFiles,
    say: (line: string) => void,
  ): Promise<FirstBootServer | undefined> {
    if ((await files.enrolment())?.state === 'approved') return undefined;
    const { host, port } = config.firstBoot;
    const page = new FirstBootServer(config, files);
    try {
      await new Promise<void>((resolve, reject) => {
        page.server.once('error', reject);
        page.server.listen(port, host, () => resolve());
      });
    } catch (cause) {
      await page[Symbol.asyncDispose]();
      throw new MigrationError(
        'config.invalid',
        'firstBoot.host, firstBoot.port: expected an address of this machine and a port that is free.',
        { cause },
      );
    }
    say(`Enrol this VMA at http://${host}:${page.port}/ with the code ${page.code.text}`);
    return page;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.watch);
    this.aborter.abort(new MigrationError('call.aborted', 'The page closes.'));
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async closeWhenApproved(): Promise<void> {
    if ((await this.files.enrolment().catch(() => undefined))?.state !== 'approved') return;
    clearInterval(this.watch);
    // who looks at it sees the last word first
    this.server.close();
    this.server.closeIdleConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const nonce = randomBytes(16).toString('base64');
    for (const [name, value] of Object.entries(headersFor(nonce))) response.setHeader(name, value);
    const { method, url } = request;
    if (url !== '/') return void response.writeHead(404).end();
    if (method !== 'GET' && method !== 'POST')
      return void response.writeHead(405, { Allow: 'GET, POST' }).end();
    const typed = { hostKeyFingerprint: '', name: '' };
    let trouble: string | undefined;
    try {
      if (method === 'POST') await this.submit(await readForm(request), typed);
    } catch (error) {
      const { cause, remedy } = toProblem(asMigrationError(error));
      trouble = `${cause} ${remedy}`;
    }
    const page = firstBootPage(await this.state(typed, trouble, nonce));
    response.writeHead(trouble === undefined ? 200 : 400).end(page);
  }

  private async submit(
    form: URLSearchParams,
    typed: { hostKeyFingerprint: string; name: string },
  ): Promise<void> {
    const of = (name: string): string => (form.get(name) ?? '').trim().slice(0, 200);
    typed.hostKeyFingerprint = of('hostKeyFingerprint');
    typed.name = of('name');
    const verdict = this.code.check(of('console'));
    if (verdict === 'too-often')
      throw new MigrationError('access.throttled', 'Too many wrong codes were tried here within a minute.');
    if (verdict === 'wrong')
      throw new MigrationError('request.invalid', 'This is not the code on the console of this VMA.');
    await enrol(this.config, this.files, { code: of('code'), ...typed }, this.aborter.signal);
  }

  private async state(
    typed: PageState['typed'],
    trouble: string | undefined,
    nonce: string,
  ): Promise<PageState> {
    const { host, port } = this.config.oma;
    const { publicKey } = await this.files.keyPair();
    return {
      oma: `${host}:${port}`,
      enrolment: await this.files.enrolment(),
      fingerprint: fingerprint(publicKey),
      trouble,
      typed,
      nonce,
    };
  }
}

function headersFor(nonce: string): Readonly<Record<string, string>> {
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    Connection: 'close',
  };
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  if (!/^application\/x-www-form-urlencoded\b/.test(request.headers['content-type'] ?? ''))
    throw new MigrationError('request.invalid', 'Expected the form of this page.');
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > MAX_FORM_BYTES) throw new MigrationError('request.invalid', 'The form is too long.');
  }
  return new URLSearchParams(text);
}
