// Two pages that call each other's functions through a port that only they have. What passes is a copy. A function
// passes as a number and comes out as one that answers a promise; the other side can call those and nothing else.
import { cloneSafe } from "./clone.js";

/** How long an answer is waited for, in milliseconds. */
export const PATIENCE = 60_000;
/** How deep in what is passed functions are found: `[{ options: { transport: { send } } }]`. */
const DEPTH = 4;

/** What an answer has in the place of a function's number. */
const GOOD = -1;
const BAD = -2;

const isPlain = value => Array.isArray(value) || [null, Object.prototype].includes(Object.getPrototypeOf(value));

/** What of an error says how it is to be taken; what a page has put on the prototype of everything says nothing. */
function faultOf(error) {
  const fault = { message: String(error?.message ?? error) };
  for (const name of ["name", "status", "code"]) {
    const value = error?.[name];
    if (["string", "number"].includes(typeof value) && value !== Object.prototype[name]) fault[name] = value;
  }
  return fault;
}

/** `pack` makes of a value what can be posted, `unpack` makes a value of that; `end` ends what is still waited for. */
export function connect(port, patience = PATIENCE) {
  const kept = new Map(); // by number
  const numbers = new Map();
  const waiting = new Map();
  let calls = 0;
  let isOver = false;

  const numberOf = act => {
    if (!numbers.has(act)) {
      kept.set(kept.size, act);
      numbers.set(act, numbers.size);
    }
    return numbers.get(act);
  };

  const pack = value => {
    const functions = [];
    const walk = (value, path) => {
      if (typeof value === "function") {
        functions.push([path, numberOf(value)]);
        return undefined;
      }
      if (!value || typeof value !== "object" || path.length >= DEPTH || !isPlain(value)) return cloneSafe(value);
      const copy = Array.isArray(value) ? [] : { __proto__: null };
      for (const key of Object.keys(value)) copy[key] = walk(value[key], [...path, key]);
      return copy;
    };
    return [walk(value, []), functions];
  };

  const unpack = ([value, functions]) => {
    for (const [path, number] of functions) {
      const act = remote(number);
      const last = path.pop();
      if (last === undefined) return act;
      const place = path.reduce((at, key) => at[key], value);
      Object.defineProperty(place, last, { __proto__: null, value: act, enumerable: true, configurable: true, writable: true });
    }
    return value;
  };

  const settle = (id, outcome, value) => {
    const call = waiting.get(id);
    if (!call) return; // too late
    waiting.delete(id);
    clearTimeout(call.timer);
    if (outcome === GOOD) call.resolve(value);
    else call.reject(Object.assign(new Error(value.message), value));
  };

  const remote = number => (...values) =>
    new Promise((resolve, reject) => {
      if (isOver) throw new Error("the other page is gone");
      const packed = pack(values);
      const id = ++calls;
      const timer = setTimeout(() => settle(id, BAD, { message: `no answer within ${patience / 1000} s` }), patience);
      waiting.set(id, { resolve, reject, timer });
      port.postMessage([number, id, packed]);
    });

  port.onmessage = async ({ data: [number, id, packed] }) => {
    if (number < 0) return settle(id, number, unpack(packed));
    let answer;
    try {
      answer = [GOOD, id, pack(await kept.get(number)(...unpack(packed)))];
    } catch (error) {
      answer = [BAD, id, pack(faultOf(error))];
    }
    if (!isOver) port.postMessage(answer);
  };

  return {
    pack,
    unpack,
    end() {
      isOver = true;
      port.close();
      for (const id of [...waiting.keys()]) settle(id, BAD, { message: "the other page is gone" });
    },
  };
}
