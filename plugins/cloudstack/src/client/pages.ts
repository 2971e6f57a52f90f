import { ApiFault } from './api-fault.js';
import { isContent } from './answer.js';

/** Well below `default.page.size`, which is 500 unless it was changed. */
export const PAGE_SIZE = 200;
const MIN_PAGE_SIZE = 10;
/** Items that come and go while pages are read shift the others: then the list is read again. */
const PASSES = 3;

interface Page {
  readonly items: readonly unknown[];
  readonly count?: number;
}

/**
 * All items of a list, each once, in the order of the server. Without paging CloudStack cuts a list off silently, so
 * it is always paged, and compared with `count` (CloudStack BaseListCmd). A list that changes while its pages are read
 * is read again, and what either pass has shown is given: an item too much is found gone when it is used, one too few
 * would be made a second time.
 * @param fetch one page, from 1. Throws `ApiFault`.
 * @param pageSize as many as are asked for at once; what the server has said about it before.
 * @param smaller told when the server wants fewer at once.
 */
export async function allPages(
  fetch: (page: number, pageSize: number) => Promise<Page>,
  pageSize: number,
  smaller: (pageSize: number) => void,
): Promise<unknown[]> {
  const found = new Map<string, unknown>();
  let size = pageSize;
  for (let pass = 1; ; pass += 1) {
    const { pages, count, steady } = await onePass(found, async (page) => {
      for (;;) {
        try {
          return { ...(await fetch(page, size)), size };
        } catch (fault) {
          const next = page === 1 ? smallerSize(fault, size) : undefined;
          if (next === undefined) throw fault;
          size = next;
          smaller(size);
        }
      }
    });
    const isWhole = pages < 2 || count === undefined || (steady && found.size >= count);
    if (isWhole || pass >= PASSES) return [...found.values()];
  }
}

async function onePass(
  found: Map<string, unknown>,
  fetch: (page: number) => Promise<Page & { readonly size: number }>,
): Promise<{ readonly pages: number; readonly count?: number; readonly steady: boolean }> {
  const seen = new Set<string>();
  const counts = new Set<number | undefined>();
  for (let page = 1; ; page += 1) {
    const { items, count, size } = await fetch(page);
    const before = seen.size;
    counts.add(count);
    for (const item of items) {
      const key = keyOf(item);
      seen.add(key);
      found.set(key, item);
    }
    // a page may be shorter than it could be: what the account may not see is taken out after it was cut
    const isLast = count === undefined ? items.length < size : page * size >= count;
    // and a server that does not page would give the same one for ever
    const isSame = items.length > 0 && seen.size === before;
    if (isLast || isSame || items.length === 0)
      // one that goes while the pages are read pulls the next one over to a page that was read: the count tells
      return { pages: page, steady: counts.size === 1, ...(count === undefined ? {} : { count }) };
  }
}

/** Templates are listed once per zone and snapshots once per store, with the same id. */
function keyOf(item: unknown): string {
  if (!isContent(item) || typeof item['id'] !== 'string') return JSON.stringify(item);
  return [item['id'], item['zoneid'], item['datastoreid']].map((part) => String(part ?? '')).join('/');
}

/** "Page size can't exceed max allowed page size value: N" (CloudStack BaseListCmd.getPageSize). */
function smallerSize(fault: unknown, size: number): number | undefined {
  if (!(fault instanceof ApiFault) || !/page\s?size/i.test(fault.text)) return undefined;
  const allowed = Number(/:\s*(\d+)/.exec(fault.text)?.[1] ?? Math.floor(size / 2));
  return allowed < size && allowed >= MIN_PAGE_SIZE ? allowed : undefined;
}
