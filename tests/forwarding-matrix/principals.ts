import type { AnyAuthMethod } from 'ssh2';
import type { MatrixKey, MatrixSite } from './matrix-site.js';

/** Somebody at the tunnel server's door. */
export interface Principal {
  readonly name: string;
  /** `forward`: its own two endpoints; `enrol`: the enrolment; `nothing`: not even to log in. */
  readonly may: 'forward' | 'enrol' | 'nothing';
  readonly username: string;
  readonly method: AnyAuthMethod;
  /** For those that Debian's `ssh` can play. */
  readonly keyFile?: string;
  /** Which VMA's addresses it takes for its own. */
  readonly index: 0 | 1;
}

/** Everybody, as data. */
export function principalsOf({ users, vmas, keys }: MatrixSite): Principal[] {
  const withKey = (
    name: string,
    may: Principal['may'],
    username: string,
    { privateKey, keyFile }: MatrixKey,
    index: 0 | 1 = 0,
  ): Principal => ({
    name,
    may,
    username,
    index,
    keyFile,
    method: { type: 'publickey', username, key: privateKey },
  });
  const without = (name: string, method: AnyAuthMethod): Principal => ({
    name,
    may: 'nothing',
    username: users.vma,
    index: 0,
    method,
  });
  const username = users.vma;
  return [
    withKey('VMA a', 'forward', username, vmas[0]),
    withKey('VMA b', 'forward', username, vmas[1], 1),
    withKey('an enrolling key', 'enrol', users.enrol, keys.enrolling),
    withKey('an expired key', 'nothing', username, keys.expired),
    withKey('a revoked key', 'nothing', username, keys.revoked),
    withKey('an unknown key', 'nothing', username, keys.unknown),
    without('no key', { type: 'none', username }),
    withKey('VMA a’s key as root', 'nothing', 'root', vmas[0]),
    withKey('VMA a’s key as oma', 'nothing', 'oma', vmas[0]),
    withKey('VMA a’s key as nobody', 'nothing', 'nobody', vmas[0]),
    without('a password', { type: 'password', username, password: '' }),
    without('keyboard-interactive', {
      type: 'keyboard-interactive',
      username,
      prompt: (_name, _instructions, _language, prompts, finish) => finish(prompts.map(() => '')),
    }),
    withKey('an RSA key', 'nothing', username, keys.rsa),
    withKey('an ECDSA key', 'nothing', username, keys.ecdsa),
  ];
}
