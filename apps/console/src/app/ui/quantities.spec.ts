import { formatAge, formatBytes, formatDuration } from './quantities';

describe('quantities', () => {
  it('shows bytes in IEC units with three significant digits', () => {
    expect([0, 1023, 1024, 10 * 1024, 1_342_177_280, 5 * 1024 ** 4].map(formatBytes)).toEqual([
      '0 B',
      '1023 B',
      '1.00 KiB',
      '10.0 KiB',
      '1.25 GiB',
      '5.00 TiB',
    ]);
  });

  it('shows durations in at most two units', () => {
    expect([0, 850, 12_400, 59_960, 185_000, 7_800_000, 270_000_000].map(formatDuration)).toEqual([
      '0 ms',
      '850 ms',
      '12.4 s',
      '1 min',
      '3 min 5 s',
      '2 h 10 min',
      '3 d 3 h',
    ]);
  });

  it('never shows an age in the future', () => {
    expect(formatAge(-5_000)).toBe('just now');
    expect(formatAge(61_000)).toBe('1 min ago');
  });
});
