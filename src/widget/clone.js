// Copies for those who must not change what they are shown.

const isPlain = value => Array.isArray(value) || [null, Object.prototype].includes(Object.getPrototypeOf(value));

/** A deep copy. Functions and what else cannot be copied are left out. */
export function cloneSafe(value, depth = 0) {
  if (value === null || typeof value !== "object") return ["function", "symbol"].includes(typeof value) ? undefined : value;
  try {
    return structuredClone(value);
  } catch {
    if (depth > 8) return undefined;
    if (value instanceof Error) return { name: value.name, message: value.message, status: value.status, code: value.code };
    // Elements and the like lead to half of the page.
    if (!isPlain(value)) return undefined;
    if (Array.isArray(value)) return value.map(item => cloneSafe(item, depth + 1));
    const copy = {};
    for (const key of Object.keys(value)) {
      // Defined, not assigned: a key `__proto__` is a key.
      Object.defineProperty(copy, key, {
        __proto__: null,
        value: cloneSafe(value[key], depth + 1),
        enumerable: true, configurable: true, writable: true,
      });
    }
    return copy;
  }
}
