/**
 * As Java's URLEncoder with UTF-8 and `%20` for a space: it leaves letters, digits and `. - * _` alone, and so
 * escapes five characters more than `encodeURIComponent`.
 */
export function javaEncode(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
