import type { Socket } from 'node:net';

/**
 * Gathers into one system call what is written while one event is handled. 64 KiB that are read at once travel as two
 * SSH packets; without this each is a call of its own, and wakes up whoever reads at the other end.
 */
export function gatherWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  let gathering = false;
  const send = () => {
    gathering = false;
    socket.uncork();
  };
  const gather = (...args: unknown[]): boolean => {
    if (!gathering) {
      gathering = true;
      socket.cork();
      process.nextTick(send);
    }
    return write(...args);
  };
  socket.write = gather as Socket['write'];
}
