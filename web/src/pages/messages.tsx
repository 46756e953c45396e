/** Everything that was said to anybody, and how far it got. */
import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
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
import { usePages, type Pages } from "../ui/use-pages";

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
      <span class="wide to-whom">{of.userId ? <Person id={of.userId} /> : of.to}</span>
      <span class="wide topic"><Subject type={of.subjectType} id={of.subjectId} /></span>
      <Dots level={of.receipt} />
      <span class="state"><State of={of.state} /></span>
    </div>
  );
}

const pauseMs = 300;

/** What is typed, and a moment after the last letter what is looked for. */
function useTyped(words: string, look: (words: string) => void): [string, (typed: string) => void] {
  const [typed, setTyped] = useState(words);
  const asked = useRef(words);
  useEffect(() => {
    if (words !== asked.current) {
      asked.current = words;
      setTyped(words);
    }
  }, [words]);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (typed !== asked.current) {
        asked.current = typed;
        look(typed);
      }
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [typed]);
  return [typed, setTyped];
}

function searchWords(pages: Pages<Message>): string {
  const { length } = pages.items;
  if (!pages.isRead) {
    return "Looking…";
  }
  if (pages.searched === 0) {
    return `${length} found`;
  }
  return pages.hasMore ? `${length} found in the newest ${pages.searched} of ${pages.total}` : `${length} found in all ${pages.total}`;
}

function AllMessages({ route }: { route: Route }): VNode {
  const channel = route.query.get("channel") ?? "";
  const userId = route.query.get("person") ?? "";
  const text = (route.query.get("words") ?? "").trim();
  const isSearch = text !== "";
  const pages = usePages("GET /messages", { channel, userId, text, newest: true }, (list) => list.messages, () => !isSearch, { messages: true, isSearch });
  const [typed, setTyped] = useTyped(route.query.get("words") ?? "", (words) => setFilters(route, { words }));
  return (
    <Page title="Messages">
      <div class="filters">
        <Field label="Channel" value={channel} options={["", ...allChannel]} onChange={(value) => setFilters(route, { channel: value })} />
        <div class="field"><label for="messages-person">Person</label><PersonSelect id="messages-person" value={userId} empty="all" onChange={(person) => setFilters(route, { person })} /></div>
        <Field label="Search" value={typed} onChange={setTyped} hint="words, a state, a code, an id, an address or its last digits" />
        <span class="faint" role="status">{isSearch ? searchWords(pages) : `${pages.total} in all`}</span>
      </div>
      {pages.problem}
      {pages.isRead && pages.items.length === 0 ? <Empty>{isSearch && pages.hasMore ? "Nothing so far." : "No message."}</Empty> : (
        <List items={pages.items} keyOf={(one) => one.id ?? ""} row={(one) => <Row of={one} />} label="Messages" rowHeight={46} onEnd={isSearch ? () => undefined : pages.more} onOpen={(one) => go(hrefOf("messages", one.id))} />
      )}
      {isSearch && pages.hasMore ? <p><button type="button" onClick={pages.more}>Look further back</button></p> : null}
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
