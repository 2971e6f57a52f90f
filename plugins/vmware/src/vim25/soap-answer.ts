import { MigrationError } from '@ossea/errors';
import { decodeRepeated, decodeValue } from './decode.js';
import { methodOf, structureOf } from './type-table.js';
import { VimFault, faultNameOf } from './vim-fault.js';
import { childOf, type XmlElement } from './xml-reader.js';

/**
 * The result of a call in the envelope that was answered; nothing for a method without one, and for an optional one
 * that is empty. Throws the `VimFault` it holds, or `peer.protocol`.
 */
export function decodeAnswer(envelope: XmlElement, method: string): unknown {
  const body = childOf(envelope, 'Body');
  const [answer] = body?.children ?? [];
  if (envelope.name !== 'Envelope' || !answer)
    throw new MigrationError('peer.protocol', `The answer to ${method} is not a SOAP envelope.`);
  if (answer.name === 'Fault') throw faultOf(answer);
  if (answer.name !== `${method}Response`)
    throw new MigrationError('peer.protocol', `The answer to ${method} is one to something else.`);
  const { result } = methodOf(method);
  if (!result) return undefined;
  const values = answer.children.filter(({ name }) => name === 'returnval');
  if (result.array) return decodeRepeated(values, result.code);
  const [value] = values;
  if (value) return decodeValue(value, result.code);
  if (result.optional) return undefined;
  throw new MigrationError('peer.protocol', `The answer to ${method} lacks its result.`);
}

/** A SOAP 1.1 fault: vim25's own fault is the one element of its detail. */
function faultOf(fault: XmlElement): VimFault {
  const message = childOf(fault, 'faultstring')?.text.trim() ?? '';
  const [detail] = childOf(fault, 'detail')?.children ?? [];
  if (!detail) {
    const code = childOf(fault, 'faultcode')?.text.trim() ?? '';
    return new VimFault(code.slice(code.indexOf(':') + 1) || 'SystemError', undefined, message);
  }
  const name = faultNameOf(detail.name, detail.xsiType);
  const typed = { ...detail, xsiType: structureOf(name) ? name : (detail.xsiType ?? name) };
  return new VimFault(name, decodeValue(typed, 'MethodFault', true), message);
}
