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
  const constants = constantsOf(file);
  return nodesOf(file)
    .filter(ts.isCallExpression)
    .flatMap((call) => {
      const level = levelOf(call);
      if (level === null) return [];
      const where = `${name}:${file.getLineAndCharacterOfPosition(call.getStart()).line + 1}`;
      const message = textOf(call.arguments[0], constants);
      if (message === null) throw new Error(`${where}: the message of this line is no constant of its file`);
      return [{ level, message, where }];
    });
}

/** Of `log.warn(...)`, `this.tools.log.warn(...)`: `warn`; of anything else null. */
function levelOf({ expression }: ts.CallExpression): string | null {
  if (!ts.isPropertyAccessExpression(expression) || !/\blog$/.test(expression.expression.getText())) return null;
  return LEVELS.find((level) => level === expression.name.text) ?? null;
}

function textOf(node: ts.Expression | undefined, constants: ReadonlyMap<string, ts.Expression>): string | null {
  if (!node) return null;
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isIdentifier(node)) return textOf(constants.get(node.text), constants);
  if (!ts.isTemplateExpression(node)) return null;
  const parts = node.templateSpans.map(({ expression, literal }) => {
    const inserted = textOf(expression, constants);
    return inserted === null ? null : inserted + literal.text;
  });
  return parts.includes(null) ? null : node.head.text + parts.join('');
}

function constantsOf(file: ts.SourceFile): Map<string, ts.Expression> {
  const found = new Map<string, ts.Expression>();
  for (const node of nodesOf(file)) {
    if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && node.initializer) {
      found.set(node.name.text, node.initializer);
    }
  }
  return found;
}

function nodesOf(node: ts.Node): ts.Node[] {
  const nodes = [node];
  node.forEachChild((child) => void nodes.push(...nodesOf(child)));
  return nodes;
}
