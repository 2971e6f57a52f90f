import { MigrationError } from '@ossea/errors';
import { describe, expect, it } from 'vitest';
import { STDERR_FAULTS, faultIn, stderrError } from './stderr-faults.js';

const CURL =
  'nbdkit: curl[1]: error: problem doing HEAD request to fetch size of URL [https://vc.example/folder/x]: ';
const HTTP = `${CURL}HTTP response code said error: The requested URL returned error: `;
const TLS = `${CURL}SSL peer certificate or SSH remote key was not OK: `;

/** As the programs write it: from nbdkit's manual and sources, from runs of 1.32 and 1.42, and from reports of users. */
const SAID: readonly (readonly [code: string, line: string])[] = [
  [
    'license.restricted',
    'nbdkit: vddk[1]: debug: VixDiskLibVim: Current license or ESXi version prohibits execution of the requested operation.',
  ],
  [
    'auth.rejected',
    'nbdkit: vddk[1]: debug: VixDiskLibVim: Error 18000 (Cannot connect to host: Cannot complete login due to an incorrect user name or password.)\n' +
      'nbdkit: vddk[1]: debug: VDDK call: VixDiskLib_GetErrorText (18000)\n' +
      'nbdkit: vddk[1]: error: VixDiskLib_ConnectEx: Cannot connect to host',
  ],
  ['auth.rejected', `${HTTP}401`],
  [
    'peer.untrusted',
    'nbdkit: vddk[1]: debug: VixDiskLibVim: Failed to verify SSL certificate: actual thumbprint=B2:31:BD:DE:9F:DB expected=12\n' +
      'nbdkit: vddk[1]: debug: VDDK call: VixDiskLib_GetErrorText (18000)\n' +
      'nbdkit: vddk[1]: error: VixDiskLib_ConnectEx: Cannot connect to host',
  ],
  ['peer.untrusted', `${TLS}server certificate verification failed. CAfile: /run/x/t CRLfile: none`],
  [
    'peer.untrusted',
    `${TLS}SSL: certificate subject name (vc.example) does not match target host name '192.0.2.1'`,
  ],
  [
    'resource.busy',
    'nbdkit: vddk[3]: error: [NFC ERROR] NfcFssrvrProcessErrorMsg: received NFC error 5 from server: Failed to allocate the requested 2097176 bytes',
  ],
  ['resource.busy', 'nbdkit: vddk[1]: error: [NFC ERROR] NFC connection limit reached (16)'],
  ['resource.busy', 'nbdkit: vddk[1]: debug: VixDiskLibVim: Out of HTTP sessions: Limited to 2000'],
  [
    'resource.busy',
    "nbdkit: vddk[1]: error: FILE: FileLockCreateEntryDirectory creation failure on 'x.vmdk.lck': Permission denied",
  ],
  ['peer.forbidden', 'nbdkit: vddk[1]: debug: VDDK call: VixDiskLib_GetErrorText (16014)'],
  [
    'peer.forbidden',
    'nbdkit: vddk[1]: error: VixDiskLib_Open: [ds] vm/vm.vmdk: You do not have access rights to this file',
  ],
  ['peer.forbidden', 'nbdkit: vddk[1]: debug: VDDK call: VixDiskLib_GetErrorText (13)'],
  ['peer.forbidden', `${HTTP}403`],
  [
    'plugin.unsupported',
    'nbdkit: vddk[1]: debug: GetFileName: Cannot create disk spec for disk scsi0:0. Error occurred when obtaining the file name for scsi0:0.\n' +
      'nbdkit: vddk[1]: error: VixDiskLib_Open: [ds] vm/vm.vmdk: Unknown error',
  ],
  ['resource.not-found', 'nbdkit: vddk[1]: error: VixDiskLib_Open: [ds] vm/vm.vmdk: A file was not found'],
  ['resource.not-found', `${HTTP}404`],
  ['resource.busy', `${HTTP}503`],
  [
    'peer.unreachable',
    "nbdkit: vddk[1]: error: [NFC ERROR] Failed to connect: Host address lookup for server 'esxi.example.com' failed: Name or service not known",
  ],
  ['peer.unreachable', `${CURL}Couldn't resolve host name: Could not resolve host: vc.example`],
  [
    'peer.unreachable',
    'nbdkit: vddk[1]: error: [NFC ERROR]NfcNewAuthdConnectionEx: Failed to connect to peer. Error: Error reading from vmware-authd socket. Reason: Resource temporarily unavailable',
  ],
  [
    'peer.unreachable',
    'nbdkit: vddk[1]: error: VixDiskLib_Open: [ds] vm/vm.vmdk: The server refused connection',
  ],
  ['peer.unreachable', `${CURL}Timeout was reached: Operation timed out after 120001 milliseconds`],
  ['peer.unreachable', `${CURL}Couldn't connect to server: Failed to connect to vc.example port 443`],
  ['peer.unreachable', 'nbdkit: vddk[1]: error: VixDiskLib_ConnectEx: Cannot connect to host'],
  [
    'process.missing',
    'nbdkit: error: /opt/vddk/lib64/libvixDiskLib.so.8: cannot open shared object file: No such file or directory',
  ],
  [
    'plugin.unsupported',
    'nbdkit: error: required VDDK symbol "VixDiskLib_Wait" is missing. VDDK version must be >= 6.5.',
  ],
  [
    'process.missing',
    "nbdkit: error: cannot open plugin 'vddk': /usr/lib/nbdkit/plugins/nbdkit-vddk-plugin.so: cannot open shared object file: No such file or directory",
  ],
  [
    'process.missing',
    "nbdkit: error: cannot open filter 'retry-request': /usr/lib/nbdkit/filters/nbdkit-retry-request-filter.so: cannot open shared object file: No such file or directory",
  ],
  [
    'process.missing',
    'nbdkit: error: libssl.so.3: cannot open shared object file: No such file or directory',
  ],
  ['plugin.unsupported', "nbdkit: error: unknown parameter 'followlocation'"],
  ['plugin.unsupported', "nbdkit: unrecognized option '--pidfile=x'"],
  ['peer.protocol', "nbdkit: curl[1]: error: server does not support 'range' (byte range) requests"],
  ['peer.protocol', `${HTTP}500`],
];

