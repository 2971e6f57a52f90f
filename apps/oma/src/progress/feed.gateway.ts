import { Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import {
  ConnectedSocket,
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
  type OnGatewayConnection,
  type OnGatewayDisconnect,
  type OnGatewayInit,
} from '@nestjs/websockets';
import {
  FEED_NAMESPACE,
  FEED_PERMISSIONS,
  FEED_REQUESTS,
  Subscribe,
  type FeedSnapshot,
  type Permission,
} from '@ossea/api-contract';
import { asMigrationError, MigrationError, toProblem, type Problem } from '@ossea/errors';
import type { Namespace, Socket } from 'socket.io';
import { AccessEndings } from '../access/access-endings.js';
import { mustBeAllowed, type Access } from '../access/access.js';
import { Callers } from '../access/callers.js';
import { FeedArrivals } from './feed-arrivals.js';
import { FeedClient } from './feed-client.js';
import { FeedJournal } from './feed-journal.js';
import { FeedSnapshots } from './feed-snapshots.js';
import { Measures } from './measures.js';
import { Outbox } from './outbox.js';
import { SubscriptionPace } from './subscription-pace.js';

/** Access that has run out closes its sockets within this time; access that was taken away does so at once. */
const RECHECK_MS = 5_000;

/** The only place where a domain event becomes a feed event. */
@WebSocketGateway({ namespace: FEED_NAMESPACE })
export class FeedGateway
  implements OnGatewayInit, OnGatewayConnection, OnGatewayDisconnect, OnApplicationBootstrap, OnModuleDestroy
{
  private readonly logger = new Logger('feed');
  private readonly journal = new FeedJournal();
  private readonly clients = new Map<Socket, FeedClient>();
  private readonly endings: (() => void)[] = [];
  private readonly pace = new SubscriptionPace();
  @WebSocketServer() private readonly namespace!: Namespace;

  constructor(
    private readonly callers: Callers,
    private readonly accessEndings: AccessEndings,
    private readonly snapshots: FeedSnapshots,
    private readonly outbox: Outbox,
    private readonly measures: Measures,
    private readonly arrivals: FeedArrivals,
  ) {}

  afterInit(namespace: Namespace): void {
    namespace.use((socket, next) => {
      this.admit(socket).then(
        () => next(),
        (error: unknown) => {
          this.arrivals.wasted(socket.handshake.address);
          next(refusal(error));
        },
      );
    });
  }

  onApplicationBootstrap(): void {
    const recheck = setInterval(() => void this.recheck(), RECHECK_MS).unref();
    this.endings.push(
      () => clearInterval(recheck),
      this.accessEndings.onEnded((ids) => this.disconnect((accessId) => ids.includes(accessId))),
      this.outbox.onFact((fact) => {
        this.tellAll(this.journal.fact(fact));
        if (fact.type !== 'job.ended') return;
        this.journal.forgetMeasures(fact.subject);
        const { job } = fact.data as { job: { contextId?: string } };
        if (job.contextId !== undefined) this.journal.forgetMeasures(job.contextId);
      }),
      this.measures.onMeasure((measure) => this.tellAll(this.journal.measure(measure))),
    );
  }

  onModuleDestroy(): void {
    for (const end of this.endings) end();
    // said before the connection ends, so that clients come back by themselves
    this.namespace?.disconnectSockets(true);
  }

  handleConnection(socket: Socket): void {
    if (!accessOf(socket)) socket.disconnect(true);
  }

  handleDisconnect(socket: Socket): void {
    this.clients.get(socket)?.close();
    this.clients.delete(socket);
  }

  @SubscribeMessage('subscribe')
  async subscribe(
    @ConnectedSocket() socket: Socket,
    @MessageBody() body: unknown,
  ): Promise<FeedSnapshot | { problem: Problem }> {
    const parsed = Subscribe.safeParse(body ?? {});
    try {
      const access = accessOf(socket);
      if (!access) throw new MigrationError('access.unauthenticated', 'Nobody is signed in here.');
      if (!this.pace.isInTime(access.accessId)) {
        this.arrivals.wasted(socket.handshake.address);
        socket.disconnect(true);
        throw new MigrationError('access.throttled', 'A client that asks so often is cut off.');
      }
      if (!parsed.success)
        throw new MigrationError('request.invalid', 'A subscription is { since?: { epoch, seq } }.');
      mustBeAllowed(access, FEED_REQUESTS.subscribe, 0);
      return await this.standOf(socket, access, parsed.data);
    } catch (error) {
      const known = asMigrationError(error);
      if (known.code === 'internal.unexpected') this.logger.error(known.cause ?? known);
      return { problem: problemOf(known) };
    }
  }

  private async standOf(socket: Socket, access: Access, { since }: Subscribe): Promise<FeedSnapshot> {
    // told of everything from here on; the position in the answer is of this moment, or of a later one
    if (!this.clients.has(socket)) this.clients.set(socket, new FeedClient(socket, mayHear(access)));
    const events = (since ? this.journal.since(since) : undefined)?.filter(mayHear(access));
    if (!events) return this.snapshots.take(this.journal);
    return { mode: 'replay', epoch: this.journal.epoch, seq: this.journal.seq, events: [...events] };
  }

  private tellAll(envelope: Parameters<FeedClient['tell']>[0]): void {
    for (const client of this.clients.values()) client.tell(envelope);
  }

  private async admit(socket: Socket): Promise<void> {
    const { token } = socket.handshake.auth as { token?: unknown };
    const { cookie } = socket.handshake.headers;
    // a page of ours comes with its cookie (the adapter has looked where the page is from), a program with its token
    (socket.data as Admitted).access = await (token === undefined
      ? this.callers.of(cookie === undefined ? {} : { cookie })
      : this.callers.bearer(token));
  }

  private disconnect(whose: (accessId: string) => boolean): void {
    for (const socket of this.namespace.sockets.values())
      if (whose(accessOf(socket)?.accessId ?? '')) socket.disconnect(true);
  }

  /** Access that ran out ends here too. */
  private async recheck(): Promise<void> {
    const sockets = [...this.namespace.sockets.values()];
    const ids = new Set(sockets.flatMap((socket) => accessOf(socket)?.accessId ?? []));
    if (ids.size === 0) return;
    try {
      const alive = await this.callers.alive([...ids]);
      this.disconnect((accessId) => !alive.has(accessId));
    } catch (error) {
      this.logger.warn(`Access is checked again later: ${String(error)}`);
    }
  }
}

interface Admitted {
  access?: Access;
}

function accessOf(socket: Socket): Access | undefined {
  return (socket.data as Admitted).access;
}

/** What this caller may hear of; an event of no known kind is for nobody. */
function mayHear({ permissions }: Access): (envelope: { readonly type: string }) => boolean {
  return ({ type }) => {
    const permission = (FEED_PERMISSIONS as Readonly<Record<string, Permission | undefined>>)[type];
    return permission !== undefined && permissions.has(permission);
  };
}

function refusal(error: unknown): Error {
  const problem = problemOf(asMigrationError(error));
  return Object.assign(new Error(problem.cause), { data: { problem } });
}

/** Nothing unexpected is told to the outside. */
function problemOf(error: MigrationError): Problem {
  if (error.code !== 'internal.unexpected') return toProblem(error);
  return toProblem(new MigrationError(error.code, 'Something unexpected happened; the log tells more.'));
}
