/** Scheduled calls and campaigns: what is to come, what became of it, new ones with a preview, many from a file. */
import type { VNode } from "preact";
import { call } from "../api";
import { useQuery } from "../query";
import { useNow } from "../clock";
import { go, hrefOf, setFilters, type Route } from "../router";
import { addDays, dayStart, pageZone } from "../time";
import { allScheduledCallStatus, type Campaign, type ScheduledCall } from "records";
import { Action, Opener } from "../ui/action";
import { Field } from "../ui/form";
import { List } from "../ui/list";
import { plain, State } from "../ui/marks";
import { Empty, Facts, Loaded, Page, Section } from "../ui/page";
import { Story } from "../ui/story";
import { At, Countdown } from "../ui/time";
import { usePages } from "../ui/use-pages";
import { CallCalendar } from "./calls-calendar";
import { NewCall } from "./calls-new";
import { BulkImport } from "./calls-import";

function CampaignActions({ of }: { of: Campaign }): VNode {
  const args = { id: of.id };
  return (
    <div class="actions">
      {of.state === "ACTIVE" ? <Action letter="p" done="Paused." undo={{ run: () => call("POST /scheduling/campaigns/{id}/resume", args), done: "It goes on." }} run={() => call("POST /scheduling/campaigns/{id}/pause", args)}>Pause</Action> : null}
      {of.state === "PAUSED" ? <Action letter="p" tone="main" done="It goes on." run={() => call("POST /scheduling/campaigns/{id}/resume", args)}>Resume</Action> : null}
      {of.state === "CANCELLED" ? null : <Action tone="quiet" confirm="End the campaign? Nothing of it is called any more, and that cannot be taken back." done="Ended." run={() => call("POST /scheduling/campaigns/{id}/cancel", args)}>Cancel</Action>}
      <a href={`/api/v1/scheduling/campaigns/${of.id}/results.csv`} download>Results as CSV</a>
    </div>
  );
}

function CampaignCard({ of }: { of: Campaign }): VNode {
  const tally = of.progress;
  return (
    <article tabIndex={0} data-row aria-label={of.name}>
      <header><h3><a href={hrefOf("calls", undefined, { campaign: of.id })}>{of.name}</a></h3><State of={of.state} /></header>
      <progress max={100} value={of.percent} aria-label={`Progress of ${of.name}`} />
      <p class="faint">
        {of.percent} % of {tally?.total ?? 0}: {tally?.completed ?? 0} completed, {tally?.failed ?? 0} failed, {tally?.processing ?? 0} under way, {tally?.pending ?? 0} pending, {tally?.cancelled ?? 0} cancelled
        {of.callsPerMinute > 0 ? ` · ${of.callsPerMinute} a minute` : ""}
        {of.expectedEndAt ? <> · done by <At at={of.expectedEndAt} /></> : null}
      </p>
      <CampaignActions of={of} />
    </article>
  );
}

function Row({ of }: { of: ScheduledCall }): VNode {
  return (
    <div class="cells">
      <span class="at">{of.isPending ? <Countdown at={of.scheduledFor} past="late" /> : <State of={of.status} />}</span>
      <span class="grow"><a href={hrefOf("calls", of._id)}>{of.phoneNumber}</a> <span class="faint">{of.agentId?.name}</span></span>
      {of.isRecurring ? <span class="badge calm">{of.recurring?.frequency ?? "series"} {of.occurrenceNumber}</span> : null}
      {of.outcome ? <State of={of.outcome} /> : null}
      <span class="wide">{of.requestedFor && of.requestedFor !== of.scheduledFor ? "moved" : ""}</span>
      <span class="at"><At at={of.scheduledFor} zone={of.timezone} /></span>
      <CallActions of={of} />
    </div>
  );
}

function CallActions({ of }: { of: ScheduledCall }): VNode | null {
  const now = useNow();
  const restore = { run: () => call("POST /scheduling/{id}/restore", { id: of._id }, { userId: of.userId ?? "" }), done: "It is scheduled again." };
  if (of.status === "cancelled" && !of.isRecurring && Date.parse(of.scheduledFor ?? "") > now) {
    return <div class="actions"><Action letter="u" done={restore.done} run={restore.run}>Restore</Action></div>;
  }
  if (!of.canCancel) {
    return null;
  }
  const cancel = (onlyThis: boolean) => () => call("POST /scheduling/{id}/cancel", { id: of._id }, { userId: of.userId ?? "", ...(of.isRecurring ? { onlyThis } : {}) });
  return (
    <div class="actions">
      {of.isRecurring ? (
        <>
          <Action letter="c" confirm="Cancel the whole series? That cannot be taken back." done="Cancelled." run={cancel(false)}>Cancel series</Action>
          <Action confirm="Cancel this one of its series? That cannot be taken back." done="This one is cancelled." run={cancel(true)}>Only this</Action>
        </>
      ) : <Action letter="c" done="Cancelled." undo={of.isPending ? restore : undefined} run={cancel(false)}>Cancel</Action>}
    </div>
  );
}

