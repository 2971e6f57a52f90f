import { z } from 'zod';

/** Query of every list: `cursor` comes from the page before. */
export const ListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(200).optional(),
});
export type ListQuery = z.infer<typeof ListQuery>;

/** A page of a list; `page.next` is absent on the last one. */
export function pageOf<T extends z.ZodType>(item: T, id: string) {
  return z.object({ items: z.array(item), page: z.object({ next: z.string().optional() }) }).meta({ id });
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly page: { readonly next?: string };
}
