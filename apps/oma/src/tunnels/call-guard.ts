import type { ClientRequest } from 'node:http';

/** Ends a call when its caller gives up, or when the other end says nothing for too long; tells afterwards which it was. */
export class CallGuard {
  private request: ClientRequest | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly stop = () => this.request?.destroy();
  /** The silence that ended the call, in milliseconds. */
  silentMs: number | undefined;

  constructor(
    private readonly signal: AbortSignal,
    private readonly silenceMs: number,
  ) {}

  get aborted(): boolean {
    return this.signal.aborted;
  }

  watch(request: ClientRequest): void {
    this.request = request;
    // destroyed without anybody waiting for an answer any more
    request.on('error', () => undefined);
    this.signal.addEventListener('abort', this.stop, { once: true });
    this.heard();
  }

  /** The other end is alive. */
  heard(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.silentMs = this.silenceMs;
      this.stop();
    }, this.silenceMs);
  }

  /** Nothing is expected of the other end until it is heard again. */
  rest(): void {
    clearTimeout(this.timer);
  }

  /** The call is over: nothing of it stays open. */
  end(): void {
    clearTimeout(this.timer);
    this.signal.removeEventListener('abort', this.stop);
    this.stop();
  }
}
