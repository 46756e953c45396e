// What is done on the pages: by clicks, by keys, by two people at once, and while the server comes and goes.
import { door, roles } from "./roles.mjs";

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
  // The best of five: what else the machine does at the time only adds to it.
  ok(Math.min(...times) <= 500, "what one acknowledges by a key, another page sees within 500 ms", { times });
  await one.page.goto(`${url}/#/now`);
  await one.page.keyboard.press("g");
  await one.page.keyboard.press("i");
  await seen(one.page, "g i goes to the incidents", () => document.querySelector("main h1")?.innerText === "Incidents");
  await one.page.keyboard.press("g");
  await one.page.evaluate(() => { location.hash = "#/messages"; });
  await one.page.waitForFunction(() => document.querySelector("main h1")?.innerText === "Messages");
  await one.page.keyboard.press("i");
  await seen(one.page, "g is not forgotten where the page is drawn anew before i", () => document.querySelector("main h1")?.innerText === "Incidents");
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
  await seen(one.page, "and who answers changes it", () => /it ends acknowledged/.test((document.querySelector("main")?.innerText ?? "")));
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
  await seen(page, "an import says what became of each line", () => /29 scheduled, 1 refused/.test((document.querySelector("main")?.innerText ?? "")) && /line 4/.test((document.querySelector("main")?.innerText ?? "")));
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
  await smooth(tools, page, list);
}

/** So many views of a list upwards, one a frame. */
async function scrollUp(list, views) {
  return list.evaluate(async (it, count) => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const times = [];
    let most = 0;
    let empty = 0;
    for (let before = await frame(); it.scrollTop > 0 && times.length < count;) {
      it.scrollTop = Math.max(0, it.scrollTop - 640);
      const now = await frame();
      times.push(now - before);
      before = now;
      most = Math.max(most, it.querySelectorAll(".row").length);
      empty += it.querySelectorAll(".row").length === 0 ? 1 : 0;
    }
    return { times, most, empty, isOver: it.scrollTop === 0 };
  }, views);
}

/**
 * Back through all 10,000 rows, a whole view a frame, in parts. The times of frames say how it is on this machine at this moment, which
 * does other things, too; what the page itself needs for a frame is the time of its thread, and must leave room in a sixtieth of a
 * second. What else the machine does only adds to both: the best part counts, and all are told.
 */
async function smooth({ ok }, page, list) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const busy = async () => (await cdp.send("Performance.getMetrics")).metrics.find((one) => one.name === "TaskDuration").value * 1000;
  const middle = (times) => [...times].sort((a, b) => a - b)[Math.floor((times.length - 1) / 2)];
  const parts = [];
  let frames = 0;
  let most = 0;
  let empty = 0;
  for (let isOver = false; !isOver;) {
    const before = await busy();
    const found = await scrollUp(list, 125);
    const each = Math.round(((await busy()) - before) * 10 / found.times.length) / 10;
    parts.push({ each, p50: Math.round(middle(found.times)), frames: found.times.length });
    frames += found.times.length;
    most = Math.max(most, found.most);
    empty += found.empty;
    isOver = found.isOver;
  }
  ok(frames > 200 && empty === 0 && most <= 60, "all rows pass by, and never more than are seen", { frames, most });
  const whole = parts.filter((one) => one.frames > 100);
  ok(Math.min(...whole.map((one) => one.each)) <= 16.7, "a view of new rows costs less than a frame", ...parts);
  ok(Math.min(...whole.map((one) => one.p50)) <= 34, "and comes within two frames, most of the time", ...parts);
}

