// Takes connections at a Unix socket and hands them on to a port of the loopback: of the network namespace it runs in.
import net from 'node:net';

const [, , path, port] = process.argv;
net
  .createServer((socket) => {
    const onward = net.connect({ host: '127.0.0.1', port: Number(port) });
    socket.on('error', () => onward.destroy());
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  })
  .listen(path);
