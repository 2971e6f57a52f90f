import { expect, it } from 'vitest';
import { EnrolmentLimits } from './enrolment-limits.js';

const throttled = expect.objectContaining({ code: 'access.throttled' }) as unknown as Error;

it('lets a network try ten times within any minute, and all together sixty times', () => {
  const limits = new EnrolmentLimits({ enrolmentsPerMinute: 10, enrolmentsInAllPerMinute: 60 });
  for (let i = 0; i < 10; i += 1) limits.count('192.0.2.1', i * 1_000);
  expect(() => limits.count('::ffff:192.0.2.1', 10_000)).toThrow(throttled);
  // the first one is a minute ago: one more, not ten
  limits.count('192.0.2.1', 60_000);
  expect(() => limits.count('192.0.2.1', 60_500)).toThrow(throttled);

  for (let i = 0; i < 50; i += 1) limits.count(`198.51.100.${i}`, 60_500);
  expect(() => limits.count('203.0.113.1', 60_500)).toThrow(throttled);
  limits.count('203.0.113.1', 120_500);
});

it('takes a subscriber’s whole IPv6 network for one', () => {
  const limits = new EnrolmentLimits({ enrolmentsPerMinute: 1, enrolmentsInAllPerMinute: 60 });
  limits.count('2001:db8:1:2::1', 0);
  expect(() => limits.count('2001:db8:1:2:ffff::9', 1)).toThrow(throttled);
  limits.count('2001:db8:1:3::1', 2);
});
