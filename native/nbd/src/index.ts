export { loadNativeEngine, nativeUnavailableReason } from './load-native-engine.js';
