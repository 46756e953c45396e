/** What waits inside Tocsin to be seen. */
import type { VNode } from "preact";
import { call } from "../api";
import { useQuery } from "../query";
import { setFilters, type Route } from "../router";
import { useSession } from "../session";
import type { Notification } from "records";
import { Action } from "../ui/action";
import { SeverityMark } from "../ui/marks";
import { Empty, Loaded, Page } from "../ui/page";
import { Person } from "../ui/people";
import { At } from "../ui/time";
import { Subject } from "./messages";

function Card({ of }: { of: Notification }): VNode {
  return (
    <article class={of.seenAt ? "" : "is-OPEN"} tabIndex={0} data-row aria-label={of.title}>
      <header><h2>{of.title}</h2><SeverityMark of={of.severity} />{of.endedAt ? <span class="badge calm">over</span> : null}</header>
      <p class="faint"><At at={of.createdAt} /> · {of.userId ? <>to <Person id={of.userId} /></> : "to whoever runs Tocsin"} · <Subject type={of.subjectType} id={of.subjectId} /></p>
      <pre class="text">{of.text}</pre>
      {of.seenAt ? <p class="faint">seen <At at={of.seenAt} /></p> : <div class="actions"><Action needs="respond" letter="a" tone="main" done="Seen." run={() => call("POST /notifications/{id}/seen", { id: of.id })}>Seen</Action></div>}
    </article>
  );
}

export function Notifications({ route }: { route: Route }): VNode {
  const session = useSession();
  const isAll = route.query.get("all") === "1";
  const isPeople = route.query.get("people") === "1";
  const isOwn = session.userId !== undefined;
  const args = { limit: 200, ...(isAll ? {} : { unseen: true }), ...(isOwn || isPeople ? {} : { operators: true }) };
  const query = useQuery("GET /notifications", args, { match: (news) => news === "again" || (news.type ?? "").startsWith("NOTIFICATION") });
  const all = { all: true, ...(isOwn ? {} : { operators: true }) };
  return (
    <Page title="Notifications" aside={query.data && query.data.unseenCount > 0 && !isPeople ? <Action needs="respond" done="All seen." run={() => call("POST /notifications/seen", {}, all)}>All seen</Action> : null}>
      <div class="filters">
        <label class="check"><input type="checkbox" checked={isAll} onChange={(event) => setFilters(route, { all: event.currentTarget.checked ? "1" : "" })} /> Also those that were seen</label>
        {isOwn ? null : <label class="check"><input type="checkbox" checked={isPeople} onChange={(event) => setFilters(route, { people: event.currentTarget.checked ? "1" : "" })} /> Those to people, too</label>}
      </div>
      <Loaded query={query}>{(data) => (data.notifications.length === 0 ? <Empty>Nothing waits to be seen.</Empty> : data.notifications.map((one) => <Card key={one.id} of={one} />))}</Loaded>
    </Page>
  );
}
