// Conditions as text and back: what a list of conditions can say of the filter language.

export const FIELDS = ["int_attr", "int_attr2", "int_attr3", "int_attr4", "str_attr", "str_attr2", "str_attr3", "str_attr4"];
const OPERATORS = { int: ["=", "!=", "<", "<=", ">", ">=", "in", "not in"], str: ["=", "!=", "in", "not in"] };

export const isNumber = (field) => field.startsWith("int");
export const operatorsOf = (field) => OPERATORS[isNumber(field) ? "int" : "str"];
export const isList = (operator) => operator.endsWith("in");

const quoted = (text) => `"${text.replace(/[\\"]/g, "\\$&")}"`;
const plain = (literal) => (literal.startsWith('"') ? literal.slice(1, -1).replace(/\\(.)/g, "$1") : literal);

/** Rows { field, operator, value } as an expression; a row without a value says nothing yet. */
export function textOf(rows, join) {
  return rows.filter(({ value }) => value.trim()).map(conditionOf).join(` ${join} `);
}

function conditionOf({ field, operator, value }) {
  const literal = (text) => (isNumber(field) ? text.trim() : quoted(text));
  if (!isList(operator)) return `${field} ${operator} ${literal(value)}`;
  const values = value.split(",").map((each) => each.trim()).filter(Boolean);
  return `${field} ${operator} (${values.map(literal).join(", ")})`;
}

const LITERAL = String.raw`(?:[+-]?\d+|"(?:[^"\\]|\\.)*")`;
const CONDITION = new RegExp(
  String.raw`^\s*(?<field>(?:int|str)_?attr[234]?)\s*(?:(?<operator>>=|<=|!=|=|<|>)\s*(?<value>${LITERAL})|(?<word>(?:not\s+)?in)\s*\((?<values>\s*${LITERAL}(?:\s*,\s*${LITERAL})*)\s*\))`, "i");
const JOIN = /^\s*(and|or)\b/i;

/** The rows of an expression, { rows, join }; null where it is more than conditions joined by one word. */
export function rowsOf(text) {
  const rows = [];
  let join = null;
  let rest = text.trim();
  while (rest) {
    const found = CONDITION.exec(rest);
    const row = found && rowOf(found.groups);
    if (!row) return null;
    rows.push(row);
    rest = rest.slice(found[0].length).trim();
    if (!rest) break;
    const word = JOIN.exec(rest)?.[1].toUpperCase();
    if (!word || (join && join !== word)) return null;
    join = word;
    rest = rest.slice(word.length + rest.search(/\S/)).trim();
    if (!rest) return null;
  }
  return { rows, join: join ?? "AND" };
}

function rowOf({ field, operator, value, word, values }) {
  const name = field.toLowerCase().replace(/^(int|str)attr/, "$1_attr");
  if (operator) return plain(value).trim() ? { field: name, operator, value: plain(value) } : null; // an empty one would be left out
  const all = values.match(new RegExp(LITERAL, "g")).map(plain);
  if (all.some((each) => !each || each !== each.trim() || each.includes(","))) return null; // commas and spaces part them
  return { field: name, operator: word.toLowerCase().replace(/\s+/, " "), value: all.join(", ") };
}
