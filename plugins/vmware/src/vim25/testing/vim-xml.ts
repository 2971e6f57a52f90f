import { escape, type Answered, type Asked } from './soap-server.js';

export type Values = Readonly<Record<string, string>>;

/** An object with the properties that a spec has given it. */
export interface Thing {
  readonly type: string;
  readonly id: string;
  /** Path → the whole `val` element's content with its type, `xsd:string|web-01`. */
  values: Values;
  /** Counts the changes of all things. */
  changedAt: number;
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

/** An object as `ObjectContent` or `ObjectUpdate` hold it. */
export function objectXml(
  { type, id, values }: Thing,
  paths: readonly string[],
  element: string,
  op: string,
): string {
  const set = paths.filter((path) => values[path] !== undefined);
  const properties = set.map((path) => {
    const [kind = '', ...content] = (values[path] ?? '').split('|');
    const inner = kind.startsWith('xsd:') ? escape(content.join('|')) : content.join('|');
    return `<${element}><name>${path}</name>${op}<val xsi:type="${kind}">${inner}</val></${element}>`;
  });
  return `<obj type="${type}">${escape(id)}</obj>${properties.join('')}`;
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
