// The project's own ESLint rules, as the plugin `rooms`.

import { globals } from './globals.js';
import { importOrder } from './import-order.js';
import { packages } from './packages.js';

export default { meta: { name: 'rooms' }, rules: { 'import-order': importOrder, packages, globals } };
