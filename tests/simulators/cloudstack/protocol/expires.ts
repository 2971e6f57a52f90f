const DATE = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d))?/;

/** How a moment may go on after its seconds; a fraction is read to the millisecond. */
const ENDINGS: readonly RegExp[] = [
  // ISO 8601 with an offset of colons, `Z` among them
  /^(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d(?::\d\d)?)$/,
  // what SimpleDateFormat calls Z
  /^()([+-]\d{4})$/,
  /^\.(\d{6})(Z|[+-]\d\d(?:\d\d)?)$/,
  // the old habit of a literal Z before the offset
  /^()Z([+-]\d{4})$/,
];

/** The moment that `expires` names, in milliseconds; `undefined` when it is written in no accepted way. */
export function parseExpires(text: string): number | undefined {
  const date = DATE.exec(text);
  if (!date) return undefined;
  for (const ending of ENDINGS) {
    const found = ending.exec(text.slice(date[0].length));
    if (!found) continue;
    const [year, month, day, hour, minute, second = '0'] = date.slice(1);
    const at = [Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)];
    const fraction = Math.floor(Number(`0.${found[1] || '0'}`) * 1000);
    const utc = Date.UTC(at[0]!, at[1]!, at[2]!, at[3]!, at[4]!, at[5]!, fraction);
    const read = new Date(utc);
    // 31 February is no date
    if (read.getUTCMonth() !== at[1] || read.getUTCDate() !== at[2] || at[3]! > 23 || at[4]! > 59)
      return undefined;
    return utc - offsetMs(found[2]!);
  }
  return undefined;
}

function offsetMs(text: string): number {
  if (text === 'Z') return 0;
  const digits = text.replaceAll(':', '').slice(1).padEnd(6, '0');
  const [hours, minutes, seconds] = [digits.slice(0, 2), digits.slice(2, 4), digits.slice(4, 6)].map(Number);
  return (text.startsWith('-') ? -1 : 1) * ((hours! * 60 + minutes!) * 60 + seconds!) * 1000;
}

/** As a date stands in answers. */
export function cloudDate(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, '+0000');
}
