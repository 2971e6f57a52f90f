import fc from 'fast-check';
import { XMLParser } from 'fast-xml-parser';
import { expect, it } from 'vitest';
import { readXml, type XmlElement } from './xml-reader.js';

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';

it.each([
  `<val xmlns:xsi="${XSI}" xsi:type="xsd:string">x</val>`,
  // as vcsim writes it
  `<val xmlns:XMLSchema-instance="${XSI}" XMLSchema-instance:type="xsd:string">x</val>`,
  `<val  n:type = 'xsd:string' >x</val >`,
])('finds the type whatever its prefix is: %s', (document) => {
  expect(readXml(document)).toEqual({ name: 'val', xsiType: 'string', children: [], text: 'x' });
});

it("tells a reference's type from the type of the value", () => {
  expect(readXml('<val type="VirtualMachine" xsi:type="ManagedObjectReference">vm-51</val>')).toEqual({
    name: 'val',
    type: 'VirtualMachine',
    xsiType: 'ManagedObjectReference',
    children: [],
    text: 'vm-51',
  });
});

it('resolves references, named and by number, and nothing twice', () => {
  expect(
    readXml('<n>we&#39;ird &amp; &quot;n&lt;a&gt;me&#x25; &#xFC; &amp;lt; &apos;&#128512;</n>').text,
  ).toBe(`we'ird & "n<a>me% ü &lt; '😀`);
  expect(readXml('<n type="a&amp;b">x<![CDATA[<&amp;>]]>y<!-- <z> -->z<?p i?></n>')).toMatchObject({
    type: 'a&b',
    text: 'x<&amp;>yz',
  });
});

it('takes what stands around the root, and no more', () => {
  expect(readXml('\ufeff<?xml version="1.0"?>\r\n<!-- c --><a>1\r\n2\r3</a>\n<!-- d -->').text).toBe(
    '1\n2\n3',
  );
});

it.each([
  '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
  '<?xml version="1.0"?><!DOCTYPE lolz SYSTEM "http://elsewhere.example/x.dtd"><a/>',
  '<!doctype html><html></html>',
])('refuses a document type: %s', (document) => {
  expect(() => readXml(document)).toThrow(expect.objectContaining({ code: 'peer.protocol' }));
});

it.each([
  '',
  '   ',
  'text',
  '<a>',
  '<a><b></a></b>',
  '<a></b>',
  '<x:a></y:a>',
  '</a>',
  '<a/><b/>',
  '<a/>text',
  'text<a/>',
  '<a b=1/>',
  '<a b/>',
  '<a b="<"/>',
  '<a b="1"c="2"/>',
  '<a>&unknown;</a>',
  '<a>&</a>',
  '<a>& b</a>',
  '<a>&#0;</a>',
  '<a>&#x110000;</a>',
  '<a><!-- </a>',
  '<a><![CDATA[x]]</a>',
  '<a><?p </a>',
  '<a',
  '<>x</>',
  '<a></a',
  '<a>'.repeat(600) + '</a>'.repeat(600),
])('refuses what is not well-formed: %#', (document) => {
  expect(() => readXml(document)).toThrow(expect.objectContaining({ code: 'peer.protocol' }));
});

const name = fc.constantFrom('a', 'b', 'objects', 'propSet', 'val-x', 'n_1');
const text = fc.string({ unit: fc.constantFrom(...`ab ü😀<>&"'%]\t\n1;#x`.split('')), maxLength: 12 });
const escape = (raw: string) => raw.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const { tree } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(name, text).map(([tag, content]) => `<${tag}>${escape(content)}</${tag}>`),
    fc
      .tuple(name, fc.array(tie('tree'), { maxLength: 4 }), text)
      .map(
        ([tag, inner, type]) =>
          `<v:${tag} type="${escape(type)}" x:type="y:${tag}">${inner.join('')}</v:${tag}>`,
      ),
    name.map((tag) => `<${tag}/>`),
  ),
}));

/** The same document by another parser, in the same form. */
function byAnother(document: string): unknown {
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    htmlEntities: true,
  });
  const convert = (node: Record<string, unknown>): unknown => {
    const tag = Object.keys(node).find((key) => key !== ':@') ?? '';
    const inner = node[tag] as Record<string, unknown>[];
    const attributes = (node[':@'] ?? {}) as Record<string, string>;
    return {
      name: tag.replace(/^v:/, ''),
      type: attributes['type'],
      xsiType: attributes['x:type']?.replace(/^y:/, ''),
      children: inner.filter((child) => !('#text' in child)).map(convert),
      text: inner.map((child) => child['#text'] ?? '').join(''),
    };
  };
  const [root] = parser.parse(document) as Record<string, unknown>[];
  return convert(root ?? {});
}

const plain = ({ name: tag, type, xsiType, children, text: content }: XmlElement): unknown => ({
  name: tag,
  type,
  xsiType,
  children: children.map(plain),
  text: content,
});

it('reads any document as another parser does', () => {
  fc.assert(
    fc.property(tree, (document) => {
      expect(plain(readXml(document))).toEqual(byAnother(document));
    }),
  );
});

it('refuses every document that was cut off', () => {
  fc.assert(
    fc.property(tree, fc.nat(), (document, at) => {
      const cut = document.slice(0, at % document.length);
      expect(() => readXml(cut)).toThrow(expect.objectContaining({ code: 'peer.protocol' }));
    }),
  );
});
