import { expect, it, vi } from 'vitest';
import { loadNativeEngine, nativeUnavailableReason } from './load-native-engine.js';
import { requireAddon } from './native-addon.js';

vi.mock('./native-addon.js', () => ({ requireAddon: vi.fn() }));

it('is undefined and says how to build it when it was not built', () => {
  vi.mocked(requireAddon).mockImplementation(() => {
    throw Object.assign(new Error('Cannot find module'), { code: 'MODULE_NOT_FOUND' });
  });
  expect(loadNativeEngine()).toBeUndefined();
  expect(nativeUnavailableReason()).toContain('npm run build:native');
});

it('is undefined and tells the loader’s words when a library is missing', () => {
  vi.mocked(requireAddon).mockImplementation(() => {
    throw Object.assign(new Error('libnbd.so.0: cannot open shared object file'), {
      code: 'ERR_DLOPEN_FAILED',
    });
  });
  expect(loadNativeEngine()).toBeUndefined();
  expect(nativeUnavailableReason()).toContain('libnbd.so.0');
});

it('is the native engine, and there is no reason, when it loads', () => {
  vi.mocked(requireAddon).mockReturnValue({ start: vi.fn() });
  expect(loadNativeEngine()?.name).toBe('native');
  expect(nativeUnavailableReason()).toBeUndefined();
});
