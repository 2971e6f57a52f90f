/** Every pairing of a source and a target: each of these capabilities granted or not. */
export function pairingsOf(capabilities: readonly string[]): ReadonlySet<string>[] {
  return capabilities.reduce<ReadonlySet<string>[]>(
    (pairings, name) => pairings.flatMap((granted) => [granted, new Set([...granted, name])]),
    [new Set<string>()],
  );
}
