// Builds the hosts with the packed package, as its users would. Arguments: the tarball, the folder for the results.
// The bundlers are installed once for a lock file, under ~/.cache/parlor; each build takes a few seconds. With
// PARLOR_TEST_NEXT a Next.js application too, whose tests (next.hydrate.spec.ts) run under the same name.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const [tarball, out] = process.argv.slice(2);

/** The packages of a folder's lock file, installed once; the folder that has them. */
function installed(folder, title) {
  const lock = readFileSync(join(folder, "package-lock.json"));
  const cache = join(homedir(), ".cache/parlor", `${title}-${createHash("sha256").update(lock).digest("hex").slice(0, 16)}`);
  if (existsSync(cache)) return cache;
  // Under another name until it is whole: two builds may begin at once.
  const making = `${cache}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  for (const name of ["package.json", "package-lock.json"]) cpSync(join(folder, name), join(making, name));
  // Not `npm ci`: it refuses a lock file that leaves out the bundlers' binaries for other machines.
  // A bundler that has built leaves NODE_ENV=production behind.
  execFileSync("npm", ["install", "--include=dev", "--no-save", "--no-audit", "--no-fund", "--silent"], { cwd: making, stdio: "inherit", timeout: 600_000 });
  if (existsSync(cache)) rmSync(making, { recursive: true });
  else renameSync(making, cache);
  return cache;
}

function unpack(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", folder]);
}

const cache = installed(here, "hosts");
rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "node_modules"), { recursive: true });
for (const name of readdirSync(join(cache, "node_modules"))) symlinkSync(join(cache, "node_modules", name), join(out, "node_modules", name));
unpack(join(out, "node_modules/parlor-widget"));
for (const name of ["vite", "webpack", "typed", "server.mjs", "package.json"]) cpSync(join(here, name), join(out, name), { recursive: true });

const require = createRequire(join(out, "package.json"));
const { build } = await import(pathToFileURL(join(cache, "node_modules/vite/dist/node/index.js")).href);
await build({
  root: join(out, "vite"), base: "./", logLevel: "error", configFile: false, esbuild: { jsx: "automatic" },
  build: { outDir: join(out, "dist/vite"), emptyOutDir: true },
});

const webpack = require("webpack");
await new Promise((resolve, reject) => {
  const settings = {
    mode: "production", context: join(out, "webpack"), entry: "./main.js", performance: false,
    output: { path: join(out, "dist/webpack"), filename: "main.js" },
  };
  webpack(settings, (error, stats) => {
    if (error || stats.hasErrors()) reject(error ?? new Error(stats.toString({ errors: true })));
    else resolve();
  });
});
cpSync(join(out, "webpack/index.html"), join(out, "dist/webpack/index.html"));

// Next.js weighs 400 MB and builds for a minute, so it is only built where it is asked for.
if (process.env.PARLOR_TEST_NEXT) {
  const next = installed(join(here, "next"), "next-host");
  unpack(join(next, "node_modules/parlor-widget"));
  // Beside its packages: it follows no link out of its folder.
  const site = join(next, "site");
  rmSync(site, { recursive: true, force: true });
  for (const name of ["app", "next.config.mjs"]) cpSync(join(here, "next", name), join(site, name), { recursive: true });
  execFileSync(process.execPath, [join(next, "node_modules/next/dist/bin/next"), "build"], {
    cwd: site, stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" },
  });
  cpSync(join(site, "out"), join(out, "dist/next"), { recursive: true });
}
