import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cookieScript } from './datastore-transport.js';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "it's $HOME `x` "));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** As nbdkit-curl-plugin runs it, with a file for its errors. */
function runAsNbdkit(errors: string): string {
  writeFileSync(errors, '');
  const script = `exec </dev/null\nexec 2>'${errors.replaceAll("'", `'\\''`)}'\n${cookieScript(join(directory, 'c'))}`;
  return execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
}

it('prints the cookie as it stands in the file, wherever that lies', () => {
  writeFileSync(join(directory, 'c'), 'vmware_soap_session="5$(x)2\\n"\n');
  expect(runAsNbdkit(join(directory, 'errors'))).toBe('vmware_soap_session="5$(x)2\\n"\n');
});

it('takes away the file that nbdkit would leave, and no other', () => {
  writeFileSync(join(directory, 'c'), 'a=b\n');
  const left = join('/tmp', `errors${String(process.pid).padStart(6, '0').slice(-6)}`);
  runAsNbdkit(left);
  expect(existsSync(left)).toBe(false);
  runAsNbdkit(join(directory, 'errors123456'));
  expect(readdirSync(directory).sort()).toEqual(['c', 'errors123456']);
});

it('fails without a cookie', () => {
  expect(() => runAsNbdkit(join(directory, 'errors'))).toThrow();
});
