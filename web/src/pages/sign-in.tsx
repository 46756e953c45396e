/** The door: by the provider that is configured, with a login and password where somebody has one, or with a key of the API. */
import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call } from "../api";
import type { SignInWays } from "records";
import { Field, Form } from "../ui/form";
import { Bell } from "../ui/bell";

interface DoorProps {
  onDone: () => void;
}

function WithPassword({ onDone }: DoorProps): VNode {
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const run = async (): Promise<void> => {
    await call("POST /session", {}, { login: login.trim(), password });
    setPassword("");
    onDone();
  };
  return (
    <Form name="Sign in" submit="Sign in" run={run}>
      <Field label="Login" value={login} onChange={setLogin} fill="username" required />
      <Field label="Password" type="password" value={password} onChange={setPassword} fill="current-password" required />
    </Form>
  );
}

function WithKey({ onDone, submit }: DoorProps & { submit: string }): VNode {
  const [key, setKey] = useState("");
  const run = async (): Promise<void> => {
    await call("POST /session", {}, { key: key.trim() });
    setKey("");
    onDone();
  };
  return (
    <Form name={submit} submit={submit} run={run}>
      <Field label="Key" type="password" value={key} onChange={setKey} required hint="A key of the API. The browser keeps a session, not the key." />
    </Form>
  );
}

export function SignIn({ onDone }: DoorProps): VNode {
  const [ways, setWays] = useState<SignInWays | undefined>(undefined);
  useEffect(() => {
    // Where the server does not say, the key is tried: its answer tells what is wrong.
    call("GET /session/ways").then(setWays, () => setWays({ password: false }));
  }, []);
  const isOnlyKey = ways !== undefined && !ways.password && ways.oidc === undefined;
  return (
    <main class="door">
      <Bell />
      <h1>Tocsin</h1>
      {ways === undefined ? <p class="faint">Reading…</p> : null}
      {ways?.oidc === undefined ? null : <p><a class="button main" href="/api/v1/session/oidc">Sign in at {ways.oidc}</a></p>}
      {ways?.password ? <WithPassword onDone={onDone} /> : null}
      {isOnlyKey ? <WithKey onDone={onDone} submit="Sign in" /> : null}
      {ways !== undefined && !isOnlyKey ? <details><summary>With a key</summary><WithKey onDone={onDone} submit="Sign in so" /></details> : null}
    </main>
  );
}
