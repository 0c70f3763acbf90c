// Before the first test: a server that answers, and the first account. Whoever starts the tests need not wait for it.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { makeAdmin } from "./fixtures/users";

export default async function setup() {
  if (process.env.PARLOR_TEST_DEV) {
    // Of a development build there is nothing to finish but the widget's names.
    const finish = fileURLToPath(new URL("../.ci/finish.mjs", import.meta.url));
    execFileSync(process.execPath, [finish, "widget"], { stdio: "inherit" });
  }
  const address = process.env.PARLOR_TEST_URL ?? "http://127.0.0.1:3000";
  const until = Date.now() + 30_000;
  let last = "";
  while (Date.now() < until) {
    try {
      const answer = await fetch(`${address}/healthz`);
      if (answer.ok) return await makeAdmin(address);
      last = `answered ${answer.status}`;
    } catch (error) {
      last = String((error as Error).cause ?? error);
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error(`The server at ${address} did not become ready: ${last}`);
}
