import { Injectable } from '@nestjs/common';

/** Ids of sessions and tokens that let nobody in any more. */
export type EndedAccess = (accessIds: readonly string[]) => void;

/** Tells whoever keeps a door open for a caller, such as the feed, that the caller's access has ended. */
@Injectable()
export class AccessEndings {
  private readonly listeners = new Set<EndedAccess>();

  onEnded(listener: EndedAccess): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Called once the transaction that ended them is committed. */
  tell(accessIds: readonly string[]): void {
    if (accessIds.length > 0) for (const listener of this.listeners) listener(accessIds);
  }
}
