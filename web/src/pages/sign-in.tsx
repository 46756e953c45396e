/** The door: a key of the API makes a session of the browser. */
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { call } from "../api";
import { Field, Form } from "../ui/form";
import { Bell } from "../ui/bell";

export function SignIn({ onDone }: { onDone: () => void }): VNode {
  const [key, setKey] = useState("");
  const run = async (): Promise<void> => {
    await call("POST /session", {}, { key: key.trim() });
    setKey("");
    onDone();
  };
  return (
    <main class="door">
      <Bell />
      <h1>Tocsin</h1>
      <Form name="Sign in" submit="Sign in" run={run}>
        <Field label="Key" type="password" value={key} onChange={setKey} required hint="A key of the API. The browser keeps a session, not the key." />
      </Form>
    </main>
  );
}
