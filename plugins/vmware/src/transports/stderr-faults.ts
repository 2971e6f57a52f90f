import { MigrationError, isMigrationError, type ErrorCode } from '@ossea/errors';
import { scrubStderr } from './scrub-stderr.js';

/** One thing that goes wrong below us: how it looks on stderr, and what it means. */
export interface StderrFault {
  readonly says: RegExp;
  readonly code: ErrorCode;
  /** For people, with what to do where the remedy of the code is not enough. */
  readonly means: string;
}

const FEWER = 'Lower the number of disks that are copied at once';

/**
 * What nbdkit, VDDK and curl say, and what it means; the first entry that fits counts, so reasons come before what
 * merely follows from them. VDDK's numbers are those of its public header (`VIX_E_…`); nbdkit --verbose shows them
 * as `VixDiskLib_GetErrorText (N)`. Texts: nbdkit-vddk-plugin(1), nbdkit-curl-plugin(1), libcurl-errors(3) and
 * VMware's "VDDK Programming Guide"; those of real servers are known from reports of their users.
 */
export const STDERR_FAULTS: readonly StderrFault[] = [
  {
    says: /Current license or ESXi version prohibits|GetErrorText \((?:32|16064)\)/i,
    code: 'license.restricted',
    means:
      "the licence of the ESXi host does not allow disks to be read through its API (a free host's does not)",
  },
  {
    says: /incorrect user ?name or password|InvalidLogin|Login failure|GetErrorText \((?:35|3014)\)/i,
    code: 'auth.rejected',
    means: 'the server rejects the user or the password',
  },
  {
    says: /requested URL returned error: 401/,
    code: 'auth.rejected',
    means: 'the server does not accept the session of this connection, although it has just logged in',
  },
  {
    says: /Failed to verify SSL certificate|certificate verif\w+ failed|SSL peer certificate or SSH remote key was not OK|certificate subject name .* does not match|SSL certificate problem|peer certificate cannot be authenticated|certificate has expired|thumbprint\S* (?:mismatch|does not match)|GetErrorText \(30(?:035|201)\)/i,
    code: 'peer.untrusted',
    means:
      'the server shows another certificate than the one that was checked when this connection was opened',
  },
  {
    says: /NFC error 5\b|NFC_NO_MEMORY|Failed to allocate the requested|too many (?:NFC )?connections|NFC connection limit|Out of HTTP sessions|GetErrorText \((?:1002|3046|16027)\)/i,
    code: 'resource.busy',
    means: `a limit of the server or the host is reached (buffers or connections for disks). ${FEWER}`,
  },
  {
    says: /Failed to lock the file|FileLockCreateEntryDirectory|GetErrorText \((?:15|13014)\)/i,
    code: 'resource.busy',
    means: 'the file of the disk is locked by somebody else, a backup for example',
  },
  {
    says: /GetErrorText \((?:16014|16017|16052|1700[4-9]|1701[0-2])\)/,
    code: 'peer.forbidden',
    means:
      'the disk is encrypted, and the account may not have its key (privileges Cryptographer.Access and Cryptographer.ReadKeyServersInfo)',
  },
  {
    says: /You do not have access rights to this file|Permission to perform this operation was denied|\bNoPermission\b|GetErrorText \((?:13|13006)\)/i,
    code: 'peer.forbidden',
    means:
      'the account has no right to read the disk (privileges VirtualMachine.Provisioning.DiskRandomRead and GetVmFiles)',
  },
  {
    says: /requested URL returned error: 403/,
    code: 'peer.forbidden',
    means:
      'the account has no right to read files of the datastore (privileges Datastore.Browse and Datastore.FileManagement)',
  },
  {
    says: /Cannot create disk spec|Error occurred when obtaining the file name/i,
    code: 'plugin.unsupported',
    means: 'VDDK 7 and later cannot open independent disks. Change the mode of the disk to dependent',
  },
  {
    says: /A file was not found|requested URL returned error: 404|GetErrorText \((?:4|25|4000|13003|24002)\)/i,
    code: 'resource.not-found',
    means: 'there is no such file at the server: the disk or its snapshot is gone, or was moved',
  },
  {
    says: /requested URL returned error: (?:429|503)/,
    code: 'resource.busy',
    means: `the server is overloaded or starting, or has no session left. ${FEWER}`,
  },
  {
    says: /Host address lookup for server|Could(?: not|n't) resolve|Name or service not known|name resolution|GetErrorText \((?:14008|18002|30006)\)/i,
    code: 'peer.unreachable',
    means:
      'the name of the server or of an ESXi host cannot be resolved. VDDK reads from the host itself, by the name that vCenter has for it',
  },
  {
    says: /Failed to connect to|Could(?: not|n't) connect|Connection refused|server refused connection|vmware-authd socket|Timed out connecting|Connection timed out|Operation timed out|Timeout was reached|No route to host|Network is unreachable|Recv failure|Send failure|SSL_connect error|connection was lost|Empty reply from server|GetErrorText \((?:26|34|36|1400[79]|1401[0145]|300(?:07|28))\)/i,
    code: 'peer.unreachable',
    means:
      'the server or the ESXi host does not answer. TCP port 443 of both, and for VDDK port 902 of every ESXi host, must be open from here',
  },
  {
    says: /Cannot connect to (?:the )?host|GetErrorText \(18000\)/i,
    code: 'peer.unreachable',
    means: 'VDDK gets no connection to the server',
  },
  {
    says: /libvixDiskLib\.so\S*: cannot open shared object|LIBRARY LOCATION/,
    code: 'process.missing',
    means:
      "VMware's VDDK is not where the setting libdir says. It is proprietary: download it from VMware, unpack it on this appliance, and set libdir to its directory vmware-vix-disklib-distrib",
  },
  {
    says: /required VDDK symbol|VDDK version must be/i,
    code: 'plugin.unsupported',
    means: 'this VDDK is too old. Install 6.7 or later',
  },
  {
    says: /cannot open plugin/,
    code: 'process.missing',
    means:
      'a plugin of nbdkit is not installed. The package "nbdkit" has most of them; VDDK\'s is "nbdkit-plugin-vddk" ' +
      'in Debian 13 (contrib) and "nbdkit-vddk-plugin" in RHEL and Fedora',
  },
  {
    says: /cannot open filter/,
    code: 'process.missing',
    means: 'a filter of nbdkit is not installed. Install the complete package "nbdkit"',
  },
  {
    says: /\.so(?:\.\d+)*: cannot open shared object file/,
    code: 'process.missing',
    means: 'a shared library is missing that nbdkit or VDDK needs',
  },
  {
    says: /unknown parameter|unrecognized (?:option|compression)|unknown compression type|invalid option/i,
    code: 'plugin.unsupported',
    means: 'this release of nbdkit or of its plugin does not know an option that is needed',
  },
  {
    says: /does not support 'range'|could not get length of remote file|requested URL returned error: \d+/,
    code: 'peer.protocol',
    means: 'the server answers in an unexpected way',
  },
];

/** What nbdkit calls an error, but for a client of ours that went away in mid-sentence. */
export const COMPLAINT = /\berror: (?!(?:read|write|recv|send): |aborting sleep)/;
const NOISE = /^nbdkit: (?:\S+ )?debug: /;
const MAX_QUOTED_LINES = 3;
const MAX_QUOTED_CHARS = 600;

/** The meaning of the end of a stderr; `undefined` where nothing in it is known. */
export function faultIn(stderr: string): StderrFault | undefined {
  return STDERR_FAULTS.find(({ says }) => says.test(stderr));
}

/**
 * Turns what a child said, or the failure of starting it, into our error.
 * @param what what was tried, as the beginning of a sentence: `Disk "Hard disk 1" cannot be read by VDDK`.
 * @param cause what was thrown, if anything was; one of ours that is no failure of a process is given back as it is.
 */
export function stderrError(what: string, stderr: string, cause?: unknown): MigrationError {
  const ours = isMigrationError(cause) ? cause : undefined;
  if (ours && ours.code !== 'process.failed' && ours.code !== 'process.not-ready') return ours;
  const said = scrubStderr(stderr !== '' ? stderr : (causeText(ours) ?? ''));
  const fault = faultIn(said);
  const quoted = quoteStderr(said, fault);
  const message = [
    `${what}: ${fault?.means ?? 'nbdkit gave up'}.`,
    quoted === '' ? 'It said nothing.' : `It said: ${quoted}`,
  ].join(' ');
  return new MigrationError(fault?.code ?? ours?.code ?? 'process.failed', message, {
    cause: new Error(said === '' ? 'It said nothing on standard error.' : said),
  });
}

/** The end of stderr that the runner put into a failure to start. */
function causeText(error: MigrationError | undefined): string | undefined {
  return error?.cause instanceof Error ? error.cause.message : undefined;
}

/** The lines that tell it best: the one that was recognised, and what nbdkit calls errors. */
export function quoteStderr(said: string, fault: StderrFault | undefined): string {
  const lines = said.split('\n').filter((line) => line.trim() !== '');
  const telling = lines.filter((line) => fault?.says.test(line) || COMPLAINT.test(line));
  const chosen = telling.length > 0 ? telling : lines.filter((line) => !NOISE.test(line));
  const text = [...new Set(chosen.map((line) => line.replace(/^nbdkit: (?:\S+: )?(?:debug|error): /, '')))]
    .slice(-MAX_QUOTED_LINES)
    .join(' | ');
  return text.length <= MAX_QUOTED_CHARS ? text : `…${text.slice(-MAX_QUOTED_CHARS)}`;
}
