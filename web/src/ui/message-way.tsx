/** The way of one message: each state that was learnt, when, and from whom. */
import type { VNode } from "preact";
import { useQuery } from "../query";
import { Dots, sourceName, State } from "./marks";
import { Facts, Loaded } from "./page";
import { At, Countdown } from "./time";
import { money } from "./marks";

export function MessageWay({ id }: { id: string }): VNode {
  const query = useQuery("GET /messages/{id}", { id }, { messages: true, everyMs: 30_000 });
  return (
    <Loaded query={query}>
      {(of) => (
        <div class="way">
          {of.queue ? <p>Queued: {of.queue.position}. in line, expected <Countdown at={of.queue.expectedAt} past="late" />.</p> : null}
          {of.retryAt ? <p>Tried again <Countdown at={of.retryAt} past="late" />.</p> : null}
          {of.error ? <p class="error">{of.error}</p> : null}
          {of.text ? <pre class="text">{of.text}</pre> : null}
          <ol>
            {(of.transitions ?? []).map((one, at) => (
              <li key={at}>
                <At at={one.at} bare seconds /> <State of={one.state} /> <Dots level={one.receipt} />
                <span class="faint"> {sourceName(one.source)} {one.providerState} {one.code} {one.detail}</span>
              </li>
            ))}
          </ol>
          <Facts of={[["To", of.to], ["Provider", of.provider], ["Attempt", of.attempt], ["Provider's id", of.providerId], ["Category", of.category], ["Segments", of.segments || ""], ["Cost", money(of.costMicros, of.currency)], ["Duration", of.durationSeconds === undefined ? "" : `${of.durationSeconds} s`], ["Language", of.language]]} />
        </div>
      )}
    </Loaded>
  );
}
