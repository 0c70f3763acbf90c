// A page that the server renders, with the widget in it, and a part that runs in the browser.
import { ChatWidget } from "parlor-widget/react";
import { Shop } from "./shop";

export default function Page() {
  return (
    <main>
      <h1>A Next.js shop</h1>
      <Shop />
      <ChatWidget apiUrl="https://chat.example" launcher={false} title="In a server's component" />
    </main>
  );
}
