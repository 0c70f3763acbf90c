// Runs the program that one of our own in bin/ stands before on the PATH; ends this one where it fails.
const { spawnSync } = require("node:child_process");
const { accessSync, constants, realpathSync } = require("node:fs");
const { delimiter, dirname, join } = require("node:path");

const self = realpathSync(process.argv[1]);
function isReal(file) {
  try {
    accessSync(file, constants.X_OK);
    return realpathSync(file) !== self;
  } catch {
    return false;
  }
}

module.exports = function tool(name, args) {
  const found = process.env.PATH.split(delimiter).map(folder => join(folder, name)).find(isReal);
  if (!found) {
    console.error(`build: ${name} is not on the PATH behind ${dirname(self)}; run .ci/setup build`);
    process.exit(1);
  }
  const { status } = spawnSync(found, args, { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
};
