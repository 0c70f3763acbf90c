// A model server to test against: OpenAI Chat Completions on 127.0.0.1, every fault on demand. Needs Node 20, no package.
//
//   node end2end/upstream/server.mjs [--port N] [--keep]
//
// It prints `listening http://127.0.0.1:PORT/v1` when it is ready and exits when its standard input closes, so that a
// killed test leaves none behind; with --keep it stays.
//
// Unscripted, it answers the last message with a short Markdown reply about it, word by word, the same every time.
// A script says otherwise: as the model's name, `script:tokens=100&delay=20`, or anywhere in the last message,
// `[[script:tokens=100&delay=20]]`; the part after the colon is a query string or a JSON object of
//
//   text=…       the reply                     tokens=N       or N words: t0 t1 t2 …
//   stamp=1      or words `t<index>@<microseconds since 1970 when it was sent>;`
//   delay=MS     between words (10; 0 = as fast as it is read)         first=MS  before the first one (0)
//                each stream has its own phase of it from the second word on
//   chunk=N      bytes of a write; 1 cuts every character in pieces    eol=lf|crlf|cr|mixed
//   reasoning=reasoning_content|reasoning|inline|mistral   thinks first, in that dialect
//   usage=every  with each chunk instead of once at the end
//   fault=…      one of FAULTS below, or a status (404), with retry_after, retry_after_ms, should_retry as its headers
//   at=N         after so many words, for a fault in the middle (half of them)
//   times=N      only for the first N requests with this script; later ones go well
//
// GET /control/requests tells what came and whether the client left early; POST /control/reset forgets it.

import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

// What no answer of Parlor may ever show.
const SECRET = 'upstream-body-do-not-show';
const REASONING = ['Let', ' me', ' think', ' 漢字', ' 👩‍👩‍👧‍👦', '.'];
const KEPT_RECORDS = 500;

let records = [];
let count = 0;
let uses = new Map();

// performance.now() has microseconds; it is set against the wall clock when that ticks.
let epoch;
function setClock() {
  const now = Date.now();
  let tick;
  while ((tick = Date.now()) === now);
  epoch = tick - performance.now();
}
setClock();
const microseconds = () => Math.round((epoch + performance.now()) * 1000);

const never = (res) => new Promise((resolve) => (res.destroyed ? resolve() : res.once('close', resolve)));

// Faults instead of an answer.
const REFUSALS = {
  html: ({ res }) => res.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>${SECRET}</title>`),
  html_error: ({ res }) => res.writeHead(502, { 'content-type': 'text/html' }).end(`<html><h1>502 ${SECRET}</h1></html>`),
  redirect: ({ res }) => res.writeHead(302, { location: `http://127.0.0.1:9/${SECRET}` }).end(),
  gzip: ({ res }) => res.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }).end(),
  empty: ({ res }) => res.writeHead(200, { 'content-type': 'text/event-stream' }).end(),
  quota: ({ res }) => refuse(res, 429, { type: 'insufficient_quota', code: 'insufficient_quota' }),
  too_long: ({ res }) => refuse(res, 400, { type: 'exceed_context_size_error', code: 400, n_ctx: 8 }),
  json_error: ({ res }) => json(res, 200, { error: SECRET }),
  hang_headers: ({ res }) => never(res),
  reset_first: ({ res }) => res.socket.resetAndDestroy(),
  no_stream_options: (call) => unknown(call, 'stream_options', `Unknown parameter: 'stream_options'. ${SECRET}`),
  no_max_tokens: (call) => unknown(call, 'max_tokens', "Use 'max_completion_tokens' instead of 'max_tokens'."),
};

// Faults in the middle of a stream. True: the stream goes on after it.
const BREAKS = {
  cut: ({ res }) => res.socket.destroySoon(),
  reset: async ({ res }) => { await sleep(30); res.socket?.resetAndDestroy(); },
  no_end: ({ res }) => res.end(),
  hang_middle: ({ res }) => never(res),
  bad_json: async ({ put, res }) => { await put(`data: {"choices":[{"delta":{"content":"${SECRET}`); await put('\n\n'); await never(res); },
  error_in_stream: async ({ send, res }) => { await send({ error: { message: SECRET, code: 500 } }); res.end(); },
  error_text: async ({ send, res }) => { await send({ error: SECRET }); res.end(); },
  error_line: async ({ put, res }) => { await put(`error: {"code":500,"message":"${SECRET}"}\n\n`); res.end(); },
  error_event: async ({ put, res }) => { await put(`event: error\ndata: {"message":"${SECRET}"}\n\n`); res.end(); },
  finish_error: async ({ send, chunk, res }) => { await send(chunk({}, 'error')); res.end(); },
  endless_line: async ({ put, res }) => {
    await put('data: {"choices":[{"delta":{"content":"');
    const piece = 'x'.repeat(64 * 1024);
    while (!res.destroyed) await put(piece);
  },
  // A byte now and then keeps the connection alive and says nothing.
  drip: async ({ put, res }) => { for (;;) { await put(':'); await sleep(20); if (res.destroyed) return; } },
  foreign: async ({ put }) => {
    await put(': comment\n\nevent: execute\ndata: {"type":"execute","__proto__":{"polluted":true}}\n\ndata: 7\n\ndata:\n\n');
    return true;
  },
};

