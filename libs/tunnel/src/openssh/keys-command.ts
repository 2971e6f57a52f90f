import { smallOrderKeys } from '../keys.js';
import type { AccountNames } from './settings.js';

export interface KeysCommandInput {
  readonly accounts: AccountNames;
  readonly keysDirectory: string;
  /** Where a connection's one key is noted; belongs to the keys account. */
  readonly claimsDirectory: string;
  /** What user `enroll` runs, whatever it asks for; gets the key as its last argument. Absent: nobody can enrol. */
  readonly enrolCommand: string | undefined;
}

/**
 * The script that tells sshd which key may log in. It prints one line at most, and none whenever anything is odd.
 *
 * It lets one connection try one usable key, the first, and notes it. That note, which no client can write, is how we
 * know afterwards whose connection it is: sshd's log is no proof, because a client can make it say anything (a host name
 * with a line feed in a request is printed as it came). It is noted under the connection's number, which is ours.
 */
export function keysCommandScript(input: KeysCommandInput): string {
  const { accounts, keysDirectory, claimsDirectory, enrolCommand } = input;
  return `#!/bin/sh
# written at every start of the tunnel server; changes are lost
# $1 our number of the connection  $2 user  $3 type of the key  $4 key  $5 its fingerprint
set -fu
umask 077
[ $# -eq 5 ] || exit 0
case $1 in '' | 0 | *[!0-9]*) exit 0 ;; esac
[ "$3" = ssh-ed25519 ] || exit 0
[ \${#4} -eq 68 ] || exit 0
case $4 in *[!A-Za-z0-9+/]*) exit 0 ;; esac
# points of small order: such a key accepts forged signatures
case $4 in ${smallOrderKeys().join(' | ')}) exit 0 ;; esac
case $2 in
  ${accounts.tunnel})
    name=$(printf %s "\${5#SHA256:}" | tr '+/' '-_')
    [ \${#name} -eq 43 ] || exit 0
    case $name in *[!A-Za-z0-9_-]*) exit 0 ;; esac
    line=$(head -n 1 -- "${keysDirectory}/$name" 2>/dev/null) || exit 0
    # the file is named after a digest; what counts is the key
    case $line in *" ssh-ed25519 $4") ;; *) exit 0 ;; esac
    ;;
  ${accounts.enrol})
    ${enrolCommand === undefined ? 'exit 0' : `line="restrict,command=\\"${enrolCommand} $4\\" ssh-ed25519 $4"`}
    ;;
  *) exit 0 ;;
esac
claim="${claimsDirectory}/$1"
(set -C && printf '%s %s\\n' "$2" "$4" >"$claim") 2>/dev/null
[ "$(cat -- "$claim" 2>/dev/null)" = "$2 $4" ] || exit 0
printf '%s\\n' "$line"
`;
}
