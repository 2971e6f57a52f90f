import { expect, it } from 'vitest';
import { readConsole } from './boot-verdict.js';

it.each([
  ['a login prompt', 'Debian GNU/Linux 12 vm ttyS0\n\nvm login: ', true],
  ['a multi-user target', '[  OK  ] Reached target Multi-User System.', true],
  ['its own record number', 'ossea-boot\nossea-found last=4711 complete=yes\n', true],
  ['a panic', '[ 1.0] Kernel panic - not syncing: VFS: Unable to mount root fs', false],
  ['no boot sector', 'Booting from Hard Disk...\nBoot failed: not a bootable disk', false],
])('%s is a verdict', (_what, log, booted) => {
  const verdict = readConsole(log);
  expect(verdict?.booted).toBe(booted);
  expect(log).toContain(verdict?.evidence);
});

it('a kernel that only prints its banner is no verdict yet', () => {
  expect(
    readConsole('Linux version 6.1.0-cloud-amd64\nCommand line: console=ttyS0 login=no'),
  ).toBeUndefined();
});
