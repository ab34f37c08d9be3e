// Copyright (c) 2026 the contributors
// GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// Microsoft's own KQL parser over .kql files: every name, type and operator, against the documented tables.
//   node check.mjs [FILE or FOLDER ...]      without any: the packs of the role hunt
// The packages of package.json are looked for here and in NODE_PATH. Ends with 1 when a file has a mistake, with 3 without the packages.

import {readFileSync, readdirSync, statSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, join, relative} from 'node:path';
import {fileURLToPath} from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const roles = join(here, '..', '..', 'roles');
const require = createRequire(import.meta.url);
const FENCE = '// ---';
const SAMPLES = {string: '"x"', long: 'long(1)', real: 'real(1)', bool: 'true', datetime: 'datetime(2026-01-01)', timespan: '1tick', dynamic: 'dynamic([])'};

function parser() {
  try {
    // two scripts for a browser, in this order; they leave Bridge and Kusto behind as globals
    require('@kusto/language-service-next/bridge.min.js');
    require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
    return {Kusto: globalThis.Kusto, yaml: require('yaml')};
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    console.error(`${error.message.split('\n')[0]}: run npm install in a copy of ${here}, and name its node_modules in NODE_PATH.`);
    process.exit(3);
  }
}

const {Kusto, yaml} = parser();
const {Symbols} = Kusto.Language;

function column(name, type) {
  return new Symbols.ColumnSymbol.ctor(name, Symbols.ScalarTypes.GetSymbol(type));
}

function documented(file) {
  const tables = Object.entries(JSON.parse(readFileSync(file, 'utf8'))).map(
    ([name, columns]) => new Symbols.TableSymbol.$ctor4(name, Object.entries(columns).map(([each, type]) => column(each, type))));
  return Kusto.Language.GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('hunting', tables));
}

// A header says of which type its parameters are. Files without a header, and queries as they are sent, need nothing before them.
function lets(text) {
  const lines = text.split(/\r?\n/);
  if (lines[0].trimEnd() !== FENCE) return '';
  const header = yaml.parse(lines.slice(1, lines.indexOf(FENCE, 1)).map((line) => line.replace(/^\/\/ ?/, '')).join('\n'));
  const declared = Object.entries(header.parameters ?? {});
  return declared.map(([name, {type}]) => `let ${name} = ${SAMPLES[type]};`).join(' ') + (declared.length ? '\n' : '');
}

function mistakes(text, globals) {
  const before = lets(text);
  const code = Kusto.Language.KustoCode.ParseAndAnalyze(before + text, globals);
  const found = code.GetDiagnostics();
  const start = before ? 1 : 0;
  return [...Array(found.Count).keys()].map((at) => found.getItem(at)).filter((one) => one.Severity !== 'Suggestion').map((one) => {
    const lead = (before + text).slice(0, one.Start).split('\n');
    return {line: lead.length - start, column: lead.at(-1).length + 1, severity: one.Severity, message: one.Message, code: one.Code};
  });
}

function files(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, {recursive: true}).map((name) => join(path, name)).filter((name) => name.endsWith('.kql')).sort();
}

const globals = documented(join(roles, 'lab', 'files', 'defender_lab', 'hunting', 'schema.json'));
const asked = process.argv.slice(2);
const all = (asked.length ? asked : [join(roles, 'hunt', 'files', 'packs')]).flatMap(files);
let bad = 0;
for (const file of all) {
  for (const {line, column: place, severity, message, code} of mistakes(readFileSync(file, 'utf8'), globals)) {
    bad += severity === 'Error';
    console.log(`${relative('', file)}:${line}:${place}: ${severity} ${code}: ${message}`);
  }
}
console.log(`${all.length} files, ${bad} mistakes`);
process.exitCode = bad || !all.length ? 1 : 0;
