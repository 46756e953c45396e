// node walk.mjs: walks the dashboard of a server in Chromium. TOCSIN_URL, TOCSIN_KEY, TOCSIN_CHROMIUM and the people and subjects
// that test_dashboard.py made (TOCSIN_FACTS, JSON) say where and what. Each line of output is JSON: {ok, text, facts}, or {do}
// for what only the script that runs the server can do; it answers with a line.
import { createInterface } from "node:readline";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { actions } from "./actions.mjs";
import { pages } from "./pages.mjs";

const { TOCSIN_URL: url, TOCSIN_KEY: key, TOCSIN_CHROMIUM: executablePath, TOCSIN_SHOTS: shots } = process.env;
const facts = JSON.parse(process.env.TOCSIN_FACTS);
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"];
const patience = 20_000;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

function tell(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

export function ok(condition, text, ...found) {
  tell({ ok: Boolean(condition), text, facts: found.map((one) => (typeof one === "string" ? one : JSON.stringify(one))) });
  return Boolean(condition);
}

/** Asks the script for something; its answer, parsed. */
async function ask(what) {
  tell({ do: what });
  const { value } = await lines.next();
  return JSON.parse(value);
}

/** Whether a condition of the page becomes true in time; what was wrong otherwise is in the screen's text. */
async function seen(page, text, condition, argument) {
  try {
    await page.waitForFunction(condition, argument, { timeout: patience, polling: 20 });
    return ok(true, text);
  } catch (error) {
    const shown = await page.locator("body").innerText().catch(() => "");
    return ok(false, text, error.message.split("\n")[0], shown.slice(0, 2000));
  }
}

const hasText = ([selector, words]) => [...document.querySelectorAll(selector)].some((one) => one.innerText.includes(words));

async function signIn(page, own = key) {
  await page.goto(url);
  await page.getByLabel("Key").fill(own);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForSelector("nav", { state: "attached", timeout: patience });
}

/** A browser of its own, with what its pages complained about. */
async function visitor(browser, name, options) {
  const context = await browser.newContext({ timezoneId: "Europe/Madrid", locale: "en-GB", ...options });
  const complaints = [];
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.on("pageerror", (error) => complaints.push(`${name}: ${error.message}`));
  page.on("dialog", (dialog) => { complaints.push(`${name}: a dialog ${dialog.message()}`); void dialog.dismiss(); });
  page.on("console", (message) => {
    const isExpected = /status of 4\d\d|ERR_CONNECTION|ERR_SOCKET|ERR_INCOMPLETE|ERR_EMPTY/.test(message.text());
    if (message.type() === "error" && !isExpected) {
      complaints.push(`${name}: ${message.text()}`);
    }
  });
  return { page, context, complaints, name };
}

/** The rules of WCAG 2.2 A and AA, by axe; what is serious or worse. */
async function serious(page) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  return found.violations
    .filter((one) => one.impact === "serious" || one.impact === "critical")
    .map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`);
}

async function picture(page, name) {
  if (shots) {
    mkdirSync(shots, { recursive: true });
    await page.screenshot({ path: `${shots}/${name}.png` });
  }
}

const browser = await chromium.launch({ executablePath, args });
try {
  const only = process.env.TOCSIN_WALK?.split(",") ?? [];
  const isWanted = (name) => only.length === 0 || only.includes(name);
  const tools = { isWanted, url, key, facts, ok, ask, seen, hasText, signIn, serious, picture, visitor: (name, options) => visitor(browser, name, options) };
  if (isWanted("pages")) {
    await pages(tools);
  }
  await actions(tools);
} finally {
  await browser.close();
}
process.exit(0);
