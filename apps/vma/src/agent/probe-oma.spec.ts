import { Duplex } from 'node:stream';
import { MigrationError } from '@ossea/errors';
import { expect, it } from 'vitest';
import { probeOma } from './probe-oma.js';

/** A server that greets and leaves when it is told that we do. */
const nbdServer = () => {
  const greeting = Buffer.concat([Buffer.from('NBDMAGICIHAVEOPT'), Buffer.from([0, 3])]);
  const stream = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => {
      stream.push(null);
      done();
    },
  });
  stream.push(greeting);
  return stream;
};
const open = { closesWhenRefused: false, openNbd: async () => nbdServer() };
const refusing = (context: Record<string, boolean>) => ({
  closesWhenRefused: false,
  openNbd: async () => {
    throw new MigrationError('tunnel.down', 'The tunnel server refused the channel.', { context });
  },
});

it('is answered by a storage daemon', async () => {
  expect(await probeOma([open])).toMatchObject({ storageDaemon: 'present' });
});

it('takes a channel that the OMA refuses for an answer: it was reached, and the daemon is absent', async () => {
  expect(await probeOma([open, refusing({ refused: true })])).toMatchObject({ storageDaemon: 'absent' });
});

it('takes a channel that is closed without a byte for a refusal, where ssh refuses so', async () => {
  const closed = () => {
    const stream = new Duplex({ read: () => undefined, write: (_c, _e, done) => done() });
    stream.push(null);
    return stream;
  };
  const way = { closesWhenRefused: true, openNbd: async () => closed() };
  expect(await probeOma([way])).toMatchObject({ storageDaemon: 'absent' });
  await expect(probeOma([{ ...way, closesWhenRefused: false }])).rejects.toMatchObject({
    code: 'nbd.connection-lost',
  });
});

it('fails when one connection of several is dead', async () => {
  await expect(probeOma([open, refusing({ refused: false })])).rejects.toMatchObject({ code: 'tunnel.down' });
});

it('fails when something else answers', async () => {
  const stranger = new Duplex({ read: () => undefined, write: (_c, _e, done) => done() });
  stranger.push('HTTP/1.1 400 Bad Request\r\n\r\n');
  await expect(probeOma([{ closesWhenRefused: false, openNbd: async () => stranger }])).rejects.toMatchObject(
    { code: 'peer.protocol' },
  );
});
