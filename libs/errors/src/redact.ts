const SECRET_NAME =
  /(pass(word|wd|phrase)?|secret|token|api[-_]?key|private[-_]?key|authorization|cookie|pairing[-_]?code)/i;
const MASK = '[redacted]';

/** Masks what looks like a credential in free text: URL user-info, `name=value` pairs, bearer tokens, PEM blocks. */
export function redact(text: string): string {
  return text
    .replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g, MASK)
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s/:@]+):[^\s/@]+@/gi, `$1:${MASK}@`)
    .replace(/\b(bearer|basic)\s+[a-z0-9._~+/=-]{8,}/gi, `$1 ${MASK}`)
    .replace(/(\bkey=(?:password|cookie)[\w-]*,\s*value=).*$/gim, `$1${MASK}`)
    .replace(
      // a value in quotes may hold anything but that quote; one without ends at the first blank or sign
      /(["']?)([\w-]*(?:pass(?:word|wd|phrase)?|secret|token|api[-_]?key|private[-_]?key|pairing[-_]?code|cookie|soap_session))\1(\s*[=:]\s*)(?:"[^"\n]+"|'[^'\n]+'|[^\s"',;&}]+)/gi,
      (all, quote: string, name: string, sign: string) => {
        const closing = /["']$/.exec(all)?.[0] ?? '';
        return `${quote}${name}${quote}${sign}${closing}${MASK}${closing}`;
      },
    );
}

/** A deep copy in which every value under a secret-looking name is masked. */
export function redactDeep(value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map(redactDeep);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, SECRET_NAME.test(name) ? MASK : redactDeep(inner)]),
  );
}
