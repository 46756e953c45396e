/** Who is signed in, for every part of the page. */
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import { call } from "./api";
import { setClock } from "./clock";
import type { Session } from "records";

export const SessionContext = createContext<Session>({ hasVirtualClock: false });

export function useSession(): Session {
  return useContext(SessionContext);
}

/** What an action asks of whoever does it: to answer what happens, to change settings, or to be an admin. */
export type Needs = "nothing" | "respond" | "change" | "administer";

const ranks: readonly Needs[] = ["nothing", "respond", "change", "administer"];
const mostOf: Record<string, Needs> = { READER: "nothing", RESPONDER: "respond", OPERATOR: "change", USER: "change", ADMIN: "administer" };

/** Why this session may not; undefined where it may. The server decides: this is so that nobody presses in vain. */
export function useWhyNot(needs: Needs): string | undefined {
  const { scope } = useSession();
  const most = mostOf[scope ?? "ADMIN"] ?? "nothing";
  if (ranks.indexOf(needs) <= ranks.indexOf(most)) {
    return undefined;
  }
  return most === "nothing" ? "You may only read here." : most === "respond" ? "You may answer what happens here, and change no settings." : "Only an admin may do this.";
}

/** The session, and with it the server's clock: half of the way there and back is taken off. */
export async function readSession(): Promise<Session> {
  const before = Date.now();
  const session = await call("GET /session");
  const half = session.hasVirtualClock ? 0 : (Date.now() - before) / 2;
  setClock(new Date(Date.parse(session.now ?? "") + half).toISOString(), session.hasVirtualClock);
  return session;
}