// Faults of the end.
const ENDS = {
  no_done: ({ res }) => res.end(),
  done_without_blank: ({ res }) => res.end('data: [DONE]'),
  hang_end: ({ res }) => never(res),
  reset_end: async ({ res }) => { await sleep(30); res.socket?.resetAndDestroy(); },
};

// The rest is handled where it happens.
const OTHERS = ['hang_first', 'document'];
const FAULTS = [...Object.keys(REFUSALS), ...Object.keys(BREAKS), ...Object.keys(ENDS), ...OTHERS];

function json(res, status, value, headers = {}) {
  res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}

function refuse(res, status, error = {}, headers = {}) {
  json(res, status, { error: { message: SECRET, type: 'error', code: null, ...error } }, headers);
}

function unknown({ res, body, next }, parameter, message) {
  return parameter in body ? refuse(res, 400, { message, param: parameter }) : next();
}

function readScript(model, message) {
  const source = /^script:(.*)$/s.exec(model)?.[1] ?? /\[\[script:(.*?)\]\]/s.exec(message)?.[1];
  if (source === undefined) return { source: '', script: {} };
  const script = source.startsWith('{') ? JSON.parse(source) : Object.fromEntries(new URLSearchParams(source));
  if (script.status !== undefined) script.fault = script.status;
  return { source, script };
}

const textOf = (content) =>
  typeof content === 'string' ? content : (content ?? []).map((part) => part.text ?? '').join('');

function conversation(messages) {
  const plain = ({ content }) => textOf(content).replaceAll(/\[\[script:.*?\]\]/gs, '').trim();
  const spoken = messages.filter(({ role }) => role === 'user').map(plain);
  const last = spoken.at(-1) ?? '';
  const words = last.match(/\S+/g) ?? [];
  return [
    `You wrote: “${last}”`,
    `That is message ${spoken.length} of this chat, with **${words.length} ${words.length === 1 ? 'word' : 'words'}**:`,
    words.slice(0, 5).map((word, index) => `${index + 1}. ${word}`).join('\n'),
    'The first message was:',
    `\`\`\`text\n${spoken[0] ?? ''}\n\`\`\``,
    'Ask me anything else — 漢字, עברית and 👩‍👩‍👧‍👦 are welcome.',
  ].join('\n\n');
}

function* wordsOf(script, messages) {
  if (script.stamp !== undefined || script.tokens !== undefined) {
    const tokens = Number(script.tokens ?? 100);
    for (let index = 0; index < tokens; index++) {
      yield script.stamp !== undefined ? `t${index}@${microseconds()};` : `t${index} `;
    }
  } else {
    yield* (script.text ?? conversation(messages)).match(/\s*\S+|\s+$/g) ?? [];
  }
}

function lengthOf(script, messages) {
  return script.stamp !== undefined || script.tokens !== undefined
    ? Number(script.tokens ?? 100)
    : [...wordsOf(script, messages)].length;
}

const EOLS = { lf: ['\n'], crlf: ['\r\n'], cr: ['\r'], mixed: ['\r\n', '\n', '\r'] };

async function complete(req, res, body, record) {
  const messages = body.messages ?? [];
  const { source, script } = readScript(String(body.model ?? ''), textOf(messages.at(-1)?.content));
  record.script = source;
  const used = (uses.get(source) ?? 0) + 1;
  uses.set(source, used);
  const fault = script.fault !== undefined && used <= Number(script.times ?? Infinity) ? String(script.fault) : undefined;
  if (fault === undefined) return answer(undefined, script, messages, res, body, record);
  if (/^\d{3}$/.test(fault)) {
    const headers = {};
    for (const name of ['retry_after', 'retry_after_ms']) {
      if (script[name] !== undefined) headers[name.replaceAll('_', '-')] = script[name];
    }
    if (script.should_retry !== undefined) headers['x-should-retry'] = script.should_retry;
    return refuse(res, Number(fault), {}, headers);
  }
  if (!FAULTS.includes(fault)) return refuse(res, 400, { message: `no such fault: ${fault}` });
  const refusal = REFUSALS[fault];
  if (refusal) return refusal({ res, body, next: () => answer(undefined, script, messages, res, body, record) });
  return answer(fault, script, messages, res, body, record);
}

