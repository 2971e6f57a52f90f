/** One after the other, for each name by itself. */
export class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  take<T>(name: string, body: () => Promise<T>): Promise<T> {
    const before = this.last.get(name) ?? Promise.resolve();
    const mine = before.then(body, body);
    const settled = mine.catch(() => undefined);
    this.last.set(name, settled);
    void settled.then(() => {
      if (this.last.get(name) === settled) this.last.delete(name);
    });
    return mine;
  }
}
