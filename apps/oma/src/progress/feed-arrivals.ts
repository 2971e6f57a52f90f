import type { Socket } from 'node:net';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { networkOf, TurnTaking, type TurnRates } from '@ossea/tunnel';

/** Each new client costs a look into the database and a snapshot; a client that was turned away comes again by itself. */
const RATES: TurnRates = { each: { perSecond: 10, burst: 60 }, all: { perSecond: 50, burst: 300 } };
/** Turns that an arrival costs beside its own when nobody was let in, or was cut off. */
const WASTED_TURNS = 4;
/** Well within what clients wait for an answer. */
const PATIENCE_MS = 5_000;

/**
 * Who may come to the feed, and when. Who comes too often waits in line, where nothing of ours is spent; to refuse at
 * once would only bring the next attempt sooner.
 */
@Injectable()
export class FeedArrivals implements OnModuleDestroy {
  private readonly turns = new TurnTaking(RATES);

  /** Resolves when it is this one's turn, or to `false` when it has waited too long or is gone. */
  async mayComeIn(socket: Socket): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const gaveUp = new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    const mayGo = await this.turns.turn(networkOf(socket.remoteAddress ?? ''), gaveUp);
    clearTimeout(timer);
    return mayGo;
  }

  /** Somebody had a turn for nothing: was nobody, or had to be cut off. */
  wasted(address: string): void {
    this.turns.charge(networkOf(address), WASTED_TURNS);
  }

  onModuleDestroy(): void {
    this.turns.close();
  }
}
