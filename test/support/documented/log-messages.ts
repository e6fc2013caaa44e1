import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { ROOT } from '../program.js';

const LEVELS = ['info', 'warn', 'error'];

/** A line that the program may log. */
export interface LogMessage {
  readonly level: string;
  readonly message: string;
  /** `FILE:LINE` */
  readonly where: string;
}

/**
 * Every message that the source hands to a log.
 * @throws Error for one whose text cannot be read from its file: nobody could document it
 */
export function logMessages(): LogMessage[] {
  const src = fileURLToPath(new URL('src/', ROOT));
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files.flatMap((name) => messagesIn(`src/${name}`, readFileSync(src + name, 'utf8')));
}

/** The messages of one file. @param name its name in `where` */
export function messagesIn(name: string, text: string): LogMessage[] {
  if (!/\blog\.(info|warn|error)\(/.test(text)) return [];
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  return nodesOf(file)
    .filter(ts.isCallExpression)
    .flatMap((call) => {
      const level = levelOf(call);
      if (level === null) return [];
      const where = `${name}:${file.getLineAndCharacterOfPosition(call.getStart()).line + 1}`;
      const message = textOf(call.arguments[0]);
      if (message === null) throw new Error(`${where}: the message of this line is no constant of its file`);
      return [{ level, message, where }];
    });
}

/** Of `log.warn(...)`, `this.tools.log.warn(...)`: `warn`; of anything else null. */
function levelOf({ expression }: ts.CallExpression): string | null {
  if (!ts.isPropertyAccessExpression(expression) || !/\blog$/.test(expression.expression.getText())) return null;
  return LEVELS.find((level) => level === expression.name.text) ?? null;
}

/** The text of a literal, of a template made of such, or of a constant that is one. */
function textOf(node: ts.Expression | undefined): string | null {
  if (!node) return null;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isIdentifier(node)) return textOf(constantNamed(node.text, node));
  if (!ts.isTemplateExpression(node)) return null;
  const parts = node.templateSpans.map(({ expression, literal }) => {
    const inserted = textOf(expression);
    return inserted === null ? null : inserted + literal.text;
  });
  return parts.includes(null) ? null : node.head.text + parts.join('');
}

/** What a constant of that name is set to, in the innermost block around a place. */
function constantNamed(name: string, place: ts.Node): ts.Expression | undefined {
  for (let around = place.parent; around; around = around.parent) {
    if (!ts.isBlock(around) && !ts.isSourceFile(around)) continue;
    const declared = around.statements
      .filter(ts.isVariableStatement)
      .flatMap(({ declarationList }) => [...declarationList.declarations])
      .find((declaration) => declaration.name.getText() === name);
    if (declared) return declared.initializer;
  }
  return undefined;
}

function nodesOf(node: ts.Node): ts.Node[] {
  const nodes = [node];
  node.forEachChild((child) => void nodes.push(...nodesOf(child)));
  return nodes;
}
