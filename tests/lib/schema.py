"""tests/lib/schema.py: does a value keep to a schema of our OpenAPI document?

Knows the words that our documents use and refuses any other, so that nothing is passed over in silence; `format` and what is
written for people is not checked. An answer may have only the members that its schema names.
"""
import re

FOR_PEOPLE = {"description", "format", "default", "title"}
KNOWN = FOR_PEOPLE | {"type", "required", "properties", "additionalProperties", "enum", "const", "items", "$ref", "anyOf",
                      "pattern", "minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
LIMITS = {"minimum": lambda value, limit: value >= limit, "maximum": lambda value, limit: value <= limit,
          "minLength": lambda value, limit: len(value.encode()) >= limit, "maxLength": lambda value, limit: len(value) <= limit,
          "minItems": lambda value, limit: len(value) >= limit, "maxItems": lambda value, limit: len(value) <= limit}


def is_of_type(value, name):
    if name == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, TYPES[name])


class Schemas:
    def __init__(self, document):
        self.document = document

    def resolve(self, schema):
        while "$ref" in schema:
            target = self.document
            for name in schema["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            schema = target
        return schema

    def problems(self, value, schema, where="body"):
        """What is wrong with the value, as sentences."""
        schema = self.resolve(schema)
        unknown = set(schema) - KNOWN
        if unknown:
            return [f"{where}: this checker does not know {sorted(unknown)}"]
        if "anyOf" in schema:
            found = [self.problems(value, option, where) for option in schema["anyOf"]]
            return [] if any(not one for one in found) else [f"{where}: {value!r} is none of anyOf"]
        if "const" in schema and value != schema["const"]:
            return [f"{where}: {value!r} is not {schema['const']!r}"]
        if "enum" in schema and value not in schema["enum"]:
            return [f"{where}: {value!r} is not one of {schema['enum']}"]
        types = schema.get("type", [])
        types = types if isinstance(types, list) else [types]
        if types and not any(is_of_type(value, name) for name in types):
            return [f"{where}: {value!r} is not of type {types}"]
        return self._inside(value, schema, where)

    def _inside(self, value, schema, where):
        found = [f"{where}: {str(value)[:60]!r} breaks {word} {schema[word]}" for word, holds in LIMITS.items()
                 if word in schema and value is not None and not holds(value, schema[word])]
        if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
            found.append(f"{where}: {value!r} does not match {schema['pattern']}")
        if isinstance(value, list):
            for index, item in enumerate(value):
                found += self.problems(item, schema.get("items", {}), f"{where}[{index}]")
        if isinstance(value, dict):
            found += self._members(value, schema, where)
        return found

    def _members(self, value, schema, where):
        properties = schema.get("properties", {})
        found = [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
        for name, member in value.items():
            if name in properties:
                found += self.problems(member, properties[name], f"{where}.{name}")
            elif "properties" in schema:  # Without, it is an object of the caller's own.
                found.append(f"{where}: {name} is not in the schema")
        return found

    def operations(self):
        """(method, path, operation) of every route."""
        return [(method.upper(), path, operation) for path, operations in self.document["paths"].items()
                for method, operation in operations.items()]

    def body_schema(self, operation):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        return self.resolve(content["schema"]) if content else None

    def answer_problems(self, operation, answer):
        """Of an Answer: is its status documented, its type right, its body by the schema?"""
        responses = operation["responses"]
        documented = responses.get(str(answer.status))
        if documented is None and answer.status < 400:
            return [f"status {answer.status} is not documented"]
        content = (documented or responses["default"])["content"]
        kind = (answer.headers.get("Content-Type") or "").split(";")[0]
        if kind not in content:
            return [f"{kind or 'no type'} is not one of {list(content)} (status {answer.status})"]
        if kind != "application/json":
            return []
        return self.problems(answer.body, content[kind]["schema"])
