/** The door: a login and password, or a key of the API, make a session of the browser. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api";
import { Field, Form } from "../ui/form";
import { Bell } from "../ui/bell";

export function SignIn({ onDone }: { onDone: () => void }): VNode {
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [key, setKey] = useState("");
  const isPerson = login.trim() !== "" || password !== "";
  const run = async (): Promise<void> => {
    await call("POST /session", {}, isPerson ? { login: login.trim(), password } : { key: key.trim() });
    setPassword("");
    setKey("");
    onDone();
  };
  return (
    <main class="door">
      <Bell />
      <h1>Tocsin</h1>
      <Form name="Sign in" submit="Sign in" run={run}>
        <Field label="Login" value={login} onChange={setLogin} required={key === ""} />
        <Field label="Password" type="password" value={password} onChange={setPassword} required={key === ""} />
        <Field label="Key" type="password" value={key} onChange={setKey} required={!isPerson} hint="Or a key of the API. The browser keeps a session, neither key nor password." />
      </Form>
    </main>
  );
}
