import type { Socket } from 'node:net';
import { MigrationError, asMigrationError, fromProblem } from '@ossea/errors';
import {
  nativeCryptoAvailable,
  openTunnelServer,
  type EnrolPeer,
  type TunnelIdentity,
  type TunnelTransport,
} from '@ossea/tunnel';
import { ToServer, type FromServer, type IdentityMessage, type ServerStart } from './control-messages.js';
import { readMessages, writeMessage } from './message-lines.js';

/** Exchanges that wait for the OMA at once; more is a flood. */
const ENROLMENTS_AT_ONCE = 32;
const ENROL_ANSWER_MS = 12_000;
const REFUSALS_UNREAD_BYTES = 1 << 20;
/** What a timer can hold. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

type EnrolAnswer = Extract<ToServer, { type: 'enrol-answer' }>['answer'];

/** The tunnel server with its line to the OMA. It forgets everything when it ends; the OMA tells it again. */
export class ServedTunnel {
  private readonly server: TunnelTransport;
  private byKey = new Map<string, TunnelIdentity>();
  private expiry: NodeJS.Timeout | undefined;
  private readonly waiting = new Map<number, (answer: EnrolAnswer) => void>();
  private requests = 0;

  constructor(
    private readonly start: ServerStart,
    private readonly control: Socket,
  ) {
    this.server = openTunnelServer(start.transport, {
      hostKey: start.hostKey,
      identify: (publicKey) => this.byKey.get(publicKey),
      identities: () => this.byKey.values(),
      openSsh: { directory: start.opensshDir },
      enrol: (body, peer) => this.enrol(body, peer),
    });
    this.server.on('connected', (event) => this.tell({ type: 'connected', ...event }));
    this.server.on('disconnected', (event) => this.tell({ type: 'disconnected', ...event }));
    this.server.on('agent-listening', ({ id, port }) =>
      this.tell({ type: 'agent-listening', id, ...(port === undefined ? {} : { port }) }),
    );
    this.server.on('refused', (event) => {
      // told for the log only: a flood of them must not fill the memory
      if (control.writableLength < REFUSALS_UNREAD_BYTES) this.tell({ type: 'refused', ...event });
    });
  }

  /** Introduces itself, and listens as soon as it knows whom to let in. */
  run(): void {
    let began = false;
    readMessages(this.control, ToServer, (message) => {
      this.onMessage(message);
      if (began || message.type !== 'identities') return;
      began = true;
      void this.listen();
    });
    this.tell({ type: 'hello', nonce: this.start.nonce });
  }

  close(): Promise<void> {
    return this.server.close();
  }

  private async listen(): Promise<void> {
    const { host, port } = this.start;
    try {
      const address = await this.server.listen({ host, port });
      this.tell({ type: 'listening', port: address.port, nativeCrypto: nativeCryptoAvailable() });
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
      this.tell({ type: 'failed', code, message: error instanceof Error ? error.message : String(error) });
      this.control.end();
    }
  }

  private onMessage(message: ToServer): void {
    switch (message.type) {
      case 'identities':
        void this.apply(message.identities).then(() =>
          this.tell({ type: 'applied', revision: message.revision }),
        );
        break;
      case 'cut':
        this.server.revoke(message.id);
        break;
      case 'enrol-answer':
        this.waiting.get(message.request)?.(message.answer);
        break;
      case 'ping':
        this.tell({ type: 'traffic', connections: this.traffic() });
        this.tell({ type: 'pong', count: message.count });
    }
  }

  private traffic(): { id: string; connection: number; bytes: number }[] {
    return this.server.sessions().map(({ id, connection, bytes = 0 }) => ({ id, connection, bytes }));
  }

  /** Who is not in the new table, or came with a key that is not theirs any more, is cut; nobody else notices. */
  private async apply(identities: readonly IdentityMessage[]): Promise<void> {
    this.byKey = new Map(
      identities.map(({ expiresAtMs, nbdPort, ...identity }) => [
        identity.publicKey,
        {
          ...identity,
          ...(nbdPort === undefined ? {} : { nbdPort }),
          ...(expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs) }),
        },
      ]),
    );
    await this.refresh();
  }

  /** Cuts who may not be here any more, and again when the next key's time has come. */
  private async refresh(): Promise<void> {
    clearTimeout(this.expiry);
    const now = Date.now();
    const next = Math.min(
      ...[...this.byKey.values()].flatMap(({ expiresAt }) =>
        expiresAt && expiresAt.getTime() > now ? [expiresAt.getTime()] : [],
      ),
    );
    if (Number.isFinite(next))
      this.expiry = setTimeout(() => void this.refresh(), Math.min(next - now + 1, LONGEST_TIMER_MS)).unref();
    try {
      await this.server.refresh();
    } catch (error) {
      // it does not do what it was told: the OMA starts another one, and nobody stays connected
      this.control.destroy(asMigrationError(error));
    }
  }

  private async enrol(body: unknown, peer: EnrolPeer): Promise<unknown> {
    if (this.waiting.size >= ENROLMENTS_AT_ONCE)
      throw new MigrationError('resource.busy', 'Too many enrolments at once.');
    this.requests += 1;
    const request = this.requests;
    const { publicKey, fingerprint, address } = peer;
    const answer = await new Promise<EnrolAnswer>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new MigrationError('resource.busy', 'The enrolment desk did not answer in time.')),
        ENROL_ANSWER_MS,
      );
      this.waiting.set(request, (given) => {
        clearTimeout(timer);
        resolve(given);
      });
      this.tell({ type: 'enrol', request, body, peer: { publicKey, fingerprint, address } });
    }).finally(() => this.waiting.delete(request));
    if ('problem' in answer) throw fromProblem(answer.problem);
    return answer.value;
  }

  private tell(message: FromServer): void {
    writeMessage(this.control, message);
  }
}
