import { fileURLToPath } from 'node:url';
import { bootUml } from '../world/uml.js';
const r = await bootUml({ command: [process.execPath, fileURLToPath(new URL('./inside.js', import.meta.url))], onOutput: (t) => process.stdout.write(t) });
console.log(r.bootMs, r.runMs, r.problem, r.code);
