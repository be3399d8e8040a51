// node run.mjs DISTRIBUTION CELLS.py: the cells come as JSON on stdin, what they show goes out as JSON.
// Nothing is fetched: what is not in the distribution's folder can't be imported.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, runner] = process.argv.slice(2);
globalThis.fetch = async (url) => {
  throw new Error(`fetch of ${url}: this test has no network`);
};
const { loadPyodide } = await import(pathToFileURL(join(folder, "pyodide.mjs")));
const python = await loadPyodide({
  indexURL: folder + "/",
  packages: ["managed-agents-cookbook", "ipython", "ipywidgets"],
});
python.FS.mkdirTree("/drive");
python.FS.chdir("/drive");
python.runPython(readFileSync(runner, "utf-8"));
const cells = python.toPy(JSON.parse(readFileSync(0, "utf-8")));
const told = await python.globals.get("executed")(cells);
process.stdout.write("\n" + JSON.stringify(told.toJs({ dict_converter: Object.fromEntries })) + "\n");
process.exit(0);
