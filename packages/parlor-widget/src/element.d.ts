import type { Options, Widget } from "./index.js";

export interface ParlorChat extends Omit<Widget, "destroy"> {}
export class ParlorChat extends HTMLElement {
  widget: Widget | undefined;
  options: Partial<Options> | undefined;
}
export function defineElement(name?: string): void;

declare global {
  interface HTMLElementTagNameMap {
    "parlor-chat": ParlorChat;
  }
}
