import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const image = fileURLToPath(new URL('../../appliance-image', import.meta.url));
const units = ['oma', 'vma'].flatMap((room) =>
  readdirSync(join(image, room))
    .filter((name) => name.endsWith('.service'))
    .map((name) => join(room, name)),
);

describe.each(units)('%s', (unit) => {
  const lines = readFileSync(join(image, unit), 'utf8').split('\n');

  it.each([
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    'RestrictNamespaces=yes',
    'SystemCallArchitectures=native',
    'UMask=0077',
    'LimitCORE=0',
    'Restart=always',
  ])('has %s', (line) => expect(lines).toContain(line));

  it('runs Node without MemoryDenyWriteExecute, which would kill V8 at its first compiled function', () => {
    expect(lines.filter((line) => line.startsWith('MemoryDenyWriteExecute'))).toEqual([]);
  });

  it('has no secret in its environment', () => {
    expect(lines.filter((line) => /^Environment=.*(PASSWORD|SECRET|TOKEN|KEY)=/i.test(line))).toEqual([]);
  });
});
