/** CSV (RFC 4180) with a heading line, as rows of names and values. */
export interface CsvRow {
  /** Where it begins in the file, the heading being line 1. */
  line: number;
  values: Record<string, string>;
}

/** The fields of a file, record by record, each with the line where it begins. */
function records(text: string, separator: string): { line: number; fields: string[] }[] {
  const all: { line: number; fields: string[] }[] = [];
  let fields: string[] = [];
  let field = "";
  let isQuoted = false;
  let line = 1;
  let begins = 1;
  const endRecord = (): void => {
    fields.push(field);
    if (fields.length > 1 || field.trim() !== "") {
      all.push({ line: begins, fields });
    }
    fields = [];
    field = "";
    begins = line + 1;
  };
  for (let at = 0; at < text.length; at++) {
    const one = text[at] ?? "";
    if (isQuoted) {
      if (one === '"' && text[at + 1] === '"') {
        field += '"';
        at++;
      } else if (one === '"') {
        isQuoted = false;
      } else {
        field += one;
        line += one === "\n" ? 1 : 0;
      }
    } else if (one === '"' && field === "") {
      isQuoted = true;
    } else if (one === separator) {
      fields.push(field);
      field = "";
    } else if (one === "\n") {
      endRecord();
      line++;
    } else if (one !== "\r") {
      field += one;
    }
  }
  endRecord();
  return all;
}

export function readCsv(text: string): CsvRow[] {
  const plain = text.replace(/^\uFEFF/, "");
  const heading = plain.slice(0, plain.indexOf("\n") < 0 ? plain.length : plain.indexOf("\n"));
  const separator = heading.includes(";") && !heading.includes(",") ? ";" : ",";
  const [head, ...rows] = records(plain, separator);
  const names = (head?.fields ?? []).map((name) => name.trim());
  return rows.map(({ line, fields }) => ({
    line,
    values: Object.fromEntries(names.map((name, at) => [name, (fields[at] ?? "").trim()])),
  }));
}