describe('what nbdkit, VDDK and curl say', () => {
  it.each(SAID)('means %s: %s', (code, line) => expect(faultIn(line)?.code).toBe(code));

  it('has an example here for every entry of the table', () => {
    const seen = new Set(SAID.map(([, line]) => faultIn(line)));
    expect(STDERR_FAULTS.filter((fault) => !seen.has(fault))).toEqual([]);
  });

  it('is nothing that is known', () => {
    for (const line of [
      'nbdkit: vddk[1]: debug: newstyle negotiation: NBD_OPT_GO: client requested export',
      'nbdkit: debug: vddk: config key=thumbprint, value=AA:BB',
      'nbdkit: vddk[1]: debug: VDDK call: VixDiskLib_ConnectEx (h->params, 1, snapshot-70, nbdssl:nbd, &connection)',
      'nbdkit: vddk[1]: debug: write: NBD_OPT_ABORT: Broken pipe',
    ])
      expect(faultIn(line)).toBeUndefined();
  });
});

describe('the error for it', () => {
  const what = 'Disk "Hard disk 1" cannot be read by VDDK';

  it('tells what it means, and quotes the lines that show it', () => {
    const error = stderrError(
      what,
      [
        'nbdkit: debug: nbdkit 1.32.5',
        'nbdkit: vddk[1]: debug: VDDK call: VixDiskLib_Open (connection, [ds] a.vmdk, 68, &handle)',
        'nbdkit: vddk[1]: error: VixDiskLib_Open: [ds] a.vmdk: You do not have access rights to this file',
        'nbdkit: vddk[1]: error: write: NBD_OPT_ABORT: Broken pipe',
      ].join('\n'),
    );
    expect(error.code).toBe('peer.forbidden');
    expect(error.message).toMatch(
      /^Disk "Hard disk 1" cannot be read by VDDK: the account has no right to read the disk \(.*\)\. It said: VixDiskLib_Open: \[ds\] a\.vmdk: You do not have access rights to this file$/,
    );
  });

  it('names the remedy of a limit, which the code alone does not', () => {
    expect(stderrError(what, 'NFC error 5').message).toContain(
      'Lower the number of disks that are copied at once',
    );
  });

  it('reads what a failed start brings with it, and keeps the code of what it does not know', () => {
    const failed = (tail: string) =>
      new MigrationError('process.failed', `nbdkit ended: ${tail}`, { cause: new Error(tail) });
    expect(stderrError(what, '', failed("nbdkit: error: unknown parameter 'x'")).code).toBe(
      'plugin.unsupported',
    );
    expect(stderrError(what, '', failed('nbdkit: error: something else'))).toMatchObject({
      code: 'process.failed',
      message: `${what}: nbdkit gave up. It said: something else`,
    });
    expect(stderrError(what, '').message).toBe(`${what}: nbdkit gave up. It said nothing.`);
    const missing = new MigrationError('process.missing', 'The program "nbdkit" is not installed.');
    expect(stderrError(what, '', missing)).toBe(missing);
  });

  it('never carries a secret', () => {
    const secret = 'xyzzy pl0gh';
    const said = [
      `nbdkit: debug: vddk: config key=password, value=${secret}`,
      `nbdkit: debug: curl: config key=cookie, value=vmware_soap_session="${secret}"`,
      `nbdkit: vddk[1]: error: VixDiskLib_Open: vmware_soap_session="${secret}" password="${secret}"`,
    ].join('\n');
    const error = stderrError(what, said, new MigrationError('process.failed', 'x'));
    const everything = `${error.message}${String(error.stack)}${String(error.cause)}`;
    expect(everything).toContain('[redacted]');
    for (const part of [secret, ...secret.split(' ')]) expect(everything).not.toContain(part);
  });
});
