// Builds the hosts with the packed package, as its users would. Arguments: the tarball, the folder for the results.
// The bundlers are installed once for a lock file, under ~/.cache/parlor; each build takes a few seconds.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const [tarball, out] = process.argv.slice(2);

const lock = readFileSync(join(here, "package-lock.json"));
const cache = join(homedir(), ".cache/parlor", `hosts-${createHash("sha256").update(lock).digest("hex").slice(0, 16)}`);
if (!existsSync(cache)) {
  // Under another name until it is whole: two builds may begin at once.
  const making = `${cache}.${process.pid}`;
  mkdirSync(making, { recursive: true });
  for (const name of ["package.json", "package-lock.json"]) cpSync(join(here, name), join(making, name));
  // Not `npm ci`: it refuses a lock file that leaves out the bundlers' binaries for other machines.
  execFileSync("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--silent"], { cwd: making, stdio: "inherit", timeout: 180_000 });
  if (existsSync(cache)) rmSync(making, { recursive: true });
  else renameSync(making, cache);
}

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "node_modules/parlor-widget"), { recursive: true });
for (const name of readdirSync(join(cache, "node_modules"))) symlinkSync(join(cache, "node_modules", name), join(out, "node_modules", name));
execFileSync("tar", ["-xzf", tarball, "--strip-components=1", "-C", join(out, "node_modules/parlor-widget")]);
for (const name of ["vite", "webpack", "server.mjs", "package.json"]) cpSync(join(here, name), join(out, name), { recursive: true });

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