/** What is done by mistake is taken back, by a button and by a key. */
async function undone(tools, one) {
  const { seen, ask, url, hasText, facts, ok } = tools;
  const { page } = one;
  await page.goto(`${url}/#/now`);
  const id = await ask({ open: "Taken by mistake" });
  await seen(page, "an incident climbs", stateOf, [id, "escalating"]);
  const card = page.locator(`article:has(a[href="#/incidents/${id}"])`);
  await card.focus();
  await page.keyboard.press("a");
  await seen(page, "it is taken", stateOf, [id, "acknowledged"]);
  const focused = await page.evaluate(() => document.activeElement?.matches("article[data-row]"));
  ok(focused, "after an action by a key the row has the focus");
  await page.waitForSelector("[data-undo]");
  await page.keyboard.press("z");
  await seen(page, "z gives it back: its ladder begins anew", (which) => [...document.querySelectorAll("article")].some((it) => it.querySelector(`a[href="#/incidents/${which}"]`) && /Take it again/.test(it.innerText)), id);
  await card.getByRole("button", { name: "Take it again" }).click();
  await card.getByRole("button", { name: "Give back" }).click();
  await page.keyboard.press("Escape");
  await seen(page, "a question is left by Escape", (which) => ![...document.querySelectorAll(".ask")].some((it) => it.closest("article")?.querySelector(`a[href="#/incidents/${which}"]`)), id);
  await card.focus();
  await page.keyboard.press("r");
  await seen(page, "resolved by a key, it leaves the page", (which) => !document.querySelector(`article a[href="#/incidents/${which}"]`), id);
  const next = await page.evaluate(() => document.activeElement !== document.body);
  ok(next, "and the focus goes to what is there", await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 100)));
  const meeting = page.locator(`article:has(a[href="#/meetings/${facts.meeting}"])`);
  await meeting.getByRole("button", { name: "Check in" }).click();
  await seen(page, "a check-in is noted", hasText, ["article.meeting header", "joined"]);
  await page.getByRole("button", { name: "Undo" }).last().click();
  await seen(page, "and taken back: what is ahead is planned", (which) => [...document.querySelectorAll("article.meeting")].some((it) => it.querySelector(`a[href="#/meetings/${which}"]`) && /Check in/.test(it.innerText) && it.querySelector("li.next")), facts.meeting);
  await page.goto(`${url}/#/calls/${facts.call}`);
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await seen(page, "a call is cancelled", () => /cancelled/.test(document.querySelector("main .card")?.innerText ?? ""));
  await page.getByRole("button", { name: "Restore" }).click();
  await seen(page, "and restored", () => /pending/.test(document.querySelector("main .card .card-head")?.innerText ?? ""));
}

async function calendar(tools, one) {
  const { seen, url, facts, ok } = tools;
  const { page } = one;
  await page.goto(`${url}/#/calls?campaign=${facts.crowd}&day=2027-10-01`);
  await seen(page, "the calendar counts the calls of a day", () => /4\s+10000/.test([...document.querySelectorAll(".month td:not(.other)")][3]?.innerText ?? ""));
  await page.locator('.month [aria-pressed="true"]').focus();
  for (const key of ["ArrowRight", "ArrowRight", "ArrowRight"]) {
    await page.keyboard.press(key);
  }
  await seen(page, "arrow keys walk the days", () => /Mon,? 4 Oct/.test(document.activeElement?.innerText ?? "") && /10000 pending/.test((document.querySelector("main")?.innerText ?? "")));
  await page.keyboard.press("PageDown");
  await seen(page, "PageDown goes to the next month", () => /November 2027/.test((document.querySelector("main")?.innerText ?? "")));
  await page.goto(`${url}/#/calls?campaign=${facts.crowd}&day=2027-10-04&view=week`);
  await seen(page, "a week shows the hours, by the page's zone", () => [...document.querySelectorAll(".week tbody tr")].some((row) => /^17:00\s+10000/.test(row.innerText)));
  await page.locator("header.top select").selectOption("UTC");
  await seen(page, "and by another zone after that is chosen", () => [...document.querySelectorAll(".week tbody tr")].some((row) => /^15:00\s+10000/.test(row.innerText)));
  await page.locator("header.top select").selectOption("Europe/Madrid");
  await page.getByRole("button", { name: "List them" }).click();
  await seen(page, "the calls of a day are listed", () => document.querySelector(".list .row") !== null && /from=2027-10-04/.test(location.hash));
  ok(one.complaints.length === 0, "nobody complained", ...one.complaints);
}

