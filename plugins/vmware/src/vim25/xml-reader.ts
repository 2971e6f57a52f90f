import { MigrationError } from '@ossea/errors';

/** An element without its namespaces: vim25 has one only, and names are unique in it. */
export interface XmlElement {
  /** The local name. */
  readonly name: string;
  /** The local name in `xsi:type`, whatever the prefix is. */
  readonly xsiType?: string;
  /** The attribute `type`, which says what a reference refers to. */
  readonly type?: string;
  readonly children: XmlElement[];
  /** With entities resolved; of an element with children, what stands between them. */
  text: string;
}

/** Deeper than anything in vim25; a snapshot tree of 32 levels takes 100. */
const MAX_DEPTH = 512;
const START_TAG = /<([^\s/<>=&'"]+)((?:\s+[^\s/<>=&'"]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const ATTRIBUTE = /([^\s/<>=&'"]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const REFERENCE = /&(?:#(\d+)|#x([\dA-Fa-f]+)|(amp|lt|gt|quot|apos));|&/g;
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Reads a whole document, strictly: one that was cut off or is not balanced is refused, because a list that lacks its
 * end would look like a shorter list. There is no DTD, and so there are no entities to expand.
 * Throws `peer.protocol`; its message never shows the document.
 */
export function readXml(document: string): XmlElement {
  const text = document.includes('\r') ? document.replace(/\r\n?/g, '\n') : document;
  const root: XmlElement = { name: '', children: [], text: '' };
  // the open elements, and the names they were opened with: a closing tag repeats the prefix too
  const open: XmlElement[] = [root];
  const names: string[] = [''];
  let current = root;
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  for (;;) {
    const next = text.indexOf('<', at);
    const between = text.slice(at, next === -1 ? undefined : next);
    if (between !== '') append(current, root, unescape(between, at), at);
    if (next === -1) break;
    at = next;
    if (text.startsWith('</', at)) {
      const end = text.indexOf('>', at);
      const name = end === -1 ? '' : text.slice(at + 2, end).trimEnd();
      if (name === '' || name !== names.pop()) throw notXml(at);
      open.pop();
      current = open[open.length - 1] ?? root;
      at = end + 1;
    } else if (text.startsWith('<!--', at)) at = after('-->', text, at + 4);
    else if (text.startsWith('<?', at)) at = after('?>', text, at);
    else if (text.startsWith('<![CDATA[', at)) {
      const end = after(']]>', text, at);
      append(current, root, text.slice(at + 9, end - 3), at);
      at = end;
    } else if (text.startsWith('<!', at))
      throw new MigrationError('peer.protocol', 'The answer has a document type, which SOAP does not allow.');
    else {
      START_TAG.lastIndex = at;
      const tag = START_TAG.exec(text);
      if (!tag) throw notXml(at);
      const [all, name = '', attributes = '', empty] = tag;
      if (current === root && root.children.length > 0) throw notXml(at);
      const element = elementOf(name, attributes, at);
      current.children.push(element);
      if (empty === '') {
        if (open.length > MAX_DEPTH) throw notXml(at);
        open.push(element);
        names.push(name);
        current = element;
      }
      at += all.length;
    }
  }
  const [only] = root.children;
  if (!only || open.length > 1) throw notXml(text.length);
  return only;
}

/** The child of that name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

function elementOf(qualified: string, attributes: string, at: number): XmlElement {
  const name = localName(qualified);
  if (attributes === '') return { name, children: [], text: '' };
  let xsiType: string | undefined;
  let type: string | undefined;
  for (const [, attribute = '', double, single] of attributes.matchAll(ATTRIBUTE)) {
    if (attribute === 'type') type = unescape(double ?? single ?? '', at);
    else if (attribute.endsWith(':type') && attribute !== 'xmlns:type')
      xsiType = localName(unescape(double ?? single ?? '', at).trim());
  }
  return {
    name,
    ...(xsiType === undefined ? {} : { xsiType }),
    ...(type === undefined ? {} : { type }),
    children: [],
    text: '',
  };
}

function append(current: XmlElement, root: XmlElement, text: string, at: number): void {
  if (current !== root) current.text += text;
  else if (text.trim() !== '') throw notXml(at);
}

function after(mark: string, text: string, at: number): number {
  const end = text.indexOf(mark, at);
  if (end === -1) throw notXml(at);
  return end + mark.length;
}

function unescape(text: string, at: number): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (_all, decimal?: string, hexadecimal?: string, named?: string) => {
    if (named !== undefined) return NAMED[named] ?? '';
    const point = decimal === undefined ? parseInt(hexadecimal ?? '', 16) : parseInt(decimal, 10);
    // `NaN` stands for a bare ampersand, or an entity that only a DTD could have declared
    if (!(point > 0 && point <= 0x10ffff)) throw notXml(at);
    return String.fromCodePoint(point);
  });
}

function localName(qualified: string): string {
  return qualified.slice(qualified.indexOf(':') + 1);
}

function notXml(at: number): MigrationError {
  return new MigrationError('peer.protocol', `The answer is not well-formed XML, at character ${at}.`);
}
