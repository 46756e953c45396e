/** The timeline of one subject: what happened, what is ahead, each message with its way, and what it cost. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { Args } from "../api";
import { useNow } from "../clock";
import { useQuery } from "../query";
import { hrefOf } from "../router";
import { pageZone } from "../time";
import type { TimelineEntry } from "records";
import { ChannelMark, Dots, money, plain, sourceName, State } from "./marks";
import { MessageWay } from "./message-way";
import { Empty, Loaded, Section } from "./page";
import { Person } from "./people";
import { At, Countdown } from "./time";

export type StoryPath = "GET /incidents/{id}/timeline" | "GET /meetings/{id}/timeline" | "GET /dispatch/{callId}/timeline" | "GET /scheduling/{id}/timeline";

function Entry({ of }: { of: TimelineEntry }): VNode {
  const [isOpen, setOpen] = useState(false);
  const isAhead = of.kind === "AHEAD";
  return (
    <li class={`entry k-${of.kind}`} tabIndex={-1} data-row>
      <span class="at">{isAhead ? <><Countdown at={of.at} past="late" /><br /></> : null}<At at={of.at} bare seconds /></span>
      <div>
        <span class="what">
          <b>{plain(of.what ?? "")}</b> <ChannelMark of={of.channel} /> {of.userId ? <>{of.kind === "CHANGE" ? "about" : "to"} <Person id={of.userId} /></> : null}
          {of.who ? <span class="faint"> by {sourceName(of.who)}</span> : null} {of.provider ? <span class="faint">via {of.provider}</span> : null}
        </span>
        {of.state ? <> <State of={of.state} /></> : null} {of.kind === "MESSAGE" ? <Dots level={of.receipt} /> : null}
        {of.lateMs !== undefined && of.lateMs >= 1000 ? <span class="faint"> {(of.lateMs / 1000).toFixed(1)} s late</span> : null}
        {of.reason ? <p class="why">{of.reason}</p> : null}
        {of.messageId ? (
          <button type="button" class="quiet" aria-expanded={isOpen} data-key="o" onClick={() => setOpen(!isOpen)}>{isOpen ? "Close" : "Its way"}</button>
        ) : null}
        {of.messageId ? <a class="faint" href={hrefOf("messages", of.messageId)}>message</a> : null}
        {isOpen && of.messageId ? <MessageWay id={of.messageId} /> : null}
      </div>
    </li>
  );
}

function Axis({ entries }: { entries: TimelineEntry[] }): VNode {
  const now = useNow();
  const after = entries.findIndex((one) => Date.parse(one.at ?? "") > now);
  const split = after < 0 ? entries.length : after;
  const entry = (one: TimelineEntry, at: number): VNode => <Entry key={`${one.at}-${one.kind}-${one.what}-${one.messageId}-${at}`} of={one} />;
  return (
    <ol class="story">
      {entries.slice(0, split).map(entry)}
      <li class="now-line" aria-label="Now"><span>now · <At at={new Date(now).toISOString()} seconds /></span></li>
      {entries.slice(split).map((one, at) => entry(one, split + at))}
    </ol>
  );
}

export function Story({ path, args }: { path: StoryPath; args: Args }): VNode {
  const query = useQuery(path, { ...args, limit: 1000 }, { messages: true, everyMs: 30_000 });
  return (
    <Section title="Timeline" aside={<span class="faint">times in {pageZone()}</span>}>
      <Loaded query={query}>
        {(data) => (
          <>
            {data.entries.length === 0 ? <Empty>Nothing has happened yet.</Empty> : <Axis entries={data.entries} />}
            {data.total > data.entries.length ? <p class="faint">The first {data.entries.length} of {data.total} entries.</p> : null}
            {data.costs.map((cost) => <p key={cost.currency}>Cost: {money(cost.costMicros, cost.currency) || "not known yet"} for {cost.messages} messages.</p>)}
          </>
        )}
      </Loaded>
    </Section>
  );
}
