export type Tree = Record<string, unknown>;

/** What stands at a dotted path. */
export function lookAt(tree: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((at, name) => (isTree(at) && Object.hasOwn(at, name) ? at[name] : undefined), tree);
}

/** Takes out what stands at a dotted path, and gives it. */
export function takeAt(tree: unknown, path: string): unknown {
  const value = lookAt(tree, path);
  const names = path.split('.');
  const owner = names.length === 1 ? tree : lookAt(tree, names.slice(0, -1).join('.'));
  if (isTree(owner)) delete owner[names.at(-1)!];
  return value;
}

/** Puts a value at a dotted path, and makes what is missing on the way. */
export function putAt(tree: Tree, path: string, value: unknown): void {
  const names = path.split('.');
  let at = tree;
  for (const name of names.slice(0, -1)) {
    const inner = Object.hasOwn(at, name) ? at[name] : undefined;
    const next = isTree(inner) ? inner : {};
    at[name] = next;
    at = next;
  }
  at[names.at(-1)!] = value;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
