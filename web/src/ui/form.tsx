/** Fields with labels; a form that shows the server's words at the field that they are about. */
import type { ComponentChildren, VNode } from "preact";
import { useId, useState } from "preact/hooks";
import { ApiError, wordsOf } from "../api";
import { reloadAll } from "../query";
import { useWhyNot, type Needs } from "../session";

export interface FieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  type?: "text" | "password" | "number" | "datetime-local" | "date";
  hint?: string;
  options?: readonly string[];
  rows?: number;
  required?: boolean;
  /** What the option "" is called. */
  empty?: string;
  /** What a browser may fill in: "username", "current-password". */
  fill?: "username" | "current-password" | "off";
}

export function Field({ label, value, onChange, type = "text", hint, options, rows, required = false, empty = "any", fill = "off" }: FieldProps): VNode {
  const id = useId();
  const common = { id, value, required, ...(hint ? { "aria-describedby": `${id}-hint` } : {}) };
  const kind = { type } as { type: "text" }; // Preact's types know one literal at a time; these all take the same attributes.
  const input = options ? (
    <select {...common} onChange={(event) => onChange(event.currentTarget.value)}>
      {options.map((one) => <option key={one} value={one}>{one === "" ? empty : one.toLowerCase().replaceAll("_", " ")}</option>)}
    </select>
  ) : rows ? (
    <textarea {...common} rows={rows} spellcheck={false} onInput={(event) => onChange(event.currentTarget.value)} />
  ) : (
    <input {...common} {...kind} autocomplete={fill} onInput={(event) => onChange(event.currentTarget.value)} />
  );
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {input}
      {hint ? <small id={`${id}-hint`}>{hint}</small> : null}
    </div>
  );
}

interface FormProps {
  children: ComponentChildren;
  submit: string;
  run: () => Promise<unknown>;
  name: string;
  needs?: Needs;
}

export function Form({ children, submit, run, name, needs = "change" }: FormProps): VNode {
  const [error, setError] = useState<unknown>(undefined);
  const [isBusy, setBusy] = useState(false);
  const whyNot = useWhyNot(needs);
  const go = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await run();
      reloadAll();
    } catch (found) {
      setError(found);
    }
    setBusy(false);
  };
  const field = error instanceof ApiError ? error.field : undefined;
  return (
    <form aria-label={name} onSubmit={(event) => void go(event)}>
      {children}
      {error === undefined ? null : <p class="error" role="alert">{field ? <b>{field}: </b> : null}{wordsOf(error)}</p>}
      <button type="submit" class="main" disabled={isBusy || whyNot !== undefined} aria-busy={isBusy}>{submit}</button>
      {whyNot === undefined ? null : <small class="faint">{whyNot}</small>}
    </form>
  );
}
