// What is done on the pages: by clicks, by keys, by two people at once, and while the server comes and goes.

const wide = { viewport: { width: 1280, height: 900 } };

const stateOf = ([id, words]) => [...document.querySelectorAll("article")].some((one) => one.querySelector(`a[href="#/incidents/${id}"]`) && one.querySelector("header")?.innerText.includes(words));

async function byKeys(tools, one, other) {
  const { ok, seen, url, ask } = tools;
  const times = [];
  for (let turn = 0; turn < 5; turn++) {
    const id = await ask({ open: `Taken by keys ${turn}` });
    await Promise.all([one, other].map(({ page }) => page.waitForFunction(stateOf, [id, "escalating"], { polling: 20 })));
    await one.page.locator(`article:has(a[href="#/incidents/${id}"])`).focus();
    const began = Date.now();
    await one.page.keyboard.press("a");
    await other.page.waitForFunction(stateOf, [id, "acknowledged"], { polling: 10 });
    times.push(Date.now() - began);
  }
  ok(Math.min(...times) <= 500, "what one acknowledges by a key, another page sees within 500 ms", { times });
  await one.page.goto(`${url}/#/now`);
  await one.page.keyboard.press("g");
  await one.page.keyboard.press("i");
  await seen(one.page, "g i goes to the incidents", () => document.querySelector("main h1")?.innerText === "Incidents");
  await one.page.waitForSelector("[data-row]");
  await one.page.keyboard.press("j");
  await one.page.keyboard.press("j");
  await one.page.keyboard.press("k");
  const focused = await one.page.evaluate(() => [...document.querySelectorAll("[data-row]")].indexOf(document.activeElement));
  ok(focused === 0, "j and k walk the rows", { focused });
  await one.page.keyboard.press("Enter");
  await seen(one.page, "Enter opens the row", () => location.hash.startsWith("#/incidents/"));
  await one.page.keyboard.press("?");
  await seen(one.page, "? shows the keys", () => document.querySelector("dialog[open] h2")?.innerText === "Keys");
  await one.page.keyboard.press("Escape");
}

async function byClicks(tools, one) {
  const { seen, ask, url, hasText, facts } = tools;
  const { page } = one;
  await page.goto(`${url}/#/now`);
  const id = await ask({ open: "Ended by a click", escalate: false });
  const card = page.locator(`article:has(a[href="#/incidents/${id}"])`);
  await card.getByRole("button", { name: "Escalate" }).click();
  await seen(page, "Escalate begins the ladder", stateOf, [id, "escalating"]);
  await page.getByRole("button", { name: "Move the clock by 5 min" }).click();
  await seen(page, "the clock moves, and the first step is done", (which) => [...document.querySelectorAll("article")].some((it) => it.querySelector(`a[href="#/incidents/${which}"]`) && it.querySelector("li.done .dots i.on") && /next in \d/.test(it.innerText)), id);
  await card.getByRole("button", { name: "Resolve" }).click();
  await seen(page, "Resolve ends it: it leaves the page", (which) => !document.querySelector(`article a[href="#/incidents/${which}"]`), id);
  const meeting = page.locator(`article:has(a[href="#/meetings/${facts.meeting}"])`);
  await meeting.getByRole("button", { name: "Check in" }).click();
  await seen(page, "a check-in is noted", hasText, ["article.meeting header", "joined"]);
  const dispatch = page.locator(`article:has(a[href="#/dispatch/${facts.callId}"])`);
  await dispatch.getByRole("button", { name: "Accept" }).click();
  await seen(page, "a dispatch is accepted", hasText, ["article.dispatch header", "accepted"]);
  await dispatch.getByRole("button", { name: "Complete" }).click();
  await seen(page, "and completed: it leaves the board", (which) => !document.querySelector(`article.dispatch a[href="#/dispatch/${which}"]`), facts.callId);
}

async function timeline(tools, one) {
  const { seen, url, facts } = tools;
  await one.page.goto(`${url}/#/incidents/${facts.incident}`);
  await seen(one.page, "a timeline has the past, the present and what is ahead on one axis", () => {
    const kinds = [...document.querySelectorAll(".story > li")].map((it) => it.className);
    const now = kinds.findIndex((it) => it.includes("now-line"));
    return now > 0 && kinds.slice(now).some((it) => it.includes("k-AHEAD")) && kinds.slice(0, now).every((it) => !it.includes("k-AHEAD"));
  });
  await one.page.getByRole("button", { name: "Its way" }).first().click();
  await seen(one.page, "a message shows its way", () => document.querySelectorAll(".way li").length > 0);
  await one.page.goto(`${url}/#/policies/default`);
  await seen(one.page, "the simulator draws what would happen", () => document.querySelectorAll(".story .entry").length > 3);
  await one.page.getByLabel("They answer by").selectOption("SMS");
  await one.page.getByLabel("What they do").selectOption("reply yes");
  await seen(one.page, "and who answers changes it", () => /it ends acknowledged/.test(document.querySelector("main").innerText));
  await one.page.getByLabel("Drag the clock").fill("0");
  await seen(one.page, "the simulated clock is dragged", () => document.querySelectorAll(".story .k-AHEAD").length > 3);
}

