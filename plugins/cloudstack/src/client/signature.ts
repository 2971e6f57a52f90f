import { createHmac } from 'node:crypto';

/**
 * A value as Java's `URLEncoder.encode(…, "UTF-8")` writes it, with `%20` for the blank: what CloudStack puts into the
 * text that is signed. Java leaves letters, digits and `. - * _`; `encodeURIComponent` leaves five more.
 */
export function javaEncode(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * The text that is signed (CloudStack ApiServer.verifyRequest): the parameters by their raw names in the order of
 * UTF-16 code units, values encoded and names not, all of it in lower case at the end.
 *
 * The names must not be lower-cased before they are sorted, though CloudStack's documentation says so: the server sorts
 * first, and `details[0].UEFI` stands before `details[0].cpuNumber`.
 * @param parameters every parameter of the request, `apikey` and `expires` among them; `signature` is left out.
 */
export function stringToSign(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .filter(([name]) => name.toLowerCase() !== 'signature')
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}=${javaEncode(value)}`)
    .join('&')
    .toLowerCase();
}

/** The signature of a request, in Base64: HMAC-SHA1 with the secret key (CloudStack ApiServer.verifyRequest). */
export function sign(parameters: Readonly<Record<string, string>>, secretKey: string): string {
  return createHmac('sha1', secretKey).update(stringToSign(parameters), 'utf8').digest('base64');
}
