import { expect, it } from 'vitest';
import { chooseVersion, offeredVersions } from './api-version.js';
import { decodeVimName } from './names.js';
import { readXml } from './xml-reader.js';

const document = (version: string, prior: readonly string[]) =>
  readXml(
    '<namespaces version="1.0"><namespace><name>urn:pbm</name><version>99</version></namespace>' +
      `<namespace><name>urn:vim25</name><version>${version}</version>` +
      `<priorVersions>${prior.map((one) => `<version>${one}</version>`).join('')}</priorVersions></namespace></namespaces>`,
  );

it('reads the versions of vim25, the present one and the prior ones', () => {
  expect(offeredVersions(document('8.0.1.0', ['8.0.0.1', '7.0.3.2', '6.7', 'internal']))).toEqual([
    '8.0.1.0',
    '8.0.0.1',
    '7.0.3.2',
    '6.7',
  ]);
  expect(offeredVersions(readXml('<namespaces/>'))).toEqual([]);
});

it.each([
  // of a server that lists what it speaks, the newest that is known here
  [['8.0.1.0', '8.0.0.1', '8.0.0.0', '7.0.3.2'], '8.0.1.0'],
  [['9.1.0.0', '9.0.0.0', '8.0.3.0', '8.0.2.0'], '8.0.3.0'],
  [['6.7.3', '6.7.2', '6.7.1', '6.7', '6.5'], '6.7.3'],
  [['6.5', '7.0.3.2', '6.7'], '7.0.3.2'],
  // of one that says `about.apiVersion` only, the newest that is not newer than that
  [['6.7'], '6.7'],
  [['7.0.3.0'], '7.0.3.0'],
  [['8.0.0.1'], '8.0.0.1'],
  [['9.0.0.0'], '8.0.3.0'],
  [['10.0'], '8.0.3.0'],
  [['6.8'], '6.7.3'],
  [[], '6.0'],
  [['1.0'], '6.0'],
])('of %j chooses %s', (offered, version) => {
  expect(chooseVersion(offered)).toBe(version);
});

it.each([
  ['web%2f01', 'web/01'],
  ['a%5cb %25 c', 'a\\b % c'],
  ['%2F%5C', '/\\'],
  // once: the name of `%2f` is stored as `%252f`
  ['%252f', '%2f'],
  ['50%20', '50%20'],
  ['ü 100%', 'ü 100%'],
])('the name %j is %j', (stored, name) => {
  expect(decodeVimName(stored)).toBe(name);
});
