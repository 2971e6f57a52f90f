import { createRequire } from 'node:module';

/**
 * Bytes that may be under way in one channel without an acknowledgement. ssh2 1.17.0 fixes 2 MiB in lib/Channel.js,
 * which bounds one channel to 2 MiB per round trip (100 MiB/s at 20 ms); 8 MiB carry a long link.
 * Must be imported before `ssh2`: its client and server copy these values when they load.
 */
export const CHANNEL_WINDOW_BYTES = 8 << 20;

interface ChannelState {
  readonly incoming: { window: number };
  readonly outgoing: { readonly id: number; readonly state: string };
  readonly _client: { readonly _protocol: { channelWindowAdjust(id: number, bytes: number): void } };
  _waitChanDrain: boolean;
}

interface ChannelModule {
  MAX_WINDOW: number;
  WINDOW_THRESHOLD: number;
  windowAdjust: (channel: ChannelState) => void;
  readonly Channel: { readonly prototype: { _read(this: ChannelState, sizeBytes: number): void } };
}

function raiseWindow(): boolean {
  const module = createRequire(import.meta.url)('ssh2/lib/Channel.js') as Partial<ChannelModule>;
  // another release of ssh2 may be built otherwise: then its own window stays, which is slower but right
  if (module.MAX_WINDOW !== 2 << 20 || !module.windowAdjust || !module.Channel?.prototype._read) return false;
  const threshold = CHANNEL_WINDOW_BYTES / 2;
  const adjust = (channel: ChannelState) => {
    if (channel.outgoing.state === 'closed') return;
    const bytes = CHANNEL_WINDOW_BYTES - channel.incoming.window;
    if (bytes <= 0) return;
    channel.incoming.window += bytes;
    channel._client._protocol.channelWindowAdjust(channel.outgoing.id, bytes);
  };
  module.MAX_WINDOW = CHANNEL_WINDOW_BYTES;
  module.WINDOW_THRESHOLD = threshold;
  module.windowAdjust = adjust;
  module.Channel.prototype._read = function (this: ChannelState) {
    if (!this._waitChanDrain) return;
    this._waitChanDrain = false;
    if (this.incoming.window <= threshold) adjust(this);
  };
  return true;
}

/** Whether channels have the large window. */
export const channelWindowRaised = raiseWindow();
