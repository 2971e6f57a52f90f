import { escape, type Answered, type Asked } from './soap-server.js';

/** Path → type and content of the `val` element, `xsd:string|web-01`; `undefined` unsets it. */
export type Values = Readonly<Record<string, string | undefined>>;

/** An object with the properties that a spec has given it. */
export interface Thing {
  readonly type: string;
  readonly id: string;
  readonly values: Values;
  /** When each path was changed last, as all changes are counted. */
  readonly changedAt: Readonly<Record<string, number>>;
}

/** Elements as the vSphere Web Services API reference orders them: a real server refuses any other order. */
const ORDERS: Readonly<Record<string, string>> = {
  Login: '_this userName password locale',
  CreateContainerView: '_this container type recursive',
  RetrievePropertiesEx: '_this specSet options',
  CreateFilter: '_this spec partialUpdates',
  WaitForUpdatesEx: '_this version options',
  specSet: 'propSet objectSet reportMissingObjectsInResults',
  spec: 'propSet objectSet reportMissingObjectsInResults',
  propSet: 'type all pathSet',
  objectSet: 'obj skip selectSet',
  selectSet: 'name type path skip selectSet',
};

/** An object as `ObjectContent` holds it. */
export function contentXml({ type, id, values }: Thing, paths: readonly string[]): string {
  const properties = paths.map((path) => {
    const val = valXml(values[path]);
    return val === '' ? '' : `<propSet><name>${path}</name>${val}</propSet>`;
  });
  return `<obj type="${type}">${escape(id)}</obj>${properties.join('')}`;
}

/** The same as `ObjectUpdate` holds it, with what has changed since; nothing where that is nothing. */
export function updateXml(thing: Thing, paths: readonly string[], since: number): string {
  const { type, id, values, changedAt } = thing;
  const changed = paths.filter((path) => (changedAt[path] ?? 0) > since);
  if (changed.length === 0) return '';
  const changes = changed.map((path) => {
    const val = valXml(values[path]);
    const op = val === '' ? 'indirectRemove' : 'assign';
    return `<changeSet><name>${path}</name><op>${op}</op>${val}</changeSet>`;
  });
  const kind = since === 0 ? 'enter' : 'modify';
  return `<objectSet><kind>${kind}</kind><obj type="${type}">${escape(id)}</obj>${changes.join('')}</objectSet>`;
}

function valXml(value: string | undefined): string {
  if (value === undefined) return '';
  const [kind = '', ...content] = value.split('|');
  const inner = kind.startsWith('xsd:') ? escape(content.join('|')) : content.join('|');
  return `<val xsi:type="${kind}">${inner}</val>`;
}

/** The paths that a `PropertyFilterSpec` asks for. */
export function pathsOf(spec: Asked | undefined): string[] {
  return (childOf(spec, 'propSet')?.children ?? [])
    .filter(({ name }) => name === 'pathSet')
    .map(({ text }) => text);
}

/** The fault about an object that does not exist. */
export function gone(type: string, id: string): Answered {
  return { fault: { name: 'ManagedObjectNotFound', xml: `<obj type="${type}">${id}</obj>` } };
}

/** The child of that name. */
export function childOf(element: Asked | undefined, name: string): Asked | undefined {
  return element?.children.find((child) => child.name === name);
}

/** Throws for elements in an order that a real server would not take. */
export function checkOrder({ name, children }: Asked): void {
  const order = ORDERS[name]?.split(' ');
  const places = children.map((child) => order?.indexOf(child.name) ?? 0);
  if (places.some((place, i) => place < (places[i - 1] ?? 0)))
    throw new Error(`The elements of ${name} are out of order.`);
  for (const child of children) checkOrder(child);
}
