import { describe, expect, it } from 'vitest';
import { nearestOsType, traitsOf } from './os-type.js';

const TYPES = [
  'Windows 10 (64-bit)',
  'Windows Server 2012 R2 (64-bit)',
  'Windows Server 2016 (64-bit)',
  'Windows Server 2019 (64-bit)',
  'Debian GNU/Linux 11 (64-bit)',
  'Debian GNU/Linux 12 (64-bit)',
  'Debian GNU/Linux 12 (32-bit)',
  'Ubuntu 20.04 LTS',
  'Ubuntu 22.04 LTS',
  'CentOS 7.1',
  'CentOS 7.9',
  'Red Hat Enterprise Linux 8.0',
  'Red Hat Enterprise Linux 9.0',
  'Rocky Linux 9',
  'SUSE Linux Enterprise Server 15 (64-bit)',
  'FreeBSD 13 (64-bit)',
  'Other Linux (32-bit)',
  'Other Linux (64-bit)',
].map((description, index) => ({ id: `os-${index}`, description }));

describe('the operating system at CloudStack', () => {
  it.each([
    ['Microsoft Windows Server 2019 (64-bit)', 'Windows Server 2019 (64-bit)'],
    ['Microsoft Windows Server 2022 (64-bit)', 'Windows Server 2019 (64-bit)'],
    ['Microsoft Windows Server 2003 (64-bit)', 'Windows Server 2012 R2 (64-bit)'],
    ['Microsoft Windows 10 (64-bit)', 'Windows 10 (64-bit)'],
    ['Debian GNU/Linux 12 (64-bit)', 'Debian GNU/Linux 12 (64-bit)'],
    ['Debian GNU/Linux 12 (32-bit)', 'Debian GNU/Linux 12 (32-bit)'],
    ['Debian GNU/Linux 13 (64-bit)', 'Debian GNU/Linux 12 (64-bit)'],
    ['Ubuntu Linux (64-bit)', 'Ubuntu 22.04 LTS'],
    ['CentOS 7 (64-bit)', 'CentOS 7.9'],
    ['Red Hat Enterprise Linux 8 (64-bit)', 'Red Hat Enterprise Linux 8.0'],
    ['Rocky Linux (64-bit)', 'Rocky Linux 9'],
    ['SUSE Linux Enterprise 15 (64-bit)', 'SUSE Linux Enterprise Server 15 (64-bit)'],
    ['FreeBSD 13 or later versions (64-bit)', 'FreeBSD 13 (64-bit)'],
    ['Other 5.x or later Linux (64-bit)', 'Other Linux (64-bit)'],
    ['Apple macOS 12 (64-bit)', undefined],
    ['', undefined],
  ])('for %j is %j', (guestOs, description) => {
    expect(nearestOsType(guestOs, TYPES as never)?.description).toBe(description);
  });

  it('is none where CloudStack has none of the family', () => {
    expect(nearestOsType('Oracle Linux 8 (64-bit)', TYPES as never)).toBeUndefined();
  });
});

it('reads family, release and width off a name', () => {
  expect(traitsOf('Microsoft Windows Server 2012 R2 (64-bit)')).toEqual({
    family: 'windows-server',
    version: 2012,
    bits: 64,
  });
  expect(traitsOf('Ubuntu 20.04 LTS')).toEqual({ family: 'ubuntu', version: 20.04, bits: undefined });
});
