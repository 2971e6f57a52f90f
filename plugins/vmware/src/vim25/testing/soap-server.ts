import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { XMLParser } from 'fast-xml-parser';
import type { KeyAndCertificate } from '@ossea/plugin-sdk/testing';

/** One element of a request, by a parser that is not the client's own. */
export interface Asked {
  readonly name: string;
  readonly type: string | undefined;
  readonly text: string;
  readonly children: readonly Asked[];
}

export interface Received {
  readonly method: string;
  readonly body: Asked;
  readonly cookie: string | undefined;
  readonly action: string | undefined;
}

export interface Answered {
  /** What stands in the response's element. */
  readonly xml?: string;
  readonly setCookie?: string;
  readonly fault?: { readonly name: string; readonly xml?: string; readonly message?: string };
}

/** Things that happen to a request instead of an answer. */
export type Mishap = 'drop' | 'cut' | 'web-page' | 503 | 404 | 'silence';

const XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"';
const PARSER = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  trimValues: false,
  htmlEntities: true,
});

/** An HTTPS server that speaks SOAP as vSphere does, with things that go wrong when a spec says so. */
export class SoapServer {
  readonly received: Received[] = [];
  /** What `/sdk/vimServiceVersions.xml` answers; 404 without. */
  versions: string | undefined;
  private readonly mishaps: { readonly method: string; readonly mishap: Mishap }[] = [];
  private readonly server: Server;

  constructor(
    { key, cert }: KeyAndCertificate,
    private readonly answer: (call: Received) => Answered | Promise<Answered>,
  ) {
    this.server = createServer({ key, cert }, (request, response) => void this.serve(request, response));
    this.server.on('tlsClientError', () => undefined);
  }

  /** Gives the port, a free one unless told. */
  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    return (this.server.address() as AddressInfo).port;
  }

  /** What happens to the next call of a method, once; said twice, to the next two. */
  next(method: string, ...mishaps: readonly Mishap[]): void {
    this.mishaps.push(...mishaps.map((mishap) => ({ method, mishap })));
  }

  count(method: string): number {
    return this.received.filter((call) => call.method === method).length;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method === 'GET') {
      const found = request.url === '/sdk/vimServiceVersions.xml' && this.versions;
      response.writeHead(found ? 200 : 404, { 'content-type': 'text/xml' }).end(found || 'not here');
      return;
    }
    const call = receivedOf(request, Buffer.concat(chunks).toString());
    this.received.push(call);
    const at = this.mishaps.findIndex(({ method }) => method === call.method);
    const [mishap] = at === -1 ? [] : this.mishaps.splice(at, 1);
    if (mishap) return befall(mishap.mishap, request, response);
    const { xml = '', setCookie, fault } = await this.answer(call);
    const inner = fault
      ? `<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${fault.message ?? 'refused'}</faultstring>` +
        `<detail><${fault.name}Fault xmlns="urn:vim25" xsi:type="${fault.name}">${fault.xml ?? ''}</${fault.name}Fault></detail></soapenv:Fault>`
      : `<${call.method}Response xmlns="urn:vim25">${xml}</${call.method}Response>`;
    const headers = {
      'content-type': 'text/xml; charset=utf-8',
      ...(setCookie ? { 'set-cookie': setCookie } : {}),
    };
    response.writeHead(fault ? 500 : 200, headers).end(envelope(inner));
  }
}

/** A request, or an error for one that a real server would not take. */
function receivedOf(request: IncomingMessage, text: string): Received {
  if (request.url !== '/sdk') throw new Error(`There is no ${request.url}.`);
  const [, root] = (PARSER.parse(text) as object[]).map(askedOf);
  const body = root?.children[0]?.children[0];
  if (!body) throw new Error('The request has no body.');
  const action = request.headers['soapaction'];
  return {
    method: body.name,
    body,
    cookie: request.headers.cookie,
    action: action === undefined ? undefined : String(action),
  };
}

function askedOf(node: object): Asked {
  const entry = node as Record<string, unknown>;
  const tag = Object.keys(entry).find((key) => key !== ':@') ?? '';
  const inner = (entry[tag] ?? []) as readonly Record<string, unknown>[];
  const attributes = (entry[':@'] ?? {}) as Readonly<Record<string, string>>;
  return {
    name: tag.replace(/^.*:/, ''),
    type: attributes['type'] ?? attributes['xsi:type'],
    text: inner.map((child) => child['#text'] ?? '').join(''),
    children: Array.isArray(inner) ? inner.filter((child) => !('#text' in child)).map(askedOf) : [],
  };
}

function envelope(inner: string): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" ` +
    `xmlns:xsd="http://www.w3.org/2001/XMLSchema" ${XSI}>\n<soapenv:Body>\n${inner}\n</soapenv:Body>\n</soapenv:Envelope>`
  );
}

function befall(mishap: Mishap, request: IncomingMessage, response: ServerResponse): void {
  if (mishap === 'drop') request.socket.destroy();
  else if (mishap === 'silence') return;
  else if (mishap === 'web-page')
    response
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<!DOCTYPE html><html><body>Welcome</body></html>');
  else if (mishap === 'cut')
    response.writeHead(200, { 'content-type': 'text/xml' }).end(envelope('<x>').slice(0, -30));
  else response.writeHead(mishap, { 'content-type': 'text/plain' }).end('not now');
}

/** Text as it stands in XML. */
export function escape(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