async function answer(fault, script, messages, res, body, record) {
  const id = `chatcmpl-${record.n}`;
  const base = { id, created: Math.floor(Date.now() / 1000), model: body.model };
  const total = lengthOf(script, messages);
  const usage = (output) => {
    const input = messages.reduce((sum, { content }) => sum + (textOf(content).match(/\S+/g) ?? []).length, 0);
    return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
  };
  if (body.stream !== true || fault === 'document') {
    const message = { role: 'assistant', content: [...wordsOf(script, messages)].join('') };
    return json(res, 200, { ...base, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }], usage: usage(total) });
  }

  const eols = EOLS[script.eol ?? 'lf'];
  const size = script.chunk === undefined ? Infinity : parseInt(script.chunk, 10);
  let frames = 0;
  const write = (data) => (res.write(data) ? undefined : new Promise((resolve) => { res.once('drain', resolve); res.once('close', resolve); }));
  const put = (text) => (size === Infinity ? write(text) : cut(text));
  const cut = async (text) => {
    const bytes = Buffer.from(text);
    for (let start = 0; start < bytes.length && !res.destroyed; start += size) {
      await write(bytes.subarray(start, start + size));
      await new Promise(setImmediate);
    }
  };
  const line = () => eols[frames++ % eols.length];
  const send = (value) => put(`data: ${typeof value === 'string' ? value : JSON.stringify(value)}${line()}${line()}`);
  const chunk = (delta, finish_reason = null, more = {}) =>
    ({ ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }], ...more });
  const call = { res, put, send, chunk };

  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  res.flushHeaders();
  if (fault === 'hang_first') return never(res);
  await send(chunk({ role: 'assistant', content: null }));
  if (script.reasoning !== undefined) {
    const open = script.reasoning === 'inline' ? ['<th', 'ink>'] : [];
    const close = script.reasoning === 'inline' ? ['</thi', 'nk>', '\n\n'] : [];
    for (const text of [...open, ...REASONING, ...close]) {
      await send(chunk({
        inline: () => ({ content: text }),
        mistral: () => ({ content: [{ type: 'thinking', thinking: [{ type: 'text', text }] }] }),
      }[script.reasoning]?.() ?? { [script.reasoning]: text, content: null }));
    }
  }

  const delay = Number(script.delay ?? 10);
  const at = Number(script.at ?? Math.floor(total / 2));
  const start = performance.now() + Number(script.first ?? 0);
  // Streams that began at once do not send at once for ever.
  const phase = delay ? (record.n * 7) % delay : 0;
  // A plain word's frame around its text: ten thousand of them a second are not each worth a JSON.stringify.
  const [head, tail] = JSON.stringify(chunk({ content: 0 })).split('"content":0');
  const isPlain = script.reasoning !== 'mistral' && script.usage !== 'every';
  let sent = 0;
  const words = wordsOf(script, messages);
  for (;;) {
    if (BREAKS[fault] && sent === at && (await BREAKS[fault](call)) !== true) return;
    if (sent === total) break;
    // Against the clock and not one after the other, so that the rate holds whatever a write costs.
    const wait = start + sent * delay + (sent ? phase : 0) - performance.now();
    if (wait > 0) await sleep(wait);
    if (res.destroyed) return;
    const content = words.next().value;
    const frame = () => {
      if (isPlain) return `${head}"content":${JSON.stringify(content)}${tail}`;
      const more = script.usage === 'every' ? { usage: usage(sent + 1) } : {};
      return chunk({ content: script.reasoning === 'mistral' ? [{ type: 'text', text: content }] : content }, null, more);
    };
    const pending = send(frame());
    record.tokens = ++sent;
    if (pending) await pending;
  }
  await send(chunk({}, 'stop'));
  if (body.stream_options?.include_usage) await send({ ...base, object: 'chat.completion.chunk', choices: [], usage: usage(total) });
  if (ENDS[fault]) return ENDS[fault](call);
  await send('[DONE]');
  res.end();
}

async function read(req) {
  const pieces = [];
  for await (const piece of req) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

async function serve(req, res) {
  const path = req.url.split('?')[0];
  if (path === '/control/requests') {
    return json(res, 200, { count, open: records.filter(({ open }) => open).length, requests: records });
  }
  if (path === '/control/reset') {
    [records, count, uses] = [[], 0, new Map()];
    setClock();
    return json(res, 200, {});
  }
  if (path === '/v1/models') {
    return json(res, 200, { object: 'list', data: [{ id: 'parlor-test', object: 'model', created: 0, owned_by: 'parlor' }] });
  }
  if (path !== '/v1/chat/completions' || req.method !== 'POST') return refuse(res, 404);
  let body;
  try {
    body = JSON.parse(await read(req));
  } catch {
    return refuse(res, 400);
  }
  const record = {
    n: ++count, port: req.socket.remotePort, model: body.model, script: '', authorization: req.headers.authorization ?? null, body,
    tokens: 0, open: true, finished: false, disconnected: false,
  };
  records.push(record);
  if (records.length > KEPT_RECORDS) records.shift();
  res.on('close', () => {
    record.open = false;
    record.finished = res.writableFinished;
    record.disconnected = !res.writableFinished;
  });
  await complete(req, res, body, record);
}

const server = createServer({ noDelay: true, keepAliveTimeout: 60_000, requestTimeout: 0 }, (req, res) => {
  serve(req, res).catch((error) => {
    console.error(error);
    res.destroy();
  });
});
const flag = process.argv.indexOf('--port');
server.listen(flag < 0 ? 0 : Number(process.argv[flag + 1]), '127.0.0.1', 4096, () => {
  console.log(`listening http://127.0.0.1:${server.address().port}/v1`);
});
if (!process.argv.includes('--keep')) process.stdin.resume().on('end', () => process.exit()).on('error', () => process.exit());
