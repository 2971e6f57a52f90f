import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprint, generateKeyPair, openTunnelServer, type TunnelServerOptions } from '@ossea/tunnel';
import { afterEach, describe, expect, it } from 'vitest';
import { TRANSPORTS, openSshGround, type OpenSshGround } from '../../stack/openssh-ground.js';

/* What the server over OpenSSH finds on a machine, and what it leaves there for sshd. */

const ends: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function ground(accounts?: Parameters<typeof openSshGround>[0]): Promise<OpenSshGround> {
  const made = await openSshGround(accounts);
  ends.push(() => made[Symbol.asyncDispose]());
  return made;
}

function serverOn({ settings }: OpenSshGround, more: Partial<TunnelServerOptions> = {}) {
  const server = openTunnelServer('openssh', {
    hostKey: generateKeyPair().privateKey,
    identify: () => undefined,
    identities: () => [],
    openSsh: settings,
    ...more,
  });
  ends.push(() => server.close());
  return server;
}
const anywhere = { host: '127.0.0.1', port: 0 };

describe.skipIf(!TRANSPORTS.includes('openssh'))('the tunnel over OpenSSH', () => {
  it('has the configuration in force that was meant', async () => {
    const place = await ground();
    await serverOn(place, { enrol: async () => ({}) }).listen(anywhere);
    const { directory, runner } = place.settings;
    const effective = async (user: string) => {
      const { stdout } = await runner.exec(
        {
          command: 'sshd',
          args: [
            '-T',
            '-C',
            `user=${user},host=x,addr=10.0.0.1,laddr=10.0.0.2,lport=443`,
            '-f',
            join(directory, 'sshd_config'),
          ],
        },
        { signal: AbortSignal.timeout(10_000) },
      );
      return stdout.split('\n');
    };
    const everybody = [
      'usepam no',
      'permitrootlogin no',
      'pubkeyauthentication yes',
      'passwordauthentication no',
      'kbdinteractiveauthentication no',
      'hostbasedauthentication no',
      'gssapiauthentication no',
      'authenticationmethods publickey',
      'authorizedkeysfile none',
      'trustedusercakeys none',
      'authorizedprincipalsfile none',
      'hostkeyalgorithms ssh-ed25519',
      'pubkeyacceptedalgorithms ssh-ed25519',
      'ciphers aes128-gcm@openssh.com,aes256-gcm@openssh.com',
      'allowstreamlocalforwarding no',
      'allowagentforwarding no',
      'x11forwarding no',
      'permittunnel no',
      'permittty no',
      'permituserrc no',
      'permituserenvironment no',
      'gatewayports no',
      'compression no',
      'strictmodes yes',
      'loglevel VERBOSE',
      'rekeylimit 17179869184 3600',
      'allowusers vma',
      'allowusers enroll',
      `authorizedkeyscommand ${directory}/keys-command 0 %u %t %k %f`,
    ];
    const vma = [
      `revokedkeys ${directory}/revoked_keys`,
      'maxsessions 0',
      'allowtcpforwarding yes',
      'permitopen 127.0.0.1:*',
      'permitlisten 127.0.0.1:*',
      'forcecommand /usr/sbin/nologin',
    ];
    const enroll = ['revokedkeys none', 'maxsessions 1', 'allowtcpforwarding no', 'forcecommand none'];
    expect(await effective('vma')).toEqual(expect.arrayContaining([...everybody, ...vma]));
    expect(await effective('enroll')).toEqual(expect.arrayContaining([...everybody, ...enroll]));
    expect(await effective('root')).toEqual(
      expect.arrayContaining([
        ...everybody,
        'maxsessions 0',
        'allowtcpforwarding no',
        'forcecommand /usr/sbin/nologin',
      ]),
    );
  });

  it('says what is missing on a machine that is not made for it', async () => {
    const transport = /^tunnel\.transport: /;
    const without = serverOn(await ground({ passwd: 'vma:x:64001:65534::/:/usr/sbin/nologin\n' }));
    await expect(without.listen(anywhere)).rejects.toMatchObject({
      code: 'config.missing',
      message: /"enroll"/,
    });
    // as systemd-sysusers makes them
    const locked = serverOn(await ground({ shadow: 'vma:!*:19000::::::\nenroll:!*:19000::::::\n' }));
    await expect(locked.listen(anywhere)).rejects.toMatchObject({
      code: 'config.invalid',
      message: /usermod -p/,
    });
    const place = await ground();
    const open = serverOn({ ...place, settings: { ...place.settings, directory: '/tmp/ossea-never' } });
    await expect(open.listen(anywhere)).rejects.toMatchObject({ code: 'config.invalid', message: transport });
    const runner: typeof place.settings.runner = {
      ...place.settings.runner,
      exec: (spec, call) =>
        place.settings.runner.exec(
          { ...spec, command: spec.command === 'sshd' ? 'false' : spec.command },
          call,
        ),
    };
    const broken = serverOn({ ...place, settings: { ...place.settings, runner } });
    await expect(broken.listen(anywhere)).rejects.toMatchObject({
      code: 'config.invalid',
      message: transport,
    });
    const untold = serverOn(place, { identities: undefined as never });
    await expect(untold.listen(anywhere)).rejects.toMatchObject({
      code: 'config.missing',
      message: transport,
    });
  });

  it('writes a key as one line that holds its numbers and nothing else, and takes it away again', async () => {
    const place = await ground();
    const key = generateKeyPair();
    const identity = {
      id: 'a" ,command="id',
      publicKey: key.publicKey,
      nbdSocketPath: '/nowhere',
      nbdPort: 29_901,
      agentPort: 29_902,
      expiresAt: new Date('2099-03-04T05:06:07.890Z'),
    };
    const table = [identity];
    const server = serverOn(place, { identities: () => table });
    await server.listen(anywhere);
    const { directory } = place.settings;
    const name = fingerprint(key.publicKey).slice(7).replaceAll('+', '-').replaceAll('/', '_');
    expect(await readdir(join(directory, 'keys.d'))).toEqual([name]);
    expect(await readFile(join(directory, 'keys.d', name), 'utf8')).toBe(
      `restrict,port-forwarding,permitopen="127.0.0.1:29901",permitlisten="127.0.0.1:29902",expiry-time="20990304050607Z" ${key.publicKey}\n`,
    );
    expect(await readFile(join(directory, 'revoked_keys'), 'utf8')).toBe('');
    table.pop();
    server.revoke('x');
    expect(await readdir(join(directory, 'keys.d'))).toEqual([]);
    expect(await readFile(join(directory, 'revoked_keys'), 'utf8')).toBe(`${key.publicKey}\n`);
  });
});
