/** The providers: whether they work, at what pace, and who waits in front of them. */
import type { VNode } from "preact";
import { useQuery } from "../query";
import type { Provider } from "records";
import { channelName, plain, State } from "../ui/marks";
import { Empty, Facts, Loaded, Page, Section } from "../ui/page";
import { At, Countdown } from "../ui/time";

function Card({ of }: { of: Provider }): VNode {
  return (
    <Section title={of.name ?? ""} aside={<span>circuit breaker <State of={of.breaker} /></span>}>
      {of.degraded.map((one) => <p key={one.text} class="error">{one.text}</p>)}
      {of.retryAt ? <p>Tried again <Countdown at={of.retryAt} past="late" /></p> : null}
      <div class="scroll" tabIndex={0} role="region" aria-label={`Lanes of ${of.name}`}>
        <table>
          <thead><tr><th scope="col">Channel</th><th scope="col">Place</th><th scope="col">Pace</th><th scope="col" class="number">Under way</th><th scope="col" class="number">Queued</th><th scope="col">Oldest</th><th scope="col">Expected</th></tr></thead>
          <tbody>
            {of.channels.map((lane) => (
              <tr key={lane.channel}>
                <th scope="row">{channelName(lane.channel)}</th><td>{lane.position}</td><td>{lane.pace.limit === undefined ? "no limit" : `${lane.pace.limit} ${lane.pace.unit}`}</td>
                <td class="number">{lane.pace.underWay}</td><td class="number">{lane.queue.waiting}</td><td>{lane.queue.oldestSeconds} s</td><td>about {lane.queue.expectedSeconds} s</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <Facts of={[
        ["Last success", of.lastSuccessAt ? <><At at={of.lastSuccessAt} /> (<Countdown at={of.lastSuccessAt} />)</> : "none yet"], ["Failures in a row", of.failures || ""],
        ["Last error", of.lastError ? <>{of.lastError} {of.lastCode} {of.lastCategory ? plain(of.lastCategory) : ""} at <At at={of.lastErrorAt} /></> : ""],
      ]} />
    </Section>
  );
}

function FailureTable(): VNode {
  const query = useQuery("GET /analytics/failures", {}, { everyMs: 30_000 });
  return (
    <Section title="Failures by category">
      <Loaded query={query}>
        {(data) => (
          <>
            <p class="faint"><At at={data.from} /> to <At at={data.to} />: {data.failures} of {data.attempts} attempts failed.</p>
            {data.categories.length === 0 ? <Empty>Nothing failed.</Empty> : (
              <div class="scroll" tabIndex={0} role="region" aria-label="Failures by category"><table>
                <thead><tr><th scope="col">Provider</th><th scope="col">Channel</th><th scope="col">Why</th><th scope="col" class="number">Count</th><th scope="col">Newest</th></tr></thead>
                <tbody>{data.categories.map((one, at) => <tr key={at}><td>{one.provider}</td><td>{channelName(one.channel)}</td><td>{plain(one.category ?? "")}</td><td class="number">{one.count}</td><td><At at={one.newestAt} bare /></td></tr>)}</tbody>
              </table></div>
            )}
          </>
        )}
      </Loaded>
    </Section>
  );
}

export function Providers(): VNode {
  const query = useQuery("GET /providers", {}, { everyMs: 3000 });
  return (
    <Page title="Providers">
      <Loaded query={query}>{(data) => data.providers.map((one) => <Card key={one.name} of={one} />)}</Loaded>
      <FailureTable />
    </Page>
  );
}
