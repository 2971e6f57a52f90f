/** Places that were reached, how, and what was wrong on the way: breadth first, so that ways are as short as can be. */
export class Graph<Node> {
  readonly nodes: Node[] = [];
  private readonly ids = new Map<string, number>();
  private readonly cameFrom: { readonly id: number; readonly move: string }[] = [];
  private readonly into: number[][] = [];
  private readonly smoothInto: number[][] = [];
  private readonly found = new Map<string, readonly string[]>();
  private current = 0;

  constructor(
    private readonly keyOf: (node: Node) => string,
    /** The walk ends when this rule is broken. */
    private readonly stopAt?: string,
  ) {}

  /** Rule → the shortest way to its breach, one line per move. */
  get breaches(): ReadonlyMap<string, readonly string[]> {
    return this.found;
  }

  walk(visit: (node: Node) => void): void {
    for (this.current = 0; this.current < this.nodes.length; this.current += 1) {
      if (this.stopAt !== undefined && this.found.has(this.stopAt)) return;
      visit(this.nodes[this.current]!);
    }
  }

  /**
   * A move from the node that is being visited.
   * @param smooth what happens when nobody interferes: no fault from outside, no cancel, no crash.
   */
  push(move: string, node: Node, smooth = false): void {
    const key = this.keyOf(node);
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.nodes.length;
      this.ids.set(key, id);
      this.nodes.push(node);
      this.cameFrom.push({ id: this.current, move });
      this.into.push([]);
      this.smoothInto.push([]);
    }
    const into = this.into[id]!;
    if (into.at(-1) !== this.current) into.push(this.current);
    if (smooth) this.smoothInto[id]!.push(this.current);
  }

  breach(rule: string, move = ''): void {
    if (this.found.has(rule)) return;
    const way = [move];
    for (let id = this.current; id > 0; id = this.cameFrom[id]!.id) way.unshift(this.cameFrom[id]!.move);
    this.found.set(rule, way);
  }

  /** Every node that `asked` names must have a way to one that `isEnd` names. */
  checkEnds(
    rule: string,
    isEnd: (node: Node) => boolean,
    asked: (node: Node) => boolean = () => true,
    moves: 'any' | 'smooth' = 'any',
  ): void {
    const into = moves === 'smooth' ? this.smoothInto : this.into;
    const canEnd = new Set(this.nodes.flatMap((node, id) => (isEnd(node) ? [id] : [])));
    for (const id of canEnd) for (const from of into[id]!) canEnd.add(from);
    this.current = this.nodes.findIndex((node, id) => !canEnd.has(id) && asked(node));
    if (this.current >= 0) this.breach(rule, 'and from here it is not possible');
  }
}
