// Idle connections to a port of the loopback, held by this process: port and number as arguments. One JSON line when
// all were made. What the server ends is dialled again a second later, as an attacker would.
import net from 'node:net';

const REDIAL_MS = 1_000;
const [port, count] = process.argv.slice(2).map(Number) as [number, number];
let made = 0;

function dial(): void {
  const socket = net.connect(port, '127.0.0.1');
  socket.once('connect', () => {
    made += 1;
    if (made === count) process.stdout.write(`${JSON.stringify({ made })}\n`);
  });
  socket.on('error', () => socket.destroy());
  // what the server says is read, or its end would not be noticed
  socket.resume();
  socket.once('close', () => setTimeout(dial, REDIAL_MS));
}
for (let i = 0; i < count; i += 1) dial();
process.on('SIGTERM', () => process.exit(0));
