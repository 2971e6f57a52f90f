/** Places that were reached, how, and what was wrong on the way: breadth first, so that ways are as short as can be. */
export class Graph<Node> {
  readonly nodes: Node[] = [];
  private readonly ids = new Map<string, number>();
  private readonly cameFrom: { readonly id: number; readonly move: string }[] = [];
  private readonly into: number[][] = [];
  private readonly intoInPeace: { readonly from: number; readonly whose: string }[][] = [];
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
   * @param whose the run that comes so far when nobody interferes: no fault from outside, no cancel, no crash.
   */
  push(move: string, node: Node, ...whose: readonly string[]): void {
    const key = this.keyOf(node);
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.nodes.length;
      this.ids.set(key, id);
      this.nodes.push(node);
      this.cameFrom.push({ id: this.current, move });
      this.into.push([]);
      this.intoInPeace.push([]);
    }
    const into = this.into[id]!;
    if (into.at(-1) !== this.current) into.push(this.current);
    for (const run of whose) this.intoInPeace[id]!.push({ from: this.current, whose: run });
  }

  breach(rule: string, move = ''): void {
    if (this.found.has(rule)) return;
    const way = [move];
    for (let id = this.current; id > 0; id = this.cameFrom[id]!.id) way.unshift(this.cameFrom[id]!.move);
    this.found.set(rule, way);
  }

  /** Every node must have a way to one that `isEnd` names. */
  checkEnds(rule: string, isEnd: (node: Node) => boolean): void {
    this.check(rule, isEnd, (id) => this.into[id]!);
  }

  /** The same, when nobody interferes with this run. */
  checkPeace(rule: string, whose: string, isEnd: (node: Node) => boolean): void {
    this.check(rule, isEnd, (id) =>
      this.intoInPeace[id]!.flatMap((move) => (move.whose === whose ? [move.from] : [])),
    );
  }

  private check(rule: string, isEnd: (node: Node) => boolean, into: (id: number) => readonly number[]): void {
    const canEnd = new Set(this.nodes.flatMap((node, id) => (isEnd(node) ? [id] : [])));
    for (const id of canEnd) for (const from of into(id)) canEnd.add(from);
    this.current = this.nodes.findIndex((_, id) => !canEnd.has(id));
    if (this.current >= 0) this.breach(rule, 'and from here it is not possible');
  }
}
