// jsdom has none of these
class Observer {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
}
const missing = globalThis as { ResizeObserver?: unknown; IntersectionObserver?: unknown };
missing.ResizeObserver ??= Observer;
missing.IntersectionObserver ??= Observer;
