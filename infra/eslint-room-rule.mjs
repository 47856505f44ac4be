// The ESLint rule that holds the rooms apart. What a room may use is in the table of eslint.config.js.
import { isBuiltin } from 'node:module';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The room of a path under the root (`libs/domain`, `apps/hub`, `test`); undefined where there is none. */
function roomOf(path) {
  const parts = relative(root, path).split(sep);
  if (parts[0] === 'test') return 'test';
  return (parts[0] === 'libs' || parts[0] === 'apps') && parts.length > 2
    ? `${parts[0]}/${parts[1]}`
    : undefined;
}

const shortName = (room) => room.replace(/^(libs|apps)\//, '');

/** Specs, and the contract suites that lie beside a port: they may use test tools, every library and test/. */
const isTest = (path) => /(\.spec|-contract)\.ts$/.test(path);

/** What is wrong with this import, or undefined. */
function fault(specifier, file, { rooms, drivers }) {
  const room = roomOf(file);
  if (room === undefined) return;
  const rules = rooms[room];
  if (rules === undefined) return `the room ${room} is not in the table of eslint.config.js`;

  if (/^\.{0,2}\//.test(specifier)) {
    const target = roomOf(resolve(dirname(file), specifier));
    if (target !== room) {
      return `'${specifier}' leaves the room ${room}: import another room as @threadline/<room>/<file>`;
    }
    return;
  }

  const own = /^@threadline\/([^/]+)(\/.+)?$/.exec(specifier);
  if (own) {
    const [, name, path] = own;
    if (path === undefined) return `'${specifier}' names no file: there are no barrels`;
    if (rules.uses === 'everything') return;
    if (name === shortName(room)) return `'${specifier}' is this room: import it by a relative path`;
    if (rules.uses.includes(name)) return;
    const isLibrary = Object.hasOwn(rooms, `libs/${name}`);
    if (isTest(file) && (isLibrary || name === 'test')) return;
    return `${room} may not use ${name}; it may use ${rules.uses.join(', ') || 'no other room'}`;
  }

  const driver = drivers[specifier];
  const path = relative(root, file).split(sep).join('/');
  if (driver && room !== 'test' && !isTest(file) && !driver.some((files) => path.startsWith(files))) {
    return `the driver '${specifier}' is only imported in ${driver.join(', ')}`;
  }
  if (isBuiltin(specifier) && !specifier.startsWith('node:')) return `write 'node:${specifier}'`;
  if (rules.pure && !isTest(file)) {
    return `${room} is pure: it imports no ${isBuiltin(specifier) ? 'built-in module' : 'npm package'} ('${specifier}')`;
  }
}

/** `new URL('./worker.js', import.meta.url)` names a module as well. */
const isModuleUrl = ({ callee, arguments: [, base] }) =>
  callee.type === 'Identifier' &&
  callee.name === 'URL' &&
  base?.type === 'MemberExpression' &&
  base.object.type === 'MetaProperty';

export const roomRule = {
  meta: {
    type: 'problem',
    docs: { description: 'holds the rooms of the workspace apart' },
    messages: { fault: '{{fault}}' },
    schema: [{ type: 'object' }],
  },
  create(context) {
    const [table] = context.options;
    const check = (source) => {
      if (source?.type !== 'Literal' || typeof source.value !== 'string') return;
      const found = fault(source.value, context.filename, table);
      if (found) context.report({ node: source, messageId: 'fault', data: { fault: found } });
    };
    return {
      ImportDeclaration: (node) => check(node.source),
      ExportNamedDeclaration: (node) => check(node.source),
      ExportAllDeclaration: (node) => check(node.source),
      ImportExpression: (node) => check(node.source),
      TSImportType: (node) => check(node.source ?? node.argument?.literal),
      NewExpression: (node) => isModuleUrl(node) && check(node.arguments[0]),
    };
  },
};