function Campaigns(): VNode {
  const query = useQuery("GET /scheduling/campaigns", { limit: 50 }, { match: (news) => news === "again" || /CAMPAIGN|SCHEDULED_CALL/.test(news.type ?? ""), everyMs: 5000 });
  return (
    <Section title="Campaigns">
      <Loaded query={query}>
        {(data) => (data.campaigns.length === 0 ? <Empty>No campaign. An import begins one.</Empty> : data.campaigns.map((one) => <CampaignCard key={one.id} of={one} />))}
      </Loaded>
    </Section>
  );
}

function CallList({ route }: { route: Route }): VNode {
  const owner = route.query.get("owner") ?? "";
  const campaignId = route.query.get("campaign") ?? "";
  const status = route.query.get("status") ?? "";
  const from = route.query.get("from") ?? "";
  const to = route.query.get("to") ?? "";
  const startDate = from === "" ? "" : new Date(dayStart(from, pageZone())).toISOString();
  const endDate = to === "" ? "" : new Date(dayStart(addDays(to, 1), pageZone()) - 1).toISOString();
  const args = { userId: owner, campaignId, status, startDate, endDate };
  const match = (news: "again" | { type?: string }): boolean => news === "again" || /SCHEDULED_CALL/.test(news.type ?? "");
  const pages = usePages("GET /scheduling/scheduled-calls", args, (list) => list.scheduledCalls, match);
  return (
    <>
      {pages.problem}
      <p class="faint">{pages.total} calls</p>
      {pages.isRead && pages.items.length === 0 ? <Empty>No such call.</Empty> : (
        <List items={pages.items} keyOf={(one) => one._id ?? ""} row={(one) => <Row of={one} />} label="Scheduled calls" onEnd={pages.more} onOpen={(one) => go(hrefOf("calls", one._id))} />
      )}
    </>
  );
}

function AllCalls({ route }: { route: Route }): VNode {
  const value = (name: string): string => route.query.get(name) ?? "";
  const change = (name: string) => (text: string) => setFilters(route, { [name]: text });
  const tab = value("tab");
  const isChosen = value("owner") !== "" || value("campaign") !== "";
  const stats = useQuery("GET /scheduling/stats", {}, { everyMs: 10_000 });
  const tabButton = (name: string, title: string): VNode => (
    <Opener tone="" isOpen={tab === name} onClick={() => setFilters(route, { tab: tab === name ? "" : name })}>{title}</Opener>
  );
  return (
    <Page title="Scheduled calls" aside={<>{tabButton("new", "New call")} {tabButton("import", "Import CSV")}</>}>
      {tab === "new" ? <NewCall /> : null}
      {tab === "import" ? <BulkImport /> : null}
      {stats.data ? <p>{stats.data.scheduler.pending} pending, {stats.data.scheduler.processing} under way, {stats.data.scheduler.completed} completed, {stats.data.scheduler.failed} failed, {stats.data.scheduler.cancelled} cancelled.</p> : null}
      <Campaigns />
      <CallCalendar route={route} />
      <Section title="Calls" aside={value("campaign") ? <button type="button" onClick={() => setFilters(route, { campaign: "" })}>Leave the campaign</button> : null}>
        <div class="filters">
          <Field label="Owner" value={value("owner")} onChange={change("owner")} hint="whose calls, or choose a campaign" />
          <Field label="State" value={value("status")} options={["", ...allScheduledCallStatus]} onChange={change("status")} />
          <Field label={`From (${pageZone()})`} type="date" value={value("from")} onChange={change("from")} />
          <Field label="To and with" type="date" value={value("to")} onChange={change("to")} />
        </div>
        {isChosen ? <CallList route={route} /> : <Empty>Name an owner or choose a campaign to see its calls.</Empty>}
      </Section>
    </Page>
  );
}

function OneCall({ id }: { id: string }): VNode {
  const query = useQuery("GET /scheduling/scheduled-calls/{id}", { id }, { everyMs: 5000 });
  return (
    <Page title={query.data?.phoneNumber ?? "Scheduled call"}>
      <Loaded query={query}>
        {(of) => (
          <Section title="Call" aside={<State of={of.status} />}>
            <Facts of={[
              ["Runs", <><At at={of.scheduledFor} zone={of.timezone} /> {of.isPending ? <Countdown at={of.scheduledFor} past="late" /> : null}</>],
              ["Asked for", of.requestedFor && of.requestedFor !== of.scheduledFor ? <At at={of.requestedFor} zone={of.timezone} /> : ""], ["Agent", of.agentId?.name], ["Owner", of.userId],
              ["Campaign", of.campaignId ? <a href={hrefOf("calls", undefined, { campaign: of.campaignId })}>its campaign</a> : ""], ["Attempt", of.attempt], ["Outcome", of.outcome ? plain(of.outcome) : ""],
              ["Failed because", of.failureReason], ["Next of the series", of.nextRun ? <At at={of.nextRun} zone={of.timezone} /> : ""], ["Metadata", of.metadata ? <pre class="text">{JSON.stringify(of.metadata, null, 1)}</pre> : ""],
            ]} />
            <CallActions of={of} />
          </Section>
        )}
      </Loaded>
      <Story path="GET /scheduling/{id}/timeline" args={{ id }} />
    </Page>
  );
}

export function Calls({ route }: { route: Route }): VNode {
  return route.id === undefined ? <AllCalls route={route} /> : <OneCall id={route.id} />;
}
