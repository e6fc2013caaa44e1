// The TypeScript files of a folder as the figures of the house need them: their lines, what they import and export.

import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

/**
 * Reads every .ts file below a folder.
 * @param root the folder that the names of files are relative to
 * @returns a map from a file's name, such as `src/addr/mac.ts`, to { file, text, lines, ast, imports, exports }
 */
export function readSources(root, folder) {
  const names = fs.readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => name.endsWith('.ts')).map((name) => path.posix.join(folder, name));
  return new Map(files.sort().map((file) => [file, readSource(root, file)]));
}

function readSource(root, file) {
  const text = fs.readFileSync(path.join(root, file), 'utf8');
  const ast = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  return {
    file,
    text,
    ast,
    lines: text.split('\n').length - 1,
    imports: importsOf(file, ast),
    exports: exportsOf(ast),
  };
}

/** Calls `visit` for a node and everything in it. */
export function everyNode(node, visit) {
  visit(node);
  node.forEachChild((child) => everyNode(child, visit));
}

/** What a file imports of its own project: { target, names }; names is null where all of the target may be used. */
function importsOf(file, ast) {
  const found = [];
  const add = (specifier, names) => {
    if (!specifier || !ts.isStringLiteralLike(specifier) || !specifier.text.startsWith('.')) return;
    found.push({ target: path.posix.join(path.dirname(file), specifier.text).replace(/\.js$/, '.ts'), names });
  };
  everyNode(ast, (node) => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, importedNames(node));
    if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, namedIn(node.exportClause));
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) add(node.arguments[0], null);
    if (ts.isImportTypeNode(node)) add(node.argument.literal, node.qualifier ? [node.qualifier.getText()] : null);
  });
  return found;
}

function importedNames({ importClause }) {
  if (!importClause) return [];
  return importClause.name ? null : namedIn(importClause.namedBindings);
}

/** The names in braces, as the other file has them; null for `*`. */
function namedIn(bindings) {
  if (!bindings?.elements) return null;
  return bindings.elements.map(({ name, propertyName }) => (propertyName ?? name).text);
}

/** The names that a file exports. */
function exportsOf(ast) {
  return ast.statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) return statement.exportClause?.elements.map(({ name }) => name.text) ?? [];
    const isExported = statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword);
    if (!isExported) return [];
    if (ts.isVariableStatement(statement)) {
      return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name));
    }
    return statement.name ? [statement.name.text] : [];
  });
}

function boundNames(name) {
  return ts.isIdentifier(name) ? [name.text] : name.elements.flatMap((element) => boundNames(element.name));
}
