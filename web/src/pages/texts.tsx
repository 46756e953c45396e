/** What Tocsin says, on which occasion and in which language; a text that is tried, measured as it is typed. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call, wordsOf } from "../api";
import { useQuery } from "../query";
import { setFilters, type Route } from "../router";
import { allChannel, type Channel, type TextKey, type TextList, type TextPreview } from "records";
import { Field } from "../ui/form";
import { Loaded, Page, Section } from "../ui/page";

function usePreview(key: string, channel: string, language: string, template: string): { found?: TextPreview; problem?: string } {
  const [state, set] = useState<{ found?: TextPreview; problem?: string }>({});
  useEffect(() => {
    let isOver = false;
    const body = { key, channel: channel as Channel, language, ...(template ? { template } : {}) };
    const timer = setTimeout(() => {
      call("POST /texts/preview", {}, body).then(
        (found) => isOver || set({ found }),
        (error: unknown) => isOver || set({ problem: wordsOf(error) }),
      );
    }, 250);
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [key, channel, language, template]);
  return state;
}

function Measured({ of, channel }: { of: TextPreview; channel: string }): VNode {
  return (
    <div role="status">
      <p>
        <b>{of.characters} characters</b>
        {channel === "CALL" ? `, about ${of.speechSeconds} s spoken` : channel === "SMS" ? `, ${of.segments} ${of.segments === 1 ? "segment" : "segments"} (${of.encoding}), ${of.unitsLeft} left in the last` : ""}
      </p>
      {channel === "SMS" && of.ucs2Characters ? <p class="error">Because of {of.ucs2Characters} it is sent as UCS-2: 70 characters a segment in place of 160.</p> : null}
      {of.subject ? <p><b>{of.subject}</b></p> : null}
      <pre class="text" tabIndex={0}>{of.text}</pre>
    </div>
  );
}

/** Words that fit how a key ends: MEETING_UPCOMING_EMAIL is mailed. */
function channelOf(key: string): Channel {
  return /EMAIL$/.test(key) ? "EMAIL" : /CALL$/.test(key) ? "CALL" : "SMS";
}

function Trial({ list, of, route }: { list: TextList; of: TextKey; route: Route }): VNode {
  const language = route.query.get("language") ?? "en";
  const key = of.key ?? "";
  const [channel, setChannel] = useState<string>(channelOf(key));
  const [template, setTemplate] = useState("");
  const own = of.texts.find((one) => one.language === language && one.part === "TEXT") ?? of.texts.find((one) => one.language === language);
  const { found, problem } = usePreview(key, channel, language, template);
  return (
    <div class="columns">
      <Section title="Template">
        <p class="faint">{of.about}</p>
        <Field label="Channel" value={channel} options={allChannel} onChange={setChannel} />
        <Field label="Text" rows={10} value={template || own?.text || ""} onChange={setTemplate} hint="A trial: what is typed here is not kept." />
        <details>
          <summary>Placeholders</summary>
          <dl class="facts">{list.placeholders.map((one) => <div key={one.name}><dt><code>{`{{${one.name}}}`}</code></dt><dd>{one.about}</dd></div>)}</dl>
        </details>
      </Section>
      <Section title="As it is sent">
        {problem ? <p class="error" role="alert">{problem}</p> : null}
        {found ? <Measured of={found} channel={channel} /> : null}
      </Section>
    </div>
  );
}

export function Texts({ route }: { route: Route }): VNode {
  const query = useQuery("GET /texts", {}, { match: () => false });
  return (
    <Page title="Texts">
      <Loaded query={query}>
        {(list) => {
          const names = list.keys.map((one) => one.key ?? "");
          const chosen = list.keys.find((one) => one.key === route.query.get("key")) ?? list.keys[0];
          return (
            <>
              <div class="filters">
                <Field label="Occasion" value={chosen?.key ?? ""} options={names} onChange={(key) => setFilters(route, { key })} />
                <Field label="Language" value={route.query.get("language") ?? "en"} options={list.languages.map((one) => one.language ?? "")} onChange={(language) => setFilters(route, { language })} />
              </div>
              {chosen ? <Trial key={`${chosen.key} ${route.query.get("language")}`} list={list} of={chosen} route={route} /> : null}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}
