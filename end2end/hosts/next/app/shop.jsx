"use client";
// The address of the server and the key come from the page's own address, which only the browser knows.
import { useEffect, useState } from "react";
import { ChatWidget } from "parlor-widget/react";

export function Shop() {
  const [asked, setAsked] = useState(null);
  const [count, setCount] = useState(0);
  useEffect(() => setAsked(new URLSearchParams(location.search)), []);
  return (
    <>
      <button onClick={() => setCount(count + 1)}>
        Clicked {count} times
      </button>
      {asked && <ChatWidget apiUrl={asked.get("api")} apiKey={asked.get("key")} title="Ask the shop" plugins={[{ name: "inline" }]} />}
    </>
  );
}
