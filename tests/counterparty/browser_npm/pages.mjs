// Every page, at a desk in light and on a phone in the dark: it is there, complains about nothing, is as wide as its screen, and
// axe finds nothing serious.

const desk = { viewport: { width: 1280, height: 860 }, colorScheme: "light" };
const phone = { viewport: { width: 360, height: 740 }, colorScheme: "dark", isMobile: true, hasTouch: true };

/** Hash and heading. */
function walkOf({ incident, meeting, callId, person, schedule, call, campaign, message }) {
  return [
    ["now", "Now"], ["incidents", "Incidents"], [`incidents/${incident}`, "Disk almost full"], ["incidents?new=1", "Incidents"], ["meetings", "Meetings"], [`meetings/${meeting}`, "Board review"],
    ["dispatch", "Dispatch"], [`dispatch/${callId}`, "Burst pipe"], ["calls", "Scheduled calls"], ["calls?view=week", "Scheduled calls"], ["calls?tab=new", "Scheduled calls"], ["calls?tab=import", "Scheduled calls"],
    [`calls?campaign=${campaign}`, "Scheduled calls"], [`calls/${call}`, "+"], ["messages", "Messages"], [`messages/${message}`, ""], ["notifications?all=1&people=1", "Notifications"],
    ["oncall", "On-call"], [`oncall/${schedule}`, "Primary"], ["people", "People"], [`people/${person}`, "Ana"], ["policies", "Policies"], ["policies/default", "Policy default"], ["policies/hostile", "Policy hostile"],
    ["texts", "Texts"], ["providers", "Providers"], ["queue?state=delayed", "Queue and lateness"], ["phones", "Phones"], ["audit", "Audit"], ["settings", "Settings"], ["api?find=incidents", "API"], ["nothing-here", "No such page"],
  ];
}

async function look({ page, complaints, name }, tools, hash, heading) {
  const { url, ok, serious, picture } = tools;
  await page.goto(`${url}/#/${hash}`);
  await page.waitForFunction((words) => document.querySelector("main h1")?.textContent.includes(words), heading).catch(() => undefined);
  await page.waitForFunction(() => ![...document.querySelectorAll("main .faint")].some((one) => one.textContent === "Reading…")).catch(() => undefined);
  const shown = await page.locator("main h1").innerText();
  const errors = await page.locator("main .error[role=alert]").allInnerTexts();
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  const wrong = await serious(page);
  const made = await page.evaluate(() => document.querySelectorAll("main img, main script, main iframe, main [onload], main [onerror], main svg[onload]").length);
  const isSound = shown.includes(heading) && errors.length === 0 && wider <= 0 && wrong.length === 0 && complaints.length === 0 && made === 0;
  ok(isSound, `${name}: #/${hash.replace(/[0-9a-f-]{36}/g, "ID")} is there and sound`, { shown, errors, wider, made }, ...wrong, ...complaints.splice(0));
  await picture(page, `${name}-${hash.replace(/[^a-z0-9]+/gi, "_").slice(0, 24)}`);
}

async function hostile({ page }, { url, ok, facts }) {
  await page.goto(`${url}/#/incidents`);
  await page.getByText(facts.hostileTitle, { exact: true }).first().waitFor();
  await page.goto(`${url}/#/people/${facts.hostile}`);
  await page.locator("main h1").getByText(facts.hostileName, { exact: true }).waitFor();
  ok(true, "a title and a name that are markup show as text");
  for (const hash of ["now", "incidents?severity=LOW", "meetings", "dispatch", "calls", "policies", "oncall", "settings", "audit"]) {
    await page.goto(`${url}/#/${hash}`);
    const words = hash === "audit" ? "x<svg onload=alert(5)>" : hash === "incidents?severity=LOW" ? facts.hostileTitle : facts.hostileText.slice(0, 40);
    if (hash !== "audit") {
      await page.waitForFunction((text) => document.querySelector("main")?.textContent.includes(text), words).catch(() => undefined);
      ok((await page.evaluate((text) => document.querySelector("main").textContent.includes(text), words)), `#/${hash} shows markup as text`);
    }
  }
}

/** From the first byte asked for until the page is there and answers: with a session, nothing kept from before. */
async function quick(tools, options) {
  const times = [];
  for (let turn = 0; turn < 3; turn++) {
    const one = await tools.visitor("quick", options);
    await tools.signIn(one.page);
    await one.page.goto("about:blank");
    const began = Date.now();
    await one.page.goto(`${tools.url}/#/incidents`);
    await one.page.waitForSelector("[data-row] button:enabled", { state: "attached" });
    times.push(Date.now() - began);
    await one.context.close();
  }
  tools.ok(Math.min(...times) <= 1000, "a page can be used within a second of being asked for", { times });
}

export async function pages(tools) {
  const { ok, url, signIn, facts, seen } = tools;
  const atDesk = await tools.visitor("desk", desk);
  await atDesk.page.goto(url);
  await atDesk.page.getByLabel("Key").fill("no key of this server");
  await atDesk.page.getByRole("button", { name: "Sign in" }).click();
  await seen(atDesk.page, "a wrong key is refused in the server's words", () => document.querySelector("[role=alert]")?.textContent.length > 5);
  ok((await tools.serious(atDesk.page)).length === 0, "axe finds nothing serious at the door");
  await signIn(atDesk.page);
  const cookie = (await atDesk.context.cookies()).find((one) => one.name === "tocsin_session");
  ok(cookie?.httpOnly && cookie.sameSite === "Strict", "the session is a cookie that scripts and other sites do not have", cookie?.sameSite ?? "none");
  for (const [hash, heading] of walkOf(facts)) {
    await look(atDesk, tools, hash, heading);
  }
  await hostile(atDesk, tools);
  await quick(tools, desk);
  await atDesk.context.close();
  const onPhone = await tools.visitor("phone", phone);
  await signIn(onPhone.page);
  for (const [hash, heading] of walkOf(facts)) {
    await look(onPhone, tools, hash, heading);
  }
  await onPhone.context.close();
}
