/** Everything that was said to anybody, and how far it got. */
import type { VNode } from "preact";
import { call } from "../api";
import { go, hrefOf, setFilters, type Route } from "../router";
import { allChannel, type Message, type SubjectType } from "records";
import { useQuery } from "../query";
import { Action } from "../ui/action";
import { Field } from "../ui/form";
import { List } from "../ui/list";
import { ChannelMark, Dots, State } from "../ui/marks";
import { MessageWay } from "../ui/message-way";
import { Empty, Facts, Loaded, Page, Section } from "../ui/page";
import { Person, PersonSelect } from "../ui/people";
import { At } from "../ui/time";
import { usePages } from "../ui/use-pages";

const subjectPages: Partial<Record<SubjectType, string>> = { INCIDENT: "incidents", MEETING: "meetings", SCHEDULED_CALL: "calls", USER: "people", POLICY: "policies" };

export function Subject({ type, id }: { type: SubjectType | undefined; id: string | undefined }): VNode | null {
  const page = type === undefined ? undefined : subjectPages[type];
  if (type === undefined) {
    return null;
  }
  const words = type.toLowerCase().replaceAll("_", " ");
  return page && id ? <a href={hrefOf(page, id)}>{words}</a> : <span>{words}</span>;
}

function Row({ of }: { of: Message }): VNode {
  return (
    <div class="cells">
      <span class="at"><At at={of.createdAt} bare seconds /></span>
      <ChannelMark of={of.channel} />
      <span class="grow"><a href={hrefOf("messages", of.id)}>{of.subject || of.text || "(no text)"}</a></span>
      <span class="wide">{of.userId ? <Person id={of.userId} /> : of.to}</span>
      <span class="wide"><Subject type={of.subjectType} id={of.subjectId} /></span>
      <Dots level={of.receipt} />
      <State of={of.state} />
    </div>
  );
}

/** Words are looked for in the browser: in so many of the newest. */
const searchedMax = 5000;

function AllMessages({ route }: { route: Route }): VNode {
  const channel = route.query.get("channel") ?? "";
  const userId = route.query.get("person") ?? "";
  const words = (route.query.get("words") ?? "").toLowerCase();
  const pages = usePages("GET /messages", { channel, userId, newest: true }, (list) => list.messages, () => true, true);
  const shown = words === "" ? pages.items : pages.items.filter((one) => `${one.subject} ${one.text} ${one.to} ${one.state}`.toLowerCase().includes(words));
  return (
    <Page title="Messages">
      <div class="filters">
        <Field label="Channel" value={channel} options={["", ...allChannel]} onChange={(value) => setFilters(route, { channel: value })} />
        <div class="field"><label for="messages-person">Person</label><PersonSelect id="messages-person" value={userId} empty="all" onChange={(person) => setFilters(route, { person })} /></div>
        <Field label="Words in what was read" value={route.query.get("words") ?? ""} onChange={(value) => setFilters(route, { words: value })} />
        <span class="faint">{words === "" ? `${pages.total} in all` : `${shown.length} of the ${pages.items.length} that were read`}</span>
      </div>
      {pages.problem}
      {pages.isRead && shown.length === 0 ? <Empty>No message.</Empty> : (
        <List items={shown} keyOf={(one) => one.id ?? ""} row={(one) => <Row of={one} />} label="Messages" rowHeight={46} onEnd={words === "" || pages.items.length < searchedMax ? pages.more : () => undefined} onOpen={(one) => go(hrefOf("messages", one.id))} />
      )}
    </Page>
  );
}

function OneMessage({ id }: { id: string }): VNode {
  const query = useQuery("GET /messages/{id}", { id }, { messages: true });
  return (
    <Page title={query.data?.subject || "Message"}>
      <Loaded query={query}>
        {(of) => (
          <Section title="Message" aside={<><Dots level={of.receipt} /> <State of={of.state} /></>}>
            <Facts of={[["Channel", <ChannelMark of={of.channel} />], ["Whom", of.userId ? <Person id={of.userId} /> : of.to], ["About", <Subject type={of.subjectType} id={of.subjectId} />], ["Made", <At at={of.createdAt} seconds />]]} />
            {of.channel === "WEBHOOK" && (of.state === "FAILED" || of.state === "UNDELIVERED") ? (
              <div class="actions"><Action letter="t" tone="main" done="It is posted once more, under the id that it had." run={() => call("POST /messages/{id}/replay", { id })}>Post it again</Action></div>
            ) : null}
            <MessageWay id={id} />
          </Section>
        )}
      </Loaded>
    </Page>
  );
}

export function Messages({ route }: { route: Route }): VNode {
  return route.id === undefined ? <AllMessages route={route} /> : <OneMessage id={route.id} />;
}
