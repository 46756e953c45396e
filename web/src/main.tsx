import { render, type VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError, onSignedOut, wordsOf } from "./api";
import { clockReached, setClock } from "./clock";
import { onNews, startLive, stopLive } from "./live";
import { forgetAll } from "./query";
import { useRoute, type Route } from "./router";
import { readSession, SessionContext } from "./session";
import { applyTheme } from "./theme";
import { forgetPeople } from "./ui/people";
import { Page } from "./ui/page";
import { Shell } from "./ui/shell";
import { ApiDocs } from "./pages/api-docs";
import { Audit } from "./pages/audit";
import { Calls } from "./pages/calls";
import { DispatchPage } from "./pages/dispatch";
import { Incidents } from "./pages/incidents";
import { Meetings } from "./pages/meetings";
import { Messages } from "./pages/messages";
import { Notifications } from "./pages/notifications";
import { Now } from "./pages/now";
import { OnCall } from "./pages/oncall";
import { People } from "./pages/people";
import { Phones } from "./pages/phones";
import { Policies } from "./pages/policies";
import { Providers } from "./pages/providers";
import { QueuePage } from "./pages/queue";
import { Settings } from "./pages/settings";
import { SignIn } from "./pages/sign-in";
import { Texts } from "./pages/texts";
import type { Session } from "records";
import "./style.css";

const pages: Record<string, (props: { route: Route }) => VNode> = {
  now: Now, incidents: Incidents, meetings: Meetings, dispatch: DispatchPage, calls: Calls, messages: Messages, notifications: Notifications,
  oncall: OnCall, people: People, policies: Policies, providers: Providers, queue: QueuePage, audit: Audit, settings: Settings, phones: Phones, texts: Texts, api: ApiDocs,
};

function Missing({ route }: { route: Route }): VNode {
  return <Page title="No such page"><p>There is no page <code>{route.page}</code>. The menu has those that are there.</p></Page>;
}

type Who = { session: Session } | { error: unknown } | "nobody" | "unknown";

function App(): VNode {
  const route = useRoute();
  const [who, setWho] = useState<Who>("unknown");
  const look = (): void => {
    readSession().then(
      (session) => setWho({ session }),
      (error: unknown) => setWho(error instanceof ApiError && error.status === 401 ? "nobody" : { error }),
    );
  };
  const leave = (): void => {
    stopLive();
    forgetAll();
    forgetPeople();
    setWho("nobody");
  };
  const isIn = typeof who === "object" && "session" in who;
  useEffect(look, []);
  useEffect(() => onSignedOut(leave), []);
  useEffect(() => {
    if (!isIn) {
      return undefined;
    }
    void startLive(leave);
    const forget = onNews((news) => (news === "messages" ? undefined : news === "again" ? void readSession().catch(() => undefined) : clockReached(news.at)));
    return () => {
      forget();
      stopLive();
    };
  }, [isIn]);
  const isFirst = useRef(true);
  useEffect(() => {
    scrollTo(0, 0);
    if (!isFirst.current) {
      document.querySelector<HTMLElement>("main h1")?.focus({ preventScroll: true });
    }
    isFirst.current = false;
  }, [route.page, route.id]);
  if (who === "nobody") {
    return <SignIn onDone={look} />;
  }
  if (who === "unknown") {
    return <main class="door"><p class="faint">Reading…</p></main>;
  }
  if ("error" in who) {
    return <main class="door"><h1>Tocsin</h1><p class="error" role="alert">{wordsOf(who.error)}</p><button type="button" onClick={look}>Try again</button></main>;
  }
  const Shown = pages[route.page] ?? Missing;
  return (
    <SessionContext.Provider value={who.session}>
      <Shell page={route.page} onSignOut={leave}><Shown key={`${route.page}/${route.id ?? ""}`} route={route} /></Shell>
    </SessionContext.Provider>
  );
}

applyTheme();
const place = document.getElementById("app");
if (place) {
  setClock(new Date().toISOString(), false);
  render(<App />, place);
}