/** The server looks, however old a message is; tests/api/test_message_search.py has more than one page of them. */
async function search(tools, one) {
  const { seen, url } = tools;
  const { page } = one;
  const shows = ([words, some]) => {
    const rows = [...document.querySelectorAll('.list[aria-label="Messages"] .row')];
    return new RegExp(words).test(document.querySelector(".filters [role=status]")?.innerText ?? "") && (some === "" ? rows.length === 0 : rows.length > 0 && rows.every((row) => row.innerText.includes(some)));
  };
  await page.goto(`${url}/#/messages`);
  await page.waitForSelector('.list[aria-label="Messages"] .row');
  const field = page.getByLabel("Search");
  await field.fill("DISK almost");
  await seen(page, "messages are found by words, in either case", shows, ["found in all", "Disk almost full"]);
  await field.fill("0102");
  await seen(page, "and by the last digits of the address", shows, ["found in all", "Bob Stone"]);
  await page.reload();
  await seen(page, "the address of the page holds what is looked for", shows, ["found in all", "Bob Stone"]);
  await page.locator('.list[aria-label="Messages"] .row a').first().click();
  await page.waitForFunction(() => /Provider's id/.test((document.querySelector("main")?.innerText ?? "")));
  const id = await page.evaluate(() => [...document.querySelectorAll(".facts > div")].find((it) => it.innerText.startsWith("Provider's id")).querySelector("dd").innerText);
  await page.goto(`${url}/#/messages?words=${id}`);
  await seen(page, "one by the provider's id", shows, ["^1 found$", "Bob Stone"]);
  await page.getByLabel("Search").fill("no message says this");
  await seen(page, "what nobody said is not found", shows, ["0 found in all", ""]);
}

async function policies(tools, one) {
  const { seen, url } = tools;
  const { page } = one;
  await page.goto(`${url}/#/policies`);
  await page.getByRole("button", { name: "New policy" }).click();
  const form = page.getByRole("form", { name: "Policy" });
  await form.getByLabel("Name").fill("Two at once!");
  await seen(page, "beside the editor stands what the server would refuse", () => /name/.test(document.querySelector(".lint .error")?.innerText ?? ""));
  await form.getByLabel("Name").fill("two-at-once");
  await seen(page, "and what the lint says", () => document.querySelector(".lint") !== null && document.querySelector(".lint .error") === null && !/Looking/.test(document.querySelector(".lint").innerText));
  await form.getByRole("button", { name: "Add a target to step 1" }).click();
  await form.getByLabel("target 2 of step 1", { exact: true }).selectOption("USER");
  await form.getByLabel("Who of target 2 of step 1").selectOption({ label: "Bob Stone" });
  await form.getByLabel("How often in all").fill("3");
  await form.getByLabel("every minutes").fill("2");
  await form.getByRole("button", { name: "Add a step" }).click();
  await form.getByLabel("counted from").nth(1).selectOption("START");
  await form.getByLabel("Acknowledgement holds, minutes").fill("20");
  await form.getByLabel("then an answer within, minutes").fill("7");
  await form.getByRole("button", { name: "Save" }).click();
  await seen(page, "a policy with all its parts is saved", () => {
    const text = document.querySelector("main")?.innerText ?? "";
    return location.hash === "#/policies/two-at-once" && /Bob Stone/.test(text) && /3 times, every 2 min/.test(text) && /from the start/.test(text);
  });
  await page.getByLabel("Who answers").selectOption({ label: "Bob Stone" });
  await page.getByLabel("They answer by").selectOption("SMS"); // It is night in New York: the call becomes a text.
  await page.getByLabel("What they do").selectOption("reply yes");
  await seen(page, "the simulator runs it, with who answers chosen", () => /it ends acknowledged by Bob Stone/.test((document.querySelector("main")?.innerText ?? "")));
  await page.getByRole("button", { name: "Somebody else answers, too" }).click();
  await seen(page, "with a lane for each person and channel", () => [...document.querySelectorAll(".lane .name")].some((it) => it.innerText.includes("Bob Stone")) && document.querySelectorAll(".lane i").length > 2);
}

async function audit(tools, one) {
  const { seen, url, ok } = tools;
  const { page } = one;
  await page.goto(`${url}/#/audit`);
  await page.getByRole("button", { name: "Check the chain" }).click();
  await seen(page, "the chain of the audit trail is checked", () => /whole\s+\d+ events/.test(document.querySelector(".chain")?.innerText ?? ""));
  const waiting = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export as NDJSON" }).click();
  const file = await waiting;
  const lines = (await (await import("node:fs/promises")).readFile(await file.path(), "utf8")).trim().split("\n").map((line) => JSON.parse(line));
  ok(lines.length > 50 && lines.every((event, at) => event.seq === at + 1), "the whole trail is exported, in its order", { lines: lines.length });
}

/** Every path that has one is tried with its example, as it stands: reads, and what makes something. */
async function examples(tools, one) {
  const { url, ok } = tools;
  const { page } = one;
  const wanted = [
    "GET /api/v1/users", "GET /api/v1/users/{id}", "GET /api/v1/incidents/{id}/timeline", "GET /api/v1/policies/{policy}", "GET /api/v1/oncall", "GET /api/v1/queue/jobs", "GET /api/v1/sinks/{id}", "GET /health",
    "POST /api/v1/users", "POST /api/v1/users/{id}/keys", "POST /api/v1/users/{id}/calendars", "POST /api/v1/keys", "POST /api/v1/incidents", "POST /api/v1/policies", "POST /api/v1/policies/{policy}/simulate",
    "POST /api/v1/schedules", "POST /api/v1/schedules/preview", "POST /api/v1/schedules/{id}/overrides", "POST /api/v1/heartbeats", "POST /api/v1/integrations", "POST /api/v1/maintenance", "POST /api/v1/sinks",
    "POST /api/v1/holidays", "POST /api/v1/agents", "POST /api/v1/scheduling/schedule", "POST /api/v1/scheduling/preview", "POST /api/v1/scheduling/bulk", "POST /api/v1/scheduling/campaigns", "POST /api/v1/do-not-call",
    "POST /api/v1/consents", "POST /api/v1/dispatch", "POST /api/v1/drills", "POST /api/v1/texts/preview", "POST /api/v1/mock/answers", "PATCH /api/v1/users/{id}", "POST /api/v1/calendar/sync",
  ];
  await page.goto(`${url}/#/api`);
  await page.waitForSelector("article[data-row]");
  const failed = [];
  for (const name of wanted) {
    await page.getByRole("button", { name: `Open ${name}`, exact: true }).click();
    const form = page.getByRole("form", { name: `Try ${name}`, exact: true });
    await form.waitFor();
    await form.getByRole("button", { name: "Send" }).click();
    const said = await form.locator("pre, .error").first().textContent().catch(() => "nothing");
    if (await form.locator(".error").count() > 0 || !/^[{"]/.test(said)) {
      failed.push(`${name}: ${said}`);
    }
    await page.getByRole("button", { name: `Close ${name}`, exact: true }).click();
  }
  ok(failed.length === 0, `${wanted.length} examples of the API run as they stand`, ...failed);
}

/** Two people look at the queue at once: the server works on one report at a time, and the other page waits for its turn. */
async function busy(tools, one) {
  const { seen, url, ok } = tools;
  const { page } = one;
  let turns = 0;
  await page.route("**/api/v1/verify?*", async (route) => {
    turns++;
    await (turns > 1 ? route.continue() : route.fulfill({ status: 429, headers: { "Retry-After": "1" }, json: { success: false, error: { code: "RATE_LIMITED", message: "one is being worked on" } } }));
  });
  await page.goto(`${url}/#/now`);
  await page.goto(`${url}/#/queue`);
  await seen(page, "what the server has no time for now is asked for once more", () => /nothing is missing/.test((document.querySelector("main")?.innerText ?? "")));
  ok(turns === 2 && (await page.locator("main .error").count()) === 0, "and nobody sees an error", { turns });
  await page.unroute("**/api/v1/verify?*");
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
  await tools.signIn(reader.page, await ask({ key: "READER" }));
  await reader.page.waitForSelector("article.incident");
  const enabled = await reader.page.locator("article.incident .actions button:enabled").count();
  tools.ok(enabled === 0, "a key that may only read has no button that acts", { enabled });
}

/** In this order. TOCSIN_WALK names some, with commas between, for whoever works on one. */
const parts = { byKeys, timeline, undone, byClicks, search, calendar, policies, audit, calls, examples, door, roles, busy, serverGoes, leaving };

export async function actions(tools) {
  const one = await tools.visitor("one", wide);
  const other = await tools.visitor("other", wide);
  await tools.signIn(one.page);
  await tools.signIn(other.page);
  for (const [name, part] of Object.entries(parts)) {
    if (tools.isWanted(name)) {
      await part(tools, one, other);
    }
  }
}
