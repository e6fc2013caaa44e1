// Finds every way in which a file can name another module, type-only ones included.

function literal(node) {
  if (node?.type === 'Literal' && typeof node.value === 'string') return node.value;
  if (node?.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0].value.cooked;
  return node?.type === 'TSLiteralType' ? literal(node.literal) : undefined;
}

/** A visitor that calls `visit(node, name)` for every import; `name` is undefined when it is computed. */
export function everyImport(visit) {
  const source = (node) => node.source && visit(node.source, literal(node.source));
  return {
    ImportDeclaration: source,
    ExportNamedDeclaration: source,
    ExportAllDeclaration: source,
    ImportExpression: source,
    TSImportType: source,
    TSExternalModuleReference: (node) => visit(node.expression, literal(node.expression)),
    'CallExpression[callee.name="require"]': (node) => visit(node, literal(node.arguments[0])),
  };
}

export function isRelative(name) {
  return /^\.{1,2}(\/|$)/.test(name) || name.startsWith('/') || name.startsWith('file:');
}
