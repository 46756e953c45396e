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

/** Whether the key behind the session may change things at all. */
export function useMayAct(): boolean {
  const { scope } = useSession();
  return scope !== "READER";
}

/** The session, and with it the server's clock: half of the way there and back is taken off. */
export async function readSession(): Promise<Session> {
  const before = Date.now();
  const session = await call("GET /session");
  const half = session.hasVirtualClock ? 0 : (Date.now() - before) / 2;
  setClock(new Date(Date.parse(session.now ?? "") + half).toISOString(), session.hasVirtualClock);
  return session;
}
