// node web/build.mjs OUT.c: checks the types of web/src, bundles it, and writes its files as a table of C (api/assets.h).
// web/made/records.ts is made first, from docs/reference/api.json. The same sources give the same bytes.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { callsOf, recordsOf, wordsOf } from "./records.mjs";

const web = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];

function writeRecords() {
  const api = JSON.parse(readFileSync(join(web, "..", "docs", "reference", "api.json"), "utf8"));
  const wanted = recordsOf(api) + callsOf(api) + wordsOf(api);
  const path = join(web, "made", "records.ts");
  mkdirSync(dirname(path), { recursive: true });
  if (!existsSync(path) || readFileSync(path, "utf8") !== wanted) {
    writeFileSync(path, wanted);
  }
}

function checkTypes() {
  const done = spawnSync(join(web, "node_modules", ".bin", "tsc"), ["-p", web], { stdio: "inherit" });
  if (done.status !== 0) {
    process.exit(1);
  }
}

/** @returns {Promise<{path: string, type: string, bytes: Buffer}[]>} */
async function bundle() {
  const done = await build({
    absWorkingDir: web,
    entryPoints: { app: "src/main.tsx" },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    outdir: "/assets",
    entryNames: "[name]-[hash]",
    loader: { ".svg": "dataurl" },
    write: false,
    legalComments: "none",
    logLevel: "warning",
  });
  return done.outputFiles.map((file) => ({
    path: file.path,
    type: file.path.endsWith(".css") ? "text/css; charset=utf-8" : "text/javascript; charset=utf-8",
    bytes: Buffer.from(file.contents),
  }));
}

function page(files) {
  const named = (end) => files.find((file) => file.path.endsWith(end)).path;
  const html = readFileSync(join(web, "src", "index.html"), "utf8")
    .replace("%STYLE%", named(".css"))
    .replace("%SCRIPT%", named(".js"));
  return { path: "/", type: "text/html; charset=utf-8", bytes: Buffer.from(html) };
}

function asC(name, bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 24) {
    lines.push("    " + [...bytes.subarray(at, at + 24)].join(",") + ",");
  }
  return `static const unsigned char ${name}[] = {\n${lines.join("\n")}\n};\n`;
}

function table(files) {
  const parts = ["/* Made by web/build.mjs. */\n#include \"api/assets.h\"\n"];
  const rows = [];
  files.forEach((file, i) => {
    const packed = gzipSync(file.bytes, { level: 9 });
    const tag = createHash("sha256").update(file.bytes).digest("hex").slice(0, 32);
    parts.push(asC(`plain_${i}`, file.bytes), asC(`gzip_${i}`, packed));
    rows.push(`    {"${file.path}", "${file.type}", "\\"${tag}\\"", gzip_${i}, sizeof gzip_${i}, plain_${i}, sizeof plain_${i}},`);
  });
  parts.push(`static const struct asset assets[] = {\n${rows.join("\n")}\n};\n`);
  parts.push("size_t assets_all(const struct asset **out)\n{\n    *out = assets;\n    return sizeof assets / sizeof assets[0];\n}\n");
  return parts.join("\n");
}

writeRecords();
checkTypes();
const files = await bundle();
files.unshift(page(files));
writeFileSync(out, table(files));
