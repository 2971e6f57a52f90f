import { redact } from '@ossea/errors';
import type { LocalizedMethodFault } from './generated/types.js';
import { isSubtype, structureOf } from './type-table.js';

/** A fault that vSphere answered: not trouble on the way, but its own refusal of a call. */
export class VimFault extends Error {
  override readonly name: string = 'VimFault';

  /**
   * @param faultName its type, `FileLocked` for instance; also one the schema does not know.
   * @param detail its decoded fields, with `$type`.
   * @param localizedMessage what vSphere says about it, for people; empty when it says nothing.
   */
  constructor(
    readonly faultName: string,
    readonly detail: unknown,
    readonly localizedMessage: string = '',
  ) {
    super(redact(localizedMessage === '' ? faultName : `${faultName}: ${localizedMessage}`));
  }

  /** Whether it is of this type or of one that extends it: `FileLocked` is a `FileFault`. */
  is(faultName: string): boolean {
    // also of one the schema does not know, it is known that it is a fault
    return (
      faultName === 'MethodFault' || this.faultName === faultName || isSubtype(this.faultName, faultName)
    );
  }

  /** The fault within a structure, of a task or of a property that could not be read. */
  static of({ fault, localizedMessage }: LocalizedMethodFault): VimFault {
    return new VimFault(fault.$type, fault, localizedMessage ?? '');
  }
}

/** Waiting for a task ended because the server has forgotten it; what it did is for the caller to find out. */
export class TaskVanished extends VimFault {
  override readonly name = 'TaskVanished';
}

/**
 * The type of a fault in the detail of a SOAP fault: its `xsi:type`, or else its element, which is called as the type
 * with `Fault` behind it (vim.wsdl: `InvalidLoginFault`, and `FileFaultFault` for `FileFault`).
 */
export function faultNameOf(element: string, xsiType: string | undefined): string {
  if (xsiType !== undefined && xsiType !== '') return xsiType;
  const stripped = element.replace(/Fault$/, '');
  // some servers leave the suffix out, and then the name's own `Fault` must stay
  return stripped === '' || (structureOf(element) && !structureOf(stripped)) ? element : stripped;
}
