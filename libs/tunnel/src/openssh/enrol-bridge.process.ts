// What user `enroll` gets, whatever it asks for: its channel, joined to the enrolment of the tunnel server. It runs as that
// user, with a copy of its own in the tunnel's directory, so it imports nothing that does not belong to Node.
import net from 'node:net';

const [socketPath = '', key = ''] = process.argv.slice(2);
// sshd tells what was asked for: the subsystem, which our configuration maps to its own name
// eslint-disable-next-line no-restricted-properties -- sshd has no other way to tell
if (process.env['SSH_ORIGINAL_COMMAND'] !== 'ossea-enrol') process.exit(1);

const socket = net.connect({ path: socketPath });
socket.write(`${key}\n`);
process.stdin.pipe(socket);
socket.pipe(process.stdout);
socket.once('error', () => process.exit(1));
socket.once('close', () => process.stdin.destroy());
process.stdout.once('error', () => process.exit(1));