async function calls(tools, one) {
  const { seen, url, facts, hasText, ok } = tools;
  const { page } = one;
  await page.goto(`${url}/#/calls?tab=new`);
  await page.getByLabel("Number").fill("+14155559001");
  await page.getByLabel("Agent").selectOption({ label: "Reminder" });
  await page.getByRole("form", { name: "New call" }).getByLabel("Owner").fill("clinic");
  await page.getByLabel("When").fill(facts.saturday);
  await seen(page, "the preview says when it will run and why then", (day) => document.querySelector(".way")?.innerText.includes("because") && document.querySelector(".way").innerText.includes(day), facts.monday);
  await page.getByRole("button", { name: "Schedule" }).click();
  await seen(page, "the call is scheduled", () => /^#\/calls\/[0-9a-f-]{36}/.test(location.hash) && document.querySelector("main h1")?.innerText.includes("9001"));
  await page.goto(`${url}/#/calls?tab=import`);
  const lines = Array.from({ length: 30 }, (_, at) => `+1415555${3000 + at},${facts.later},"P ${at}, the ""${at}th"""`);
  lines[2] = `not a number,${facts.later},x`;
  await page.getByLabel("CSV file").setInputFiles({ name: "calls.csv", mimeType: "text/csv", buffer: Buffer.from(`phoneNumber,scheduledFor,name\r\n${lines.join("\r\n")}\r\n`) });
  const form = page.getByRole("form", { name: "Import calls" });
  await form.getByLabel("Campaign").fill("Imported");
  await form.getByLabel("Agent").selectOption({ label: "Reminder" });
  await form.getByLabel("Owner").fill("clinic");
  await form.getByRole("button", { name: "Import 30 lines" }).click();
  await seen(page, "an import says what became of each line", () => /29 scheduled, 1 refused/.test(document.querySelector("main").innerText) && /line 4/.test(document.querySelector("main").innerText));
  const campaign = page.getByRole("article", { name: "Imported" });
  for (const [button, state] of [["Pause", "paused"], ["Resume", "active"]]) {
    await campaign.getByRole("button", { name: button }).click();
    await seen(page, `a campaign: ${button}`, hasText, ['article[aria-label="Imported"] header', state]);
  }
  await campaign.getByRole("button", { name: "Cancel" }).click();
  await campaign.getByRole("button", { name: "Yes" }).click();
  await seen(page, "a campaign: Cancel, once asked back", hasText, ['article[aria-label="Imported"] header', "cancelled"]);
  await page.goto(`${url}/#/calls?campaign=${facts.crowd}`);
  await page.waitForSelector('.list[aria-label="Scheduled calls"] .row');
  const list = page.locator('.list[aria-label="Scheduled calls"]');
  let most = 0;
  for (let turn = 0; turn < 400; turn++) {
    await list.evaluate((it) => it.scrollTo(0, it.scrollHeight));
    await page.waitForTimeout(30);
    most = Math.max(most, await list.locator(".row").count());
    if ((await list.locator('.row[aria-posinset="10000"]').count()) > 0) {
      break;
    }
  }
  const last = await list.locator('.row[aria-posinset="10000"]').count();
  ok(last === 1 && most <= 60, "a list of 10,000 is scrolled to its end with no more rows than are seen", { last, most });
}

async function serverGoes(tools, one) {
  const { seen, ask, url, ok } = tools;
  await one.page.goto(`${url}/#/now`);
  await seen(one.page, "the page is live", () => document.querySelector(".live.live") !== null);
  await ask("stop");
  await seen(one.page, "without the server it says that what is seen may be old", () => /may be old/.test(document.querySelector(".live.stale")?.innerText ?? ""));
  await ask("start");
  await seen(one.page, "a server that is back is found again by itself", () => document.querySelector(".live.live") !== null);
  const id = await ask({ open: "After the restart" });
  await seen(one.page, "and what happens then is seen", stateOf, [id, "escalating"]);
  ok(one.complaints.length === 0, "nobody complained", ...one.complaints);
}

async function leaving(tools, one) {
  const { seen, url, ask } = tools;
  const { page } = one;
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await ground();
  await page.locator("header.top").getByRole("button", { name: /Dark|Light/ }).click();
  tools.ok((await ground()) !== before, "the switch changes between dark and light");
  await page.goto(`${url}/#/people`);
  await page.getByRole("button", { name: "Add a person" }).click();
  const form = page.getByRole("form", { name: "Add a person" });
  await form.getByLabel("Name").fill("Zed");
  await form.getByLabel("Phone").fill("12");
  await form.getByRole("button", { name: "Add" }).click();
  await seen(page, "what the server refuses is said with its field", () => /phone/.test(document.querySelector("form .error")?.innerText ?? ""));
  await page.getByRole("button", { name: "Sign out" }).click();
  await seen(page, "signed out is at the door", () => document.querySelector("main.door") !== null);
  const reader = await tools.visitor("reader", wide);
  tools.key = await ask("reader");
  await reader.page.goto(url);
  await reader.page.getByLabel("Key").fill(tools.key);
  await reader.page.getByRole("button", { name: "Sign in" }).click();
  await reader.page.waitForSelector("article.incident");
  const enabled = await reader.page.locator("article.incident .actions button:enabled").count();
  tools.ok(enabled === 0, "a key that may only read has no button that acts", { enabled });
}

export async function actions(tools) {
  const one = await tools.visitor("one", wide);
  const other = await tools.visitor("other", wide);
  await tools.signIn(one.page);
  await tools.signIn(other.page);
  await byKeys(tools, one, other);
  await other.context.close();
  await timeline(tools, one);
  await byClicks(tools, one);
  await calls(tools, one);
  await serverGoes(tools, one);
  await leaving(tools, one);
}
