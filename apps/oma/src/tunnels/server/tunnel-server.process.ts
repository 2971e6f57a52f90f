// The tunnel server: a process of its own, so that its ciphers and its open port burden nothing else of the appliance.
import net from 'node:net';
import { text } from 'node:stream/consumers';
import { ServerStart } from './control-messages.js';
import { ServedTunnel } from './served-tunnel.js';

const start = ServerStart.parse(JSON.parse(await text(process.stdin)));
const control = net.connect({ path: start.controlPath });
const tunnel = new ServedTunnel(start, control);

// it lives and dies with its line to the OMA
control.once('connect', () => tunnel.run());
control.once('error', (error) => process.stderr.write(`The line to the OMA broke: ${error.message}\n`));
control.once('close', () => process.exit(0));
process.once('SIGTERM', () => {
  void tunnel.close().finally(() => process.exit(0));
});
