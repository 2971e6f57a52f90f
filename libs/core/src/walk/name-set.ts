/** A set of names that never changes; equal sets are one object, so that places of a walk compare by number. */
export class NameSet {
  private static readonly made = new Map<string, NameSet>();
  static readonly none = NameSet.of([]);

  private readonly more = new WeakMap<readonly string[], NameSet>();
  private readonly fewer = new WeakMap<readonly string[], NameSet>();
  private readonly kept = new WeakMap<readonly string[], NameSet>();
  private readonly unions = new Map<NameSet, NameSet>();

  private constructor(
    readonly id: number,
    readonly names: ReadonlySet<string>,
  ) {}

  static of(names: Iterable<string>): NameSet {
    const sorted = [...new Set(names)].sort();
    const key = sorted.join(' ');
    const known = NameSet.made.get(key);
    if (known) return known;
    const set = new NameSet(NameSet.made.size, new Set(sorted));
    NameSet.made.set(key, set);
    return set;
  }

  has(name: string): boolean {
    return this.names.has(name);
  }

  get size(): number {
    return this.names.size;
  }

  with(names: readonly string[]): NameSet {
    if (names.every((name) => this.names.has(name))) return this;
    return remembered(this.more, names, () => NameSet.of([...this.names, ...names]));
  }

  without(names: readonly string[]): NameSet {
    if (!names.some((name) => this.names.has(name))) return this;
    return remembered(this.fewer, names, () =>
      NameSet.of([...this.names].filter((name) => !names.includes(name))),
    );
  }

  /** Those of these names that are in it. */
  keeping(names: readonly string[]): NameSet {
    return remembered(this.kept, names, () => NameSet.of(names.filter((name) => this.names.has(name))));
  }

  and(other: NameSet): NameSet {
    const known = this.unions.get(other);
    if (known) return known;
    const union = this.with([...other.names]);
    this.unions.set(other, union);
    return union;
  }
}

function remembered(
  memory: WeakMap<readonly string[], NameSet>,
  names: readonly string[],
  make: () => NameSet,
): NameSet {
  const known = memory.get(names);
  if (known) return known;
  const set = make();
  memory.set(names, set);
  return set;
}
