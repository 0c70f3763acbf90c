// Run by .ci/e2e, which says in PARLOR_TEST_URL where the server will be.
import { defineConfig, devices } from "@playwright/test";
import { existsSync } from "node:fs";

const chromium = process.env.CHROME ?? ["/usr/bin/chromium", "/usr/bin/google-chrome"].find(existsSync);
const report = process.env.PARLOR_TEST_REPORT;
const needsJavaScript = /.*\.hydrate\.spec\.ts/;
const withoutJavaScript = /.*\.plain\.spec\.ts/;
// What goes over the network, what a browser keeps, and what goes between a page's script and the widget is the same on
// a phone: specs of nothing else run once. In the others the tests that are such have the tag @wire.
const wire = ["climb", "identity", "package", "plugins", "refused", "reply", "restart", "visit"].map(name => `**/${name}.hydrate.spec.ts`);
// Its host is built only where it is asked for (hosts/build.mjs): it costs minutes.
const left = process.env.PARLOR_TEST_NEXT ? [] : ["**/next.hydrate.spec.ts"];

export default defineConfig({
  testDir: "tests",
  globalSetup: "./global-setup.ts",
  outputDir: "test-results",
  // What passes only at the second try is named at the end of `make test`: it is a fault to be found.
  retries: 1,
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  // Everything that is waited for is an event: on a slow machine it may take its time.
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: report ? [["list"], ["json", { outputFile: report }]] : [["list"]],
  use: {
    baseURL: process.env.PARLOR_TEST_URL ?? "http://127.0.0.1:3000",
    // Debian's browser: nothing is downloaded. Chromium has no sandbox for root.
    launchOptions: { executablePath: chromium, args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    // Of the second try: to record every test costs a third of the processor's time.
    trace: "on-first-retry",
    screenshot: "only-on-failure",
  },
  // Every spec runs hydrated, on a phone and without JavaScript; what needs JavaScript is named *.hydrate.spec.ts, what is
  // only there without it *.plain.spec.ts.
  projects: [
    { name: "desktop", testIgnore: [withoutJavaScript, ...left], use: { ...devices["Desktop Chrome"], viewport: { width: 1280, height: 800 } } },
    { name: "phone", testIgnore: [withoutJavaScript, ...left, ...wire], grepInvert: /@wire/, use: { ...devices["Pixel 7"] } },
    { name: "no-javascript", testIgnore: needsJavaScript, use: { ...devices["Desktop Chrome"], javaScriptEnabled: false } },
  ],
});
