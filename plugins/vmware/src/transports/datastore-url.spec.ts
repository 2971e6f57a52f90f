import { expect, it } from 'vitest';
import { flatFileOf, folderUrl } from './datastore-url.js';

const url = (path: string, datacenterPath: string, datastore: string, port = 443): string =>
  folderUrl({ host: 'vc.example', port }, { datastore, path }, datacenterPath);

it('finds the flat file beside the descriptor', () => {
  expect(flatFileOf('[LocalDS_0] vm1/disk1.vmdk', 'LocalDS_0')).toEqual({
    datastore: 'LocalDS_0',
    path: 'vm1/disk1-flat.vmdk',
  });
  expect(flatFileOf('[ds [old] 1] a ] b/c.vmdk.vmdk', 'ds [old] 1')).toEqual({
    datastore: 'ds [old] 1',
    path: 'a ] b/c.vmdk-flat.vmdk',
  });
  // the name in the inventory is not always the one in the path
  expect(flatFileOf('[renamed] a/b.vmdk', 'before')).toEqual({ datastore: 'renamed', path: 'a/b-flat.vmdk' });
  for (const none of ['', '[ds] a.iso', '[ds] .vmdk', '[] /vmfs/volumes/x/a.vmdk', '/vmfs/volumes/x/a.vmdk'])
    expect(flatFileOf(none, 'ds')).toBeUndefined();
});

it.each([
  ['a b', 'a%20b', 'a%2520b'],
  ['a+b', 'a%2Bb', 'a%252Bb'],
  ['ü', '%C3%BC', '%25C3%25BC'],
  ['100%', '100%25', '100%2525'],
  ['a#b', 'a%23b', 'a%2523b'],
  ['a&b=c', 'a%26b%3Dc', 'a%2526b%253Dc'],
  ["it's (1)!*", 'it%27s%20%281%29%21%2A', 'it%2527s%2520%25281%2529%2521%252A'],
])('encodes %s once in the path, and twice elsewhere', (name, once, twice) => {
  expect(url(`${name}/${name}-flat.vmdk`, name, name)).toBe(
    `https://vc.example/folder/${once}/${once}-flat.vmdk?dcPath=${twice}&dsName=${twice}`,
  );
});

it('leaves the slashes of folders alone, and encodes one within the name of a datastore', () => {
  expect(url('vm/d-flat.vmdk', 'eu west/DC+0', 'a/b')).toBe(
    'https://vc.example/folder/vm/d-flat.vmdk?dcPath=eu%2520west/DC%252B0&dsName=a%252Fb',
  );
});

it('names the port where it is not the usual one, and puts an IPv6 address in brackets', () => {
  expect(url('d-flat.vmdk', 'DC0', 'ds', 8443)).toMatch(/^https:\/\/vc\.example:8443\/folder\//);
  expect(folderUrl({ host: '2001:db8::1', port: 443 }, { datastore: 'ds', path: 'd' }, 'DC0')).toMatch(
    /^https:\/\/\[2001:db8::1\]\/folder\/d\?/,
  );
});
