// On the server side the package is imported as any other.
import { version } from "parlor-widget";

export const metadata = { title: "A Next.js shop", icons: { icon: "data:," }, other: { "parlor-widget": version } };

export default function Layout({ children }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
