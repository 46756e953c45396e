// Who may what: the door, and that no page lets anybody press what the server would refuse.

const wide = { viewport: { width: 1280, height: 900 } };

/** Presses every button of a page that is on, each once, and says yes to what is asked; how many those were. */
async function pressAll() {
  const pause = () => new Promise((done) => setTimeout(done, 25));
  const nameOf = (one) => `${one.closest("article, section, form")?.getAttribute("aria-label") ?? ""} ${one.getAttribute("aria-label") ?? one.innerText}`;
  const pressed = new Set();
  for (let turn = 0; turn < 80; turn++) {
    const next = [...document.querySelectorAll("main button:enabled")].find((one) => !pressed.has(nameOf(one)));
    if (next === undefined) {
      break;
    }
    pressed.add(nameOf(next));
    if (next.form) {
      next.form.noValidate = true; // Its fields are empty: what counts is what it would ask for.
    }
    next.click();
    await pause();
    document.querySelector("main .ask .danger")?.click();
    await pause();
  }
  return [...pressed];
}

const pages = ({ incident, meeting, callId, person, schedule, call, campaign, message }) => [
  "now", "incidents", `incidents/${incident}`, "incidents?new=1", "meetings", `meetings/${meeting}`, "dispatch", `dispatch/${callId}`, "calls", "calls?tab=new", "calls?tab=import", `calls?campaign=${campaign}`,
  `calls/${call}`, "messages", `messages/${message}`, "notifications?all=1&people=1", "oncall", `oncall/${schedule}`, "people", "people?new=1", `people/${person}`, "policies", "policies/hostile", "texts", "providers",
  "queue?state=delayed", "phones", "audit", "settings",
];

/** The table of tests/api/test_roles.py says what each role may; what a page asks for, but to read, is answered here and changes nothing. */
async function roleWalk(tools, scope) {
  const { ok, ask, url, facts } = tools;
  const may = facts.roles[scope].map(([method, path]) => [method, new RegExp(`^${path.replace(/\{[^}]*\}/g, "[^/]+")}$`)]);
  const mayAsk = (method, path) => may.some(([name, shape]) => name === method && shape.test(path));
  const one = await tools.visitor(scope, wide);
  await tools.signIn(one.page, await ask({ key: scope }));
  const asked = new Set();
  const refused = new Set();
  await one.page.route("**/api/v1/**", async (route) => {
    const request = route.request();
    const { pathname } = new URL(request.url());
    if (request.method() === "GET") {
      await route.continue();
      return;
    }
    asked.add(`${request.method()} ${pathname}`);
    if (!mayAsk(request.method(), pathname)) {
      refused.add(`${request.method()} ${pathname}`);
    }
    await route.fulfill({ status: 409, json: { success: false, error: { code: "CONFLICT", message: "not in this test" } } });
  });
  const pressed = [];
  for (const hash of pages(facts)) {
    await one.page.goto(`${url}/#/${hash}`);
    await one.page.waitForFunction(() => document.querySelector("main h1") && ![...document.querySelectorAll("main .faint")].some((it) => it.textContent === "Reading…")).catch(() => undefined);
    pressed.push(...await one.page.evaluate(pressAll));
  }
  ok(refused.size === 0, `${scope}: no page has a button on that the server would refuse`, ...refused);
  await one.page.goto(`${url}/#/settings`);
  await one.page.waitForSelector("main form small");
  const silent = await one.page.locator("main button[disabled]:not([title])").evaluateAll((all) => all.filter((it) => !it.form && it.getAttribute("aria-busy") !== "true").map((it) => it.innerText));
  ok(silent.length === 0, `${scope}: a button that is off says why`, ...silent);
  await one.context.close();
  return { asked: [...asked], pressed };
}

export async function roles(tools) {
  const { ok, facts } = tools;
  const reader = await roleWalk(tools, "READER");
  ok(reader.pressed.length > 20 && reader.asked.every((it) => !/acknowledge|checkin|resolve/.test(it)), "a reader looks at everything and answers nothing", { pressed: reader.pressed.length }, ...reader.asked);
  const responder = await roleWalk(tools, "RESPONDER");
  ok(responder.asked.some((it) => it === `POST /api/v1/incidents/${facts.incident}/acknowledge`) && responder.asked.some((it) => /checkin$/.test(it)) && responder.asked.includes("POST /api/v1/incidents"), "a responder answers what happens", ...responder.asked);
}

/** The door of a server at which people sign in elsewhere, with a password, or with a key. */
export async function door(tools) {
  const { ok, ask, seen } = tools;
  const { url, key, login, password } = await ask("door");
  const one = await tools.visitor("door", wide);
  const { page } = one;
  await page.goto(url);
  const link = page.getByRole("link", { name: "Sign in at 127.0.0.1:9" });
  ok((await link.getAttribute("href")) === "/api/v1/session/oidc", "where people sign in elsewhere, the door leads there");
  ok((await tools.serious(page)).length === 0, "axe finds nothing serious at that door");
  await page.getByLabel("Login").fill(login);
  await page.getByLabel("Password").fill("not the pass phrase");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await seen(page, "a wrong password is refused in the server's words", () => /wrong/.test(document.querySelector("[role=alert]")?.textContent ?? ""));
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await seen(page, "with the right one a person is in, with their role", () => /Ana Ruiz · responder/.test(document.querySelector(".who")?.innerText ?? ""));
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("With a key").click();
  await page.getByLabel("Key").fill(key);
  await page.getByRole("button", { name: "Sign in so" }).click();
  await seen(page, "a key opens the same door", () => /admin · admin/.test(document.querySelector(".who")?.innerText ?? ""));
  await one.context.close();
}
