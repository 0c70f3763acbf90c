/** A message as the server has it, with its names; `metadata` and `rich` are data, never markup. */
export interface Message {
  id: string;
  author: "visitor" | "bot" | "agent" | (string & {});
  /** Markdown. */
  content: string;
  state: "streaming" | "complete" | "stopped" | "interrupted" | "failed" | (string & {});
  parent_id?: string | null;
  [field: string]: unknown;
}

export type ConnectionState = "connecting" | "open" | "reconnecting" | "offline" | "closed";

/** What the panel gives to a transport of the page's own. */
export interface TransportContext {
  conversationId: string | null;
  /** The seq of the last event that the panel has. */
  after: number;
  /** The visitor's token. */
  token: string;
  /** An event as the server's event stream has it. */
  onEvent(event: unknown): void;
  onState(state: ConnectionState): void;
}

export interface Transport {
  start(context: TransportContext): void;
  stop(): void;
  /**
   * Absent: the panel sends by HTTP. Resolves to what the server answers to a send. Rejects with an error that has a
   * `status` from 400 on where the message was refused; any other error: it is tried again.
   */
  send?(message: Outgoing & { conversation_id?: string }): Promise<unknown>;
}

export interface TransportOptions {
  /** The first wait before another try, and the longest, in milliseconds. */
  backoffBaseMs?: number;
  backoffMaxMs?: number;
  pollIntervalMs?: number;
  /** How often a WebSocket pings, in milliseconds: 15,000 to 25,000. */
  heartbeatMs?: number;
  webSocketUrl?: string;
  headers?: Record<string, string>;
}

/** A message on its way to the server. */
export interface Outgoing {
  client_id?: string;
  content: string;
  files?: string[];
  metadata?: Record<string, unknown>;
  [field: string]: unknown;
}

export interface SendError {
  message: string;
  status?: number;
  code?: string;
}

/** What took how long: `ms` counts from the visitor's act, `at` is milliseconds since 1970. */
export interface Telemetry {
  name: "loaded" | "opened" | "first_paint" | "sent" | "first_token" | "reconnected";
  ms: number;
  at: number;
}

type Maybe<T> = T | undefined | void | Promise<T | undefined | void>;

/** Hooks are called in the order of the array, each with copies; what one throws is reported and stops nothing else. */
export interface Plugin {
  name?: string;
  onInit?(): Maybe<unknown>;
  onWidgetMount?(): Maybe<unknown>;
  onWidgetUnmount?(): Maybe<unknown>;
  onWidgetOpen?(): Maybe<unknown>;
  onWidgetClose?(): Maybe<unknown>;
  /** Change the message, answer it in the server's place, or stop it. */
  onBeforeSend?(payload: Outgoing): Maybe<{ payload?: Outgoing; response?: unknown; abort?: boolean | string }>;
  onAfterSend?(payload: Outgoing, response: unknown): Maybe<unknown>;
  /** Have it sent again: at most three times a message, all plugins together. */
  onSendError?(error: SendError, payload: Outgoing): Maybe<{ retry?: boolean; waitMs?: number; payload?: Outgoing }>;
  /** Of the past, each that comes, and each reply when it is complete; one that is left out is not shown. */
  onMessages?(messages: Message[]): Maybe<Message[] | { messages: Message[] }>;
  onConnectionEvent?(event: { state: string; transport?: string; reason?: string }): Maybe<unknown>;
  onTelemetry?(event: Telemetry): Maybe<unknown>;
  /** What goes into `Authorization` as a bearer token; `refresh` is true after a refusal. */
  authToken?(refresh?: boolean): string | Promise<string>;
}

export interface Options {
  /** The server's origin, or one of its addresses such as `https://host/chat`. */
  apiUrl: string;
  /** The site's public key. */
  apiKey?: string;
  title?: string;
  /** Markdown, said first. */
  welcomeMessage?: string;
  inputPlaceholder?: string;
  position?: "left" | "right";
  theme?: "auto" | "light" | "dark";
  /** A CSS colour. */
  accentColor?: string;
  /** The same. */
  primaryColor?: string;
  defaultOpen?: boolean;
  /** A language tag; absent: the site's, else the visitor's. */
  locale?: string;
  /** What the page says of the visitor; nobody checks it. */
  userIdentifier?: Record<string, unknown>;
  /** Signed by the site's own server. */
  userToken?: string | (() => Promise<string>);
  /** For sites whose visitors have accounts: a token of the page's own. */
  authToken?: string | ((refresh?: boolean) => string | Promise<string>);
  /** Asked for another token when `authToken` was refused. */
  refreshAuthToken?: () => string | Promise<string>;
  context?: Record<string, unknown>;
  transport?: "auto" | "websocket" | "sse" | "polling" | Transport | ((options: TransportOptions & { apiUrl: string }) => Transport);
  transportOptions?: TransportOptions;
  pollIntervalMs?: number;
  upload?: "on" | "off";
  uploadUrl?: string;
  mode?: "floating" | "inline";
  /** Whether there is a launcher; without one the page opens the panel. */
  launcher?: boolean | "on" | "off";
  plugins?: Plugin[];
  /** Where the wasm is, for bundlers that do not find it themselves. */
  wasmUrl?: string | URL;
  /** Where the second part of the wasm is; beside the first where that is given. */
  laterUrl?: string | URL;
}

export interface Events {
  ready: undefined;
  open: undefined;
  close: undefined;
  /** A message of the server's side, when it is complete. */
  message: { id: string; author: string; text: string };
  sent: { payload: Outgoing; response: unknown; at: number };
  error: { message: string; status?: number };
  connection: { state: "idle" | "connecting" | "live" | "lost"; transport: string };
  unread: number;
  identity: { clientId: string };
  handoff: { answering: "bot" | "human" | "paused" };
  telemetry: Telemetry;
  destroy: undefined;
}

export interface Widget {
  /** Resolves to whether the panel could be had. */
  open(): Promise<boolean>;
  close(): void;
  toggle(): void;
  /** Resolves to whether the panel has taken the text. */
  send(text: string): Promise<boolean>;
  /** An object: what the page says. A text: a token signed by the site's server. */
  setUser(user: Record<string, unknown> | string | null): void;
  setContext(context: Record<string, unknown>): void;
  /** Answers the function that ends it. */
  on<Name extends keyof Events>(event: Name, listener: (detail: Events[Name]) => void): () => void;
  off<Name extends keyof Events>(event: Name, listener?: (detail: Events[Name]) => void): void;
  /** Makes the visitor a new one. */
  reset(): Promise<boolean>;
  destroy(): void;
}

export const version: string;
export function mount(target: string | Element | null | undefined, options: Options): Widget;
export function attach(host: HTMLElement, options: Options): Widget;
export function rotateIdentity(): Promise<boolean>;

export class AbortSendError extends Error {}
export function cloneSafe<T>(value: T): T;
export function createLoggingPlugin(options?: { log?: (event: string, detail?: unknown) => void; texts?: boolean }): Plugin;
export function createTracingPlugin(options?: {
  makeId?: () => string;
  onTrace?: (traceId: string, step: "sent" | "stored" | "answered") => void;
}): Plugin;
export function createAuthTokenRefresherPlugin(options: {
  getToken: (refresh: boolean) => string | Promise<string>;
  isAuthError?: (error: SendError) => boolean;
  waitMs?: number;
}): Plugin;
