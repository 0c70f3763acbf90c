import type { CSSProperties, ForwardRefExoticComponent, RefAttributes } from "react";
import type { Events, Options, Widget } from "./index.js";

type Handlers = { [Name in keyof Omit<Events, "destroy"> as `on${Capitalize<Name>}`]?: (detail: Events[Name]) => void };

export interface ChatWidgetProps extends Options, Handlers {
  /** Of the element around an inline widget. */
  className?: string;
  style?: CSSProperties;
}

export const ChatWidget: ForwardRefExoticComponent<ChatWidgetProps & RefAttributes<Omit<Widget, "destroy">>>;
